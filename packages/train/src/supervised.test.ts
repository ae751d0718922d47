import { evaluate, Graph, type Tensor } from "@thalweg/graph";
import { type Context, identity, linear, tracing } from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { ParameterVector } from "./parameter-vector.ts";
import { TrainingProgram } from "./program.ts";
import { supervised } from "./supervised.ts";

/** The measures of a model whose module gives x back, on a batch of two. */
function measured(form: Parameters<typeof supervised>[1], x: number[], labels: number[]) {
  const model = supervised(identity(), form);
  const context: Context = tracing(model.module, { training: false, graph: new Graph() });
  const batch: Record<string, Tensor> = {};
  for (const [name, { shape, dtype }] of Object.entries(model.inputs(2))) {
    batch[name] = context.graph.input(name, shape, dtype);
  }
  const { loss, counts } = model.measure(context, batch);
  const outputs = [loss, ...(counts ? [counts.accuracy!] : [])];
  return evaluate(outputs, { x, labels }).map(([value]) => value);
}

describe("supervised()", () => {
  test("takes the cross-entropy at every place of a sequence, and counts places by their share", () => {
    const form = {
      example: { shape: [3, 2], dtype: "float32" },
      labelShape: [3],
      labels: "classes",
    } as const;
    // logits (0, 0) have ln 2; (ln 3, 0) at class 0 has −ln 3/4; its place is the only one that is not right
    const x = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Math.log(3), 0];
    const [loss, right] = measured(form, x, [0, 0, 0, 0, 0, 1]);
    expect(loss).toBeCloseTo((5 * Math.log(2) + Math.log(4)) / 6, 12);
    expect(right).toBeCloseTo(5 / 3, 12); // of two examples: 5 of 6 places
  });

  test("takes the squared error of values, without an accuracy", () => {
    const form = { example: { shape: [2], dtype: "float32" }, labelShape: [2], labels: "values" } as const;
    expect(measured(form, [1, 2, 3, 4], [1, 0, 3, 1])).toEqual([(0 + 4 + 0 + 9) / 4]);
  });

  test("feeds tokens as whole numbers", () => {
    const tokens = { example: { shape: [5], dtype: "int32" }, labelShape: [5], labels: "classes" } as const;
    expect(supervised(identity(), tokens).inputs(3)).toEqual({
      x: { shape: [3, 5], dtype: "int32" },
      labels: { shape: [3, 5], dtype: "int32" },
    });
  });

  test("samples labels at every place of a sequence", () => {
    const form = {
      example: { shape: [3, 2], dtype: "float32" },
      labelShape: [3],
      labels: "classes",
    } as const;
    const { sampledLoss } = supervised(identity(), form);
    const context: Context = tracing(identity(), { training: true, graph: new Graph() });
    const x = context.graph.input("x", [2, 3, 2]);
    const loss = sampledLoss!(context, { x }, (shape) => context.graph.input("u", shape));
    // the third place of the first sequence has logits (ln 3, 0): with even noise its label is 0, and with u = ¾⁹⁹ ≈ 4e-13 for it, 1
    const values = [0, 0, 0, 0, Math.log(3), 0, 0, 0, 0, 0, 0, 0];
    const even = new Array<number>(12).fill(0.5);
    const uneven = even.with(4, 0.75 ** 99);
    const rest = 5 * Math.log(2);
    expect(evaluate([loss], { x: values, u: even })[0]![0]).toBeCloseTo((rest + Math.log(4 / 3)) / 6, 12);
    expect(evaluate([loss], { x: values, u: uneven })[0]![0]).toBeCloseTo((rest + Math.log(4)) / 6, 12);
  });

  test("samples values so that squared gradients have the diagonal of Gauss and Newton's matrix as their mean", async () => {
    const form = { example: { shape: [3], dtype: "float32" }, labelShape: [2], labels: "values" } as const;
    const model = supervised(linear(3, 2, { bias: false }), form);
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.initialize(model.module, 1);
    const batchSize = 4;
    const program = await TrainingProgram.create({ model, vector, batchSize, seed: 7, labels: "sampled" });
    const x = [1, 2, 0, -1, 1, 3, 2, 0, 1, 0, -1, 2];
    (program.batch.x as Float32Array).set(x);
    const draws = 4_000;
    const mean = new Float64Array(6);
    for (let step = 0; step < draws; step++) {
      await program.run(step);
      for (let i = 0; i < 6; i++) mean[i]! += (batchSize * vector.gradients[i]! ** 2) / draws;
    }
    await program.release();
    // L = mean of (f − y)² over 4 rows and 2 outputs, so the matrix of weight [o, i] has 2/2 · the mean of x_i² on its diagonal
    const squares = [0, 1, 2].map((i) => [0, 3, 6, 9].reduce((sum, row) => sum + x[row + i]! ** 2 / 4, 0));
    const known = [...squares, ...squares];
    // a χ² with one degree has a deviation of √2 of its mean; five of them, over 4000 draws
    for (const [i, value] of known.entries()) {
      expect(Math.abs(mean[i]! / value - 1)).toBeLessThan(5 * Math.sqrt(2 / draws));
    }
  });
});
