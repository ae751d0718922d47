/** Minimizers that train networks, on the digits that ship with the package. */
import { Batches, type Dataset, loadDataset } from "@thalweg/data";
import { tanh } from "@thalweg/graph";
import { batchNorm, dropout, flatten, lambda, linear, meanSquaredError, sequential } from "@thalweg/nn";
import { minimizeAsync, minimizers, withOptions } from "@thalweg/optim";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { HessianProgram } from "./hessian-product.ts";
import { lossObjective } from "./objective.ts";
import { ParameterVector } from "./parameter-vector.ts";
import { classifier, type Model, TrainingProgram } from "./program.ts";

let digits: Dataset;
const open: { release(): Promise<void> }[] = [];

beforeAll(async () => {
  digits = await loadDataset("digits");
});
afterEach(async () => {
  for (const program of open.splice(0)) await program.release();
});

async function prepare(model: Model, batchSize: number, exact = false) {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 1);
  const options = { model, vector, batchSize, seed: 5 };
  const program = await TrainingProgram.create(options);
  open.push(program);
  const hessian = exact ? await HessianProgram.create({ ...options, batch: program.batch }) : undefined;
  if (hessian !== undefined) open.push(hessian);
  return { vector, program, ...(hessian && { hessian }) };
}

/** Fills a program with the k-th batch of the digits, always in the same order. */
function filler({ batch }: TrainingProgram, batchSize: number) {
  const batches = new Batches(digits.train, { batchSize, normalization: digits, seed: 1 });
  return (k: number) => batches.fill(k, batch.x as Float32Array, batch.labels as Int32Array);
}

const network = () => {
  const bend = lambda((x) => tanh(x));
  return classifier(sequential(flatten(), linear(64, 16), bend, linear(16, 10)), [1, 8, 8]);
};

/** y = w·x on (1, 2) → 3 and (3, −1) → 2: the loss (1/2) Σ (w·x − y)² is least, 0, at w = (1, 1). */
const regression: Model = {
  module: linear(2, 1, { bias: false }),
  inputs: (B) => ({ x: { shape: [B, 2], dtype: "float32" }, y: { shape: [B, 1], dtype: "float32" } }),
  measure: (context, { x, y }) => ({
    loss: meanSquaredError(regression.module.forward(x!, context), y!),
  }),
};

describe("lossObjective()", () => {
  it("has value, gradient and products of a regression by hand, with either kind of product", async () => {
    const { vector, program, hessian } = await prepare(regression, 2, true);
    (program.batch.x as Float32Array).set([1, 2, 3, -1]);
    (program.batch.y as Float32Array).set([3, 2]);
    for (const objective of [
      lossObjective({ program, vector }),
      lossObjective({ program, vector, hessian: hessian! }),
    ]) {
      const into = new Float64Array(2);
      // residuals at (2, 0): −1 and 4; loss (1 + 16)/2, gradient Σ r x = −(1, 2) + 4·(3, −1)
      expect(await objective.value(Float64Array.of(2, 0))).toBe(8.5);
      expect(await objective.gradient!(Float64Array.of(2, 0), into)).toBe(8.5);
      expect([...into]).toEqual([11, -6]);
      await objective.product!(Float64Array.of(2, 0), Float64Array.of(1, 10), into);
      expect(into[0]).toBeCloseTo(0, 2); // H = [[10, −1], [−1, 5]]
      expect(into[1]).toBeCloseTo(49, 2);
    }
  });

  it("solves that regression by Newton's method: one step, to float32", async () => {
    const { vector, program, hessian } = await prepare(regression, 2, true);
    (program.batch.x as Float32Array).set([1, 2, 3, -1]);
    (program.batch.y as Float32Array).set([3, 2]);
    const objective = lossObjective({ program, vector, hessian: hessian! });
    const result = await minimizeAsync(
      withOptions(minimizers["newton-cg"]!, { radius: 100 }),
      objective,
      [2, 0],
      {
        gradientTolerance: 1e-5,
      },
    );
    expect(result.reason).toBe("gradient below tolerance");
    expect(result.point[0]).toBeCloseTo(1, 5);
    expect(result.point[1]).toBeCloseTo(1, 5);
  });

  it.each([
    ["lbfgs", {}, 60, 0.05],
    ["newton-cg", {}, 200, 0.1],
    ["conjugate-gradient", {}, 100, 0.2],
  ])("%s trains a network on a batch of digits", async (name, values, budget, loss) => {
    const { vector, program } = await prepare(network(), 128);
    filler(program, 128)(0);
    const objective = lossObjective({ name: "digits", program, vector });
    const method = withOptions(minimizers[name]!, values);
    const result = await minimizeAsync(method, objective, vector.parameters, { budget });
    expect(result.trace[0]!.value).toBeGreaterThan(2); // ln 10 = 2.3 for guessing
    expect(result.value).toBeLessThan(loss);
    expect(result.spent).toBeLessThanOrEqual(budget);
    // the point is the network: its loss is what was promised
    expect(await objective.value(result.point)).toBe(result.value);
  });

  it("is the mean of its batches, which are components: svrg trains on them", async () => {
    const { vector, program } = await prepare(network(), 64);
    const batches = { count: 8, fill: filler(program, 64) };
    const objective = lossObjective({ program, vector, batches });
    const at = Float64Array.from(vector.parameters);
    const single = new Float64Array(vector.size);
    const mean = new Float64Array(vector.size);
    let value = 0;
    for (let k = 0; k < 8; k++) {
      value += (await objective.components!.gradient([k], at, single)) / 8;
      single.forEach((g, i) => {
        mean[i]! += g / 8;
      });
    }
    const whole = new Float64Array(vector.size);
    expect(await objective.gradient!(at, whole)).toBeCloseTo(value, 10);
    whole.forEach((g, i) => {
      expect(g).toBeCloseTo(mean[i]!, 10);
    });
    const svrg = withOptions(minimizers.svrg!, { lr: 0.2 });
    const result = await minimizeAsync(svrg, objective, at, { budget: 30, seed: 3 });
    expect(result.value).toBeLessThan(result.trace[0]!.value / 3);
  });

  it("gives the same answer for the same θ, with dropout and running means", async () => {
    const module = sequential(flatten(), linear(64, 16), batchNorm(16), dropout(0.3), linear(16, 10));
    const { vector, program } = await prepare(classifier(module, [1, 8, 8]), 32);
    filler(program, 32)(0);
    const objective = lossObjective({ program, vector });
    const buffers = vector.buffers.slice();
    const at = Float64Array.from(vector.parameters);
    const elsewhere = at.map((x) => 2 * x);
    const first = await objective.value(at);
    expect(await objective.value(elsewhere)).not.toBe(first);
    expect(await objective.value(at)).toBe(first);
    expect(vector.buffers).toEqual(buffers);
  });

  it("refuses no batches, and a Hessian program with another batch", async () => {
    const { vector, program } = await prepare(regression, 2);
    const other = await prepare(regression, 2, true);
    expect(() => lossObjective({ program, vector, batches: { count: 0, fill: () => {} } })).toThrow(
      "batches.count must be a whole number >= 1: current value is 0",
    );
    expect(() => lossObjective({ program, vector, hessian: other.hessian! })).toThrow(
      "create it with { batch: program.batch }",
    );
  });
});
