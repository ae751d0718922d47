/** Training with a changing batch size, on the digits that ship with the package. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, type Dataset, loadDataset, VaryingBatches } from "@thalweg/data";
import { dropout, flatten, linear, relu, sequential } from "@thalweg/nn";
import { adamw, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { beforeAll, describe, expect, it } from "vitest";
import { parseBatchSchedule } from "./batch-size-spec.ts";
import { fit } from "./fit.ts";
import { ParameterVector } from "./parameter-vector.ts";
import { type Batch, classifier, TrainingProgram } from "./program.ts";
import { createRun, openRun } from "./run-folder.ts";
import { VaryingProgram } from "./varying-program.ts";

let digits: Dataset;
beforeAll(async () => {
  digits = await loadDataset("digits");
});

const model = classifier(
  sequential(flatten(), linear(64, 32), relu(), dropout(0.2), linear(32, 10)),
  [1, 8, 8],
);

function prepare() {
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(adamw) });
  vector.initialize(model.module, 1);
  const { segments, parameters, gradients } = vector;
  const backend = wasmBackend(vector.memory);
  return { vector, optimizer: new Optimizer({ backend, segments, parameters, gradients, rule: adamw }) };
}

const put =
  (batches: { fill(step: number, x: Float32Array, labels: Int32Array): void }) =>
  (step: number, { x, labels }: Batch) =>
    batches.fill(step, x as Float32Array, labels as Int32Array);

function varying(spec: string, vector: ParameterVector, keep?: number) {
  const { stages, batchSize } = parseBatchSchedule(spec);
  const fill = put(new VaryingBatches(digits.train, { stages, seed: 1, normalization: digits }));
  return new VaryingProgram({
    model,
    vector,
    seed: 1,
    batchSize,
    fill,
    ...(keep === undefined ? {} : { keep }),
  });
}

const SETTINGS = { steps: 90, evaluateEvery: 30, evaluate: async () => ({}) };

describe("VaryingProgram", () => {
  it("with a constant schedule trains to the same bits as a fixed batch size", async () => {
    const fixed = prepare();
    const program = await TrainingProgram.create({ model, vector: fixed.vector, batchSize: 32, seed: 1 });
    const fill = put(new Batches(digits.train, { batchSize: 32, seed: 1, normalization: digits }));
    const expected = await fit({ ...SETTINGS, ...fixed, program, fill });

    const other = prepare();
    const changing = varying("constant(32)", other.vector);
    const result = await fit({ ...SETTINGS, ...other, program: changing, fill: () => {} });
    expect(result.evaluations.map(({ trainLoss }) => trainLoss)).toEqual(
      expected.evaluations.map(({ trainLoss }) => trainLoss),
    );
    expect(new Uint32Array(other.vector.parameters.slice().buffer)).toEqual(
      new Uint32Array(fixed.vector.parameters.slice().buffer),
    );
    await Promise.all([program.release(), changing.release()]);
  });

  it("ramps inside fit, with a program per size, and repeats itself whatever it keeps", async () => {
    const train = async (keep: number) => {
      const { vector, optimizer } = prepare();
      const program = varying("ramp(8, 40, examples=1000, increment=8)", vector, keep);
      const { end, evaluations } = await fit({ ...SETTINGS, vector, optimizer, program, fill: () => {} });
      const { sizes } = program;
      await program.release();
      return {
        end,
        sizes,
        losses: evaluations.map(({ trainLoss }) => trainLoss),
        parameters: vector.parameters.slice(),
      };
    };
    const { sizes, ...all } = await train(9);
    expect(all.end).toBe("finished");
    expect(all.losses.at(-1)).toBeLessThan(all.losses[1]! * 0.8);
    expect(sizes).toEqual([8, 16, 24, 32, 40]);
    const { sizes: kept, ...few } = await train(1);
    expect(kept).toEqual([40]);
    expect(few).toEqual(all);
  });

  it("continues a ramp bit for bit after it was stopped in its midst", async () => {
    const ramp = (vector: ParameterVector) => varying("ramp(8, 40, examples=1000, increment=8)", vector);
    const whole = prepare();
    const expected = await fit({ ...SETTINGS, ...whole, program: ramp(whole.vector), fill: () => {} });

    const folder = mkdtempSync(join(tmpdir(), "thalweg-ramp-"));
    const first = prepare();
    const stop = new AbortController();
    const fill = (step: number) => {
      if (step === 47) stop.abort();
    };
    const run = createRun(folder, { test: "ramp" });
    const stopped = await fit({
      ...SETTINGS,
      ...first,
      program: ramp(first.vector),
      fill,
      run,
      signal: stop.signal,
    });
    expect(stopped).toMatchObject({ end: "interrupted", step: 48 });
    const second = prepare();
    const resumed = await fit({
      ...SETTINGS,
      ...second,
      program: ramp(second.vector),
      fill: () => {},
      run: openRun(folder),
    });
    rmSync(folder, { recursive: true });
    expect(resumed.evaluations.map(({ trainLoss }) => trainLoss)).toEqual(
      expected.evaluations.map(({ trainLoss }) => trainLoss),
    );
    expect(second.vector.parameters).toEqual(whole.vector.parameters);
  });

  it("refuses to keep no program", () => {
    expect(() => varying("constant(8)", prepare().vector, 0)).toThrow(
      "keep must be a whole number, at least 1",
    );
  });
});
