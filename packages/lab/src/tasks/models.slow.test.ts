/**
 * Losses and gradients of the tasks' models against PyTorch's, at parameters that a formula gives: parameter i of the flat vector is
 * scale · sin(i + 1). See fixtures/task-models.make.py.
 */
import { readFileSync } from "node:fs";
import { type BatchValues, loadDataset } from "@thalweg/data";
import { EvaluationProgram, type Model, ParameterVector, segmentOf, TrainingProgram } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { tasks } from "./index.ts";

interface Facts {
  parameters: number;
  loss: number;
  gradientNorm: number;
  gradientAlongCos: number;
  [count: string]: number;
}
const byTorch = JSON.parse(
  readFileSync(new URL("../../fixtures/task-models.json", import.meta.url), "utf8"),
) as Record<string, Facts>;

const sines = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
const cosines = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.cos(i));
const images = (n: number) => sines(n).map((value) => 0.5 + 0.5 * value);
const firstOf = async (name: string, rows: number) => {
  const { images: x, labels, shape, labelShape = [] } = (await loadDataset(name)).train;
  const size = (of: readonly number[]) => of.reduce((product, extent) => product * extent, rows);
  return { x: [...x.subarray(0, size(shape))], labels: [...labels.subarray(0, size(labelShape))] };
};
const places = Array.from({ length: 6 }, (_, i) => [(7 * i) % 128, (11 * i) % 128]).flat();

interface Case {
  scale: number;
  shape: number[];
  classes?: number;
  batch(): Promise<{ x: ArrayLike<number>; labels: ArrayLike<number> }>;
}

/** Models that draw nothing in training: loss, gradient, and what is counted. */
const PLAIN: Record<string, Case> = {
  "logreg-digits": {
    scale: 0.3,
    shape: [1, 8, 8],
    classes: 10,
    batch: async () => ({ x: images(3 * 64), labels: [3, 1, 4] }),
  },
  "deep-linear": {
    scale: 0.2,
    shape: [32],
    batch: async () => ({ x: sines(6 * 32), labels: cosines(6 * 32) }),
  },
  "spiral-mlp": { scale: 0.3, shape: [2], classes: 2, batch: () => firstOf("spiral", 6) },
  "matrix-factorization": {
    scale: 0.5,
    shape: [2],
    batch: async () => ({ x: places, labels: cosines(6) }),
  },
  "pinn-poisson": { scale: 0.4, shape: [2], batch: () => firstOf("poisson", 6) },
};
/** Models with dropout, or with codes that are drawn: the loss, in their evaluation form. */
const DRAWING: Record<string, Case> = {
  "mnist14-vae": {
    scale: 0.1,
    shape: [1, 14, 14],
    classes: 10,
    batch: async () => ({ x: images(3 * 196), labels: [0, 0, 0] }),
  },
  "deepobs-mnist-vae": {
    scale: 0.05,
    shape: [1, 28, 28],
    classes: 10,
    batch: async () => ({ x: images(3 * 784), labels: [0, 0, 0] }),
  },
  "deepobs-cifar100-allcnnc": {
    scale: 0.05,
    shape: [3, 32, 32],
    classes: 100,
    batch: async () => ({ x: images(3 * 3072), labels: [3, 14, 15] }),
  },
};

/** The model of a task with parameters by the formula. */
function prepared(
  name: string,
  { scale, shape, classes = 0 }: Case,
): { model: Model; vector: ParameterVector } {
  const model = tasks[name]!.model(shape, classes);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  let i = 0;
  for (const segment of vector.segments) {
    const values = segmentOf(vector.parameters, segment);
    for (let k = 0; k < values.length; k++) values[k] = scale * Math.sin(++i);
  }
  return { model, vector };
}

describe("the tasks' models", () => {
  test.each(Object.entries(PLAIN))("%s has PyTorch's loss and gradient", async (name, given) => {
    const { model, vector } = prepared(name, given);
    const { x, labels } = await given.batch();
    const known = byTorch[name]!;
    const batchSize = known.parameters === 650 ? 3 : 6;
    const program = await TrainingProgram.create({ model, vector, batchSize, seed: 0 });
    (program.batch.x as BatchValues).set(x);
    (program.batch.labels as BatchValues).set(labels);
    const loss = await program.run(0);
    const gradient = vector.segments.flatMap((segment) => [...segmentOf(vector.gradients, segment)]);
    await program.release();
    expect(gradient.length).toBe(known.parameters);
    expect(loss / known.loss).toBeCloseTo(1, 5);
    expect(Math.hypot(...gradient) / known.gradientNorm).toBeCloseTo(1, 5);
    const along = gradient.reduce((sum, g, i) => sum + g * Math.cos(i), 0);
    expect(Math.abs(along - known.gradientAlongCos) / known.gradientNorm).toBeLessThan(1e-5);
  });

  test.each([
    ["spiral-mlp", { accuracy: "right" }],
    ["pinn-poisson", { squaredError: "squaredError", squaredValue: "squaredValue" }],
  ])("%s counts what PyTorch counts", async (name, counts) => {
    const given = PLAIN[name]!;
    const { model, vector } = prepared(name, given);
    const { x, labels } = await given.batch();
    const program = await EvaluationProgram.create({ model, vector, batchSize: 6 });
    (program.batch.x as BatchValues).set(x);
    (program.batch.labels as BatchValues).set(labels);
    const measured = await program.run();
    await program.release();
    for (const [ours, theirs] of Object.entries(counts)) {
      expect(measured[ours]! / byTorch[name]![theirs]!).toBeCloseTo(1, 5);
    }
  });

  test.each(Object.entries(DRAWING))("%s has PyTorch's loss in evaluation", async (name, given) => {
    const { model, vector } = prepared(name, given);
    const { x, labels } = await given.batch();
    const program = await EvaluationProgram.create({ model, vector, batchSize: 3 });
    (program.batch.x as BatchValues).set(x);
    (program.batch.labels as BatchValues).set(labels);
    const { loss } = await program.run();
    await program.release();
    expect(vector.segments.reduce((sum, { size }) => sum + size, 0)).toBe(byTorch[name]!.parameters);
    expect(loss / byTorch[name]!.loss).toBeCloseTo(1, 5);
  });
});
