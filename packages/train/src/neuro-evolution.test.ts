/** Evolution of networks on programs: of weights in a fixed shape, and of the shape. */
import { tanh } from "@thalweg/graph";
import { lambda, linear, type Module, meanSquaredError, sequential } from "@thalweg/nn";
import { evolve, type Genome, minimizeAsync, minimizers, networkOf, withOptions } from "@thalweg/optim";
import { afterEach, describe, expect, it } from "vitest";
import { genomeModule, withTrainedWeights } from "./genome-module.ts";
import { lossObjective } from "./objective.ts";
import { ParameterVector, segmentOf } from "./parameter-vector.ts";
import { EvaluationProgram, type Model, TrainingProgram } from "./program.ts";

const open: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const program of open.splice(0)) await program.release();
});

const XOR: readonly (readonly [x: readonly [number, number], y: number])[] = [
  [[0, 0], 0],
  [[0, 1], 1],
  [[1, 0], 1],
  [[1, 1], 0],
];

const regression = (module: Module): Model => ({
  module,
  inputs: (B) => ({ x: { shape: [B, 2], dtype: "float32" }, y: { shape: [B, 1], dtype: "float32" } }),
  measure: (context, { x, y }) => ({ loss: meanSquaredError(module.forward(x!, context), y!) }),
});

/** A program with the four cases of XOR as its batch. */
async function onXor(module: Module) {
  const vector = new ParameterVector(module, { stateSlots: 0 });
  vector.initialize(module, 1);
  const options = { model: regression(module), vector, batchSize: 4 };
  const program = await TrainingProgram.create({ ...options, seed: 0 });
  const evaluation = await EvaluationProgram.create(options);
  open.push(program, evaluation);
  for (const { batch } of [program, evaluation]) {
    (batch.x as Float32Array).set(XOR.flatMap(([x]) => x));
    (batch.y as Float32Array).set(XOR.map(([, y]) => y));
  }
  return { vector, program, evaluation };
}

const meanError = (genome: Genome) => {
  const run = networkOf(genome);
  return XOR.reduce((sum, [x, y]) => sum + (run(x)[0]! - y) ** 2 / 4, 0);
};

describe("weights of a fixed shape", () => {
  const shape = sequential(
    linear(2, 3),
    lambda((x) => tanh(x)),
    linear(3, 1),
  );

  it.each([
    ["cma-es", {}, 4000],
    ["snes", { population: 30 }, 12_000],
  ])("%s trains a network for XOR without a gradient", async (name, values, budget) => {
    const { vector, program } = await onXor(shape);
    const objective = lossObjective({ program, vector });
    const method = withOptions(minimizers[name]!, { sigma: 1, ...values });
    const found = await minimizeAsync(method, objective, vector.parameters, {
      budget,
      target: 0.01,
      seed: 2,
    });
    expect(found.reason).toBe("target reached");
    vector.parameters.set(found.point);
    expect(await program.run(0)).toBeCloseTo(found.value, 6);
  });
});

describe("genomeModule()", () => {
  /** Inputs 0 and 1, bias 2, output 3, hidden 4, 5 and 6, of which nothing leads to 6. */
  const genome: Genome = {
    ...{ inputs: 2, outputs: 1, hidden: [4, 5, 6] },
    connections: [
      { innovation: 0, from: 0, to: 3, weight: 0.5, enabled: true },
      { innovation: 1, from: 1, to: 3, weight: 9, enabled: false },
      { innovation: 2, from: 2, to: 5, weight: -0.3, enabled: true },
      { innovation: 3, from: 1, to: 5, weight: 0.7, enabled: true },
      { innovation: 4, from: 5, to: 4, weight: 0.9, enabled: true },
      { innovation: 5, from: 4, to: 3, weight: -0.4, enabled: true },
      { innovation: 6, from: 6, to: 3, weight: 0.8, enabled: true },
    ],
  };

  it("has one parameter per node that something leads to, and the genome's weights in it", () => {
    const module = genomeModule(genome);
    expect(module.parameters.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["node.5.weight", 2, 1],
      ["node.4.weight", 1, 1],
      ["node.3.weight", 3, 1],
    ]);
    const vector = new ParameterVector(module, { stateSlots: 0 });
    vector.initialize(module, 0);
    [-0.3, 0.7, 0.9, 0.5, -0.4, 0.8].forEach((one, i) => {
      expect(vector.parameters[i]).toBeCloseTo(one, 6);
    });
  });

  it("gives on a program what networkOf() gives", async () => {
    const { evaluation } = await onXor(genomeModule(genome));
    expect((await evaluation.run()).loss).toBeCloseTo(meanError(genome), 6);
  });

  it("takes a network that evolution found for XOR, and gradients bring it further", async () => {
    const { genome: evolved, value } = evolve({ inputs: 2, outputs: 1, seed: 1 }, meanError, {
      target: 0.05,
      budget: 20_000,
    });
    const { vector, program, evaluation } = await onXor(genomeModule(evolved));
    expect((await evaluation.run()).loss).toBeCloseTo(value, 6);

    const objective = lossObjective({ program, vector });
    const trained = await minimizeAsync(minimizers.lbfgs!, objective, vector.parameters, { budget: 200 });
    expect(trained.value).toBeLessThan(value / 10);
    vector.parameters.set(trained.point);
    const named = (name: string) =>
      segmentOf(vector.parameters, vector.segments.find((one) => one.name === name)!);
    expect(meanError(withTrainedWeights(evolved, named))).toBeCloseTo(trained.value, 5);
  });

  it("refuses an input of another width", async () => {
    const wrong = {
      ...regression(genomeModule(genome)),
      inputs: (B: number) => ({
        x: { shape: [B, 3], dtype: "float32" as const },
        y: { shape: [B, 1], dtype: "float32" as const },
      }),
    };
    const vector = new ParameterVector(wrong.module, { stateSlots: 0 });
    await expect(EvaluationProgram.create({ model: wrong, vector, batchSize: 4 })).rejects.toThrow(
      /its input must be \[B, 2\]: got \[4, 3\]/,
    );
  });
});
