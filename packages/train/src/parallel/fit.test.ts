/** The training loop on ranks, here tasks of one process: in step, with one writer, and stopped by any of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, loadDataset } from "@thalweg/data";
import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { adamw, Optimizer, parseSchedule, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { afterAll, describe, expect, test } from "vitest";
import { type FitOptions, type FitResult, fit } from "../fit.ts";
import { ParameterVector } from "../parameter-vector.ts";
import { type Batch, classifier, TrainingProgram } from "../program.ts";
import { createRun, followRun, openRun, readRun } from "../run-folder.ts";
import { alone, type Communicator } from "./communicator.ts";
import { PartedProgram } from "./parted-program.ts";
import { ShardedOptimizer } from "./sharded-optimizer.ts";
import { together } from "./testing/together.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-fit-ranks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const digits = await loadDataset("digits");
const model = classifier(sequential(flatten(), linear(64, 16), relu(), linear(16, 10)), [1, 8, 8]);
const BATCH = 24;

interface Setting {
  sharded?: boolean;
  options?: Partial<FitOptions>;
  /** What a rank measures by itself: the loop goes by rank 0. */
  evaluate?(rank: number): number;
  /** Told of each step of each rank. */
  onStep?(step: number, rank: number): void;
}

async function train(communicator: Communicator, folder: string, setting: Setting) {
  const { sharded = false, options = {}, evaluate = (rank) => rank, onStep } = setting;
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(adamw) });
  vector.initialize(model.module, 1);
  const { segments, parameters, gradients, memory } = vector;
  const common = { segments, parameters, gradients, backend: wasmBackend(memory), rule: adamw };
  const parts = communicator.size;
  const program = await TrainingProgram.create({ model, vector, batchSize: BATCH / parts, seed: 1, parts });
  const batches = new Batches(digits.train, { batchSize: BATCH, seed: 1, normalization: digits, parts });
  const fill = (step: number, { x, labels }: Batch, part: number) => {
    onStep?.(step, communicator.rank);
    batches.fill(step, x as Float32Array, labels as Int32Array, part);
  };
  const exists = readRun(folder) !== undefined;
  await communicator.barrier();
  const own = communicator.rank > 0 ? undefined : exists ? openRun(folder) : createRun(folder, {});
  await communicator.barrier();
  const result = await fit({
    vector,
    communicator,
    program: new PartedProgram({ program, vector, communicator, fill }),
    optimizer: sharded ? new ShardedOptimizer({ ...common, communicator }) : new Optimizer(common),
    run: own ?? followRun(folder),
    fill: () => {},
    steps: 30,
    evaluateEvery: 10,
    evaluate: async () => ({ rank: evaluate(communicator.rank) }),
    ...options,
  });
  await program.release();
  return { result, parameters: parameters.slice() };
}

const onRanks = (ranks: number, folder: string, setting: Setting = {}) =>
  Promise.all(together(ranks).map((one) => train(one, join(root, folder), setting)));

/** Everything but the clock. */
const timeless = ({ seconds: _, evaluations, ...rest }: FitResult) => ({
  ...rest,
  evaluations: evaluations.map(({ seconds: __, ...evaluation }) => evaluation),
});

describe("fit() on ranks", () => {
  test("gives all ranks the same result and parameters, those of one process to rounding", async () => {
    const one = await train(alone, join(root, "one"), {});
    const [first, second, third] = await onRanks(3, "three");
    for (const other of [second!, third!]) {
      expect(timeless(other.result)).toEqual(timeless(first!.result));
      expect(other.parameters).toEqual(first!.parameters);
    }
    expect(first!.result.evaluations.map(({ rank }) => rank)).toEqual([0, 0, 0, 0]);
    const gap = Math.hypot(...first!.parameters.map((value, i) => value - one.parameters[i]!));
    expect(gap / Math.hypot(...one.parameters)).toBeLessThan(1e-6);
    expect(readRun(join(root, "three"))!.lines.map(({ step }) => step)).toEqual([0, 10, 20, 30]);
  });

  test("stops on all when one is told to, and goes on to the same bits, whole or divided", async () => {
    const [undisturbed] = await onRanks(2, "undisturbed");
    for (const sharded of [false, true]) {
      const folder = `stopped ${sharded}`;
      const stops = [new AbortController(), new AbortController()];
      const stopped = await Promise.all(
        together(2).map((one) =>
          train(one, join(root, folder), {
            sharded,
            options: { signal: stops[one.rank]!.signal },
            onStep: (step, rank) => {
              if (step === 14 && rank === 1) stops[1]!.abort(); // rank 0 hears nothing
            },
          }),
        ),
      );
      for (const { result } of stopped) expect(result).toMatchObject({ end: "interrupted", step: 15 });
      const [resumed] = await onRanks(2, folder, { sharded: !sharded }); // the checkpoint is the same for both
      expect(resumed!.parameters).toEqual(undisturbed!.parameters);
      expect(timeless(resumed!.result)).toEqual(timeless(undisturbed!.result));
    }
  });

  test("lets a plateau learn the same on all ranks", async () => {
    const schedules = { lr: parseSchedule("plateau(patience=0, gamma=0.5)", 30) };
    let falling = 0; // what rank 1 measures gets better, and what rank 0 measures does not
    const evaluate = (rank: number) => (rank === 0 ? 1 : -falling++);
    const all = await onRanks(2, "plateau", { evaluate, options: { schedules, watch: "rank" } });
    const [constant] = await onRanks(2, "constant");
    expect(all[1]!.parameters).toEqual(all[0]!.parameters);
    expect(all[0]!.parameters).not.toEqual(constant!.parameters);
  });
});
