import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, loadDataset } from "@thalweg/data";
import { flatten, linear, sequential } from "@thalweg/nn";
import { momentum, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { afterAll, describe, expect, test } from "vitest";
import { type FitOptions, fit } from "../fit.ts";
import { ParameterVector } from "../parameter-vector.ts";
import { classifier, TrainingProgram } from "../program.ts";
import { createRun, openRun, type RunFolder } from "../run-folder.ts";
import { openTrajectory, TrajectoryRecorder } from "./trajectory.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-trajectory-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A point that says which step it is of. */
function walk(path: string, from: number, to: number, options: { capacity: number; last?: number }) {
  const parameters = new Float32Array(3);
  const recorder = new TrajectoryRecorder({ path, parameters, ...options });
  const move = (step: number) => parameters.fill(step).set([-step], 1);
  move(from);
  recorder.begin(from);
  for (let step = from + 1; step <= to; step++) {
    move(step);
    recorder.afterUpdate(step);
  }
  return openTrajectory(path);
}

describe("TrajectoryRecorder", () => {
  test("keeps every point while there is room", () => {
    const { steps, point, size } = walk(join(root, "few"), 0, 3, { capacity: 4 });
    expect([size, steps]).toEqual([3, [0, 1, 2, 3]]);
    expect([...point(2)]).toEqual([2, -2, 2]);
  });

  test("drops every second when it is full, as often as needed, and never grows beyond its bound", () => {
    // 0…3, full; 0 2 4 6, full; 0 4 8 12, full; 0 8 16; and the last step
    const path = join(root, "thinned");
    const { steps, spacing, point } = walk(path, 0, 19, { capacity: 4, last: 19 });
    expect([steps, spacing]).toEqual([[0, 8, 16, 19], 8]);
    expect(steps.map((_, i) => point(i)[1])).toEqual([-0, -8, -16, -19]);
    expect(statSync(path).size).toBe(16 + 4 * (8 + 4 * 3));
  });

  test("that goes on from a checkpoint ends with the points of an undisturbed one, after a kill in the middle of a point", () => {
    const path = join(root, "resumed");
    walk(path, 0, 13, { capacity: 4, last: 19 });
    appendFileSync(path, new Uint8Array(7));
    const { steps, point } = walk(path, 5, 19, { capacity: 4, last: 19 });
    const undisturbed = openTrajectory(join(root, "thinned"));
    expect(steps).toEqual(undisturbed.steps);
    expect(steps.map((_, i) => [...point(i)])).toEqual(steps.map((_, i) => [...undisturbed.point(i)]));
  });

  test("refuses a file of another model, what is none, and too few points", () => {
    const open = (size: number, name: string, capacity = 4) => {
      new TrajectoryRecorder({ path: join(root, name), parameters: new Float32Array(size), capacity });
    };
    expect(() => open(5, "few")).toThrow(/a model with 5 parameters: it has 3/);
    expect(() => open(5, "new", 2)).toThrow(/at least 4: current value is 2/);
    appendFileSync(join(root, "text"), "a text, not a trajectory");
    expect(() => openTrajectory(join(root, "text"))).toThrow(
      /must begin with THALWTR1: it begins with "a text, "/,
    );
    appendFileSync(join(root, "short"), "THALW");
    expect(() => openTrajectory(join(root, "short"))).toThrow(/must have 16 bytes at 0: it has 5/);
  });
});

describe("fit() with a recorder", () => {
  test("records the start and where each step led, also across an interruption", async () => {
    const digits = await loadDataset("digits");
    const model = classifier(sequential(flatten(), linear(64, 10)), [1, 8, 8]);
    const batches = new Batches(digits.train, { batchSize: 16, seed: 1, normalization: digits });
    const folder = join(root, "run");
    const seen = new Map<number, Float32Array>();
    const train = async (run: RunFolder, stopAt?: number) => {
      const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(momentum) });
      vector.initialize(model.module, 1);
      const { segments, parameters, gradients } = vector;
      const program = await TrainingProgram.create({ model, vector, batchSize: 16, seed: 1 });
      const recorder = new TrajectoryRecorder({ path: join(folder, "course"), parameters, last: 12 });
      const stop = new AbortController();
      const note = (step: number) => {
        seen.set(step, parameters.slice());
        if (step === stopAt) stop.abort();
      };
      const options: FitOptions = {
        vector,
        program,
        optimizer: new Optimizer({
          ...{ segments, parameters, gradients, rule: momentum },
          backend: wasmBackend(vector.memory),
        }),
        run,
        steps: 12,
        evaluateEvery: 6,
        evaluate: async () => ({}),
        fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
        observers: [{ begin: note, afterUpdate: note }, recorder],
        checkpoint: { everySteps: 4 },
        signal: stop.signal,
      };
      await fit(options);
      await program.release();
    };
    await train(createRun(folder, { test: "course" }), 7);
    await train(openRun(folder));
    const { steps, point } = openTrajectory(join(folder, "course"));
    expect(steps).toEqual(Array.from({ length: 13 }, (_, step) => step));
    steps.forEach((step, i) => {
      expect(point(i)).toEqual(seen.get(step));
    });
  });
});
