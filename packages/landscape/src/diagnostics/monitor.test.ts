import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, loadDataset } from "@thalweg/data";
import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { momentum, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { classifier, fit, ParameterVector, TrainingProgram } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import { layoutOf } from "../directions/layout.ts";
import { Monitor, readDiagnoses } from "./monitor.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-monitor-"));
afterAll(() => rmSync(root, { recursive: true }));

const model = classifier(sequential(flatten(), linear(64, 12), relu(), linear(12, 10)), [1, 8, 8]);
const B = 8;

/** Train 6 steps; with a path, watched without a limit of time. */
async function train(path?: string) {
  const digits = await loadDataset("digits");
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(momentum) });
  vector.initialize(model.module, 1);
  const { segments, parameters, gradients } = vector;
  const program = await TrainingProgram.create({ model, vector, batchSize: B, seed: 1 });
  const batches = new Batches(digits.train, { batchSize: B, seed: 1, normalization: digits });
  const batch = () => program.batch;
  const monitor =
    path &&
    (await Monitor.create({ model, vector, layout: layoutOf(model), batch, path, budget: 1e6, examples: B }));
  const points: Float32Array[] = [];
  const note = () => void points.push(parameters.slice());
  await fit({
    ...{ vector, program, steps: 6, evaluateEvery: 6 },
    optimizer: new Optimizer({
      ...{ segments, parameters, gradients, rule: momentum },
      hyper: { lr: 0.1 },
      backend: wasmBackend(vector.memory),
    }),
    evaluate: async () => ({}),
    fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
    observers: [{ begin: note, afterUpdate: note }, ...(monitor ? [monitor] : [])],
  });
  await program.release();
  if (monitor) await monitor.release();
  return { points, monitor };
}

describe("Monitor", () => {
  test("measures every step where there is time, and leaves the run as it is, bit for bit", async () => {
    const path = join(root, "diagnostics.jsonl");
    const { points, monitor } = await train(path);
    expect(points).toEqual((await train()).points);
    const lines = readDiagnoses(path);
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const [k, { tensors, examples, overhead }] of lines.entries()) {
      // the mean of single gradients is the batch's: two programs, one of which knows no batch
      const square = Object.values(tensors!.each).reduce((sum, { gradient }) => sum + gradient ** 2, 0);
      const ofExamples = examples!.squaredGradient + examples!.trace / B;
      expect(Math.abs(ofExamples / square - 1)).toBeLessThan(1e-4); // float32
      expect(examples!.examples).toBe(B);
      const moved = Math.hypot(...points[k + 1]!.map((value, i) => value - points[k]![i]!));
      expect(tensors!.update).toBeCloseTo(moved, 5);
      expect(overhead.tensors).toBeGreaterThan(0);
      expect(overhead.examples).toBeGreaterThan(0);
    }
    const alphas = lines.map(({ examples }) => examples!.alpha);
    expect(alphas.every(Number.isFinite)).toBe(true);
    expect(Math.max(...alphas)).toBeGreaterThan(-1); // the loss bends down only at first
    // curvature of the batch: beside dense eigenvalues in the probe's own test
    for (const { curvature, examples } of lines) {
      expect(curvature!.sharpness).toBeGreaterThan(0);
      expect(curvature!.examples).toBe(B);
      expect(curvature!.tic).toBeCloseTo(
        (examples!.trace + examples!.squaredGradient) / (curvature!.trace.value + 1e-7),
        6,
      );
    }
    expect(lines[0]!.curvature!.turned).toBeUndefined();
    // at 1, 2, 3, 4 and 5; then not before 6.25
    expect(lines.flatMap(({ step, tensors }) => (tensors!.joint ? [step] : []))).toEqual([1, 2, 3, 4, 5]);
    const all = lines[0]!.tensors!.joint!.counts.flat().reduce((sum, count) => sum + count, 0);
    expect(all).toBe(64 * 12 + 12 + 12 * 10 + 10);
    expect(lines[0]!.tensors!.since).toBeUndefined();
    expect(lines[1]!.tensors!.since!.distance).toBeCloseTo(lines[1]!.tensors!.update, 5);
    // a run that goes on at step 4, after a kill in the middle of a line
    appendFileSync(path, '{"step":');
    (monitor as Monitor).begin(4);
    expect(readDiagnoses(path).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  });

  test("takes no time that it is not given: a small budget makes it rare", async () => {
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    const settings = { model, vector, layout: layoutOf(model), batch: () => ({}), path: join(root, "rare") };
    await expect(Monitor.create({ ...settings, budget: 0 })).rejects.toThrow(/above 0.*current value is 0/);
    const rare = await Monitor.create({ ...settings, examples: 0, budget: 1e-9 });
    rare.begin(0);
    for (let step = 0; step < 5; step++) {
      rare.beforeStep();
      await rare.beforeUpdate(step);
      await rare.afterUpdate(step + 1, 1);
    }
    expect(readDiagnoses(settings.path).map(({ step }) => step)).toEqual([1]);
  });
});
