/** What PyTorch's fixtures cannot show: names, seeds, dropout's noise, errors, and counting right answers. */
import { evaluate, Graph, gradients, reduceSum } from "@thalweg/graph";
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import {
  batchNorm,
  conv2d,
  countCorrect,
  crossEntropy,
  dropout,
  embedding,
  huber,
  initializeBuffers,
  initializeParameters,
  klDivergence,
  linear,
  meanSquaredError,
  multiHeadAttention,
  normalNoise,
  relu,
  requireLabels,
  sequential,
  smoothL1,
  tracing,
} from "./index.ts";

describe("sequential()", () => {
  const model = sequential(linear(4, 3), relu(), sequential(batchNorm(3), linear(3, 2)));

  test("names parameters and buffers as torch does", () => {
    expect(model.parameters.map((p) => [p.name, p.shape, p.kind])).toEqual([
      ["0.weight", [3, 4], "weight"],
      ["0.bias", [3], "bias"],
      ["2.0.weight", [3], "scale"],
      ["2.0.bias", [3], "bias"],
      ["2.1.weight", [2, 3], "weight"],
      ["2.1.bias", [2], "bias"],
    ]);
    expect(model.buffers.map((b) => b.name)).toEqual(["2.0.running_mean", "2.0.running_var"]);
  });

  test("names the graph's nodes by the place of their layer", () => {
    const context = tracing(model, { training: false });
    expect(model.forward(context.graph.input("x", [5, 4]), context).name).toBe("2/1/Gemm");
  });
});

describe("initializeParameters()", () => {
  test("draws the same values for the same seed, others for another, and others for each parameter", () => {
    const model = sequential(linear(4, 4), linear(4, 4));
    const [a, b, c] = [1, 1, 2].map((seed) => initializeParameters(model, seed));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(a!.get("0.weight")).not.toEqual(a!.get("1.weight"));
    expect(a!.get("0.bias")!.every((v) => Math.abs(v) <= 0.5 && v !== 0)).toBe(true);
  });

  test("initializeBuffers() starts running means at 0 and variances at 1", () => {
    expect(initializeBuffers(batchNorm(2))).toEqual(
      new Map([
        ["running_mean", Float32Array.of(0, 0)],
        ["running_var", Float32Array.of(1, 1)],
      ]),
    );
  });
});

describe("dropout()", () => {
  test("drops where the noise is below p, and scales the rest by 1/(1 − p)", () => {
    const layer = dropout(0.75);
    const context = tracing(layer, { training: true });
    const y = layer.forward(context.graph.input("x", [4]), context);
    const noise = [0, 0.74, 0.75, 0.99];
    expect(Array.from(evaluate([y], { x: [1, 2, 3, 4], noise })[0]!)).toEqual([0, 0, 12, 16]);
  });

  test("is the identity when not training, or with p = 0", () => {
    for (const [p, training] of [
      [0.5, false],
      [0, true],
    ] as const) {
      const layer = dropout(p);
      const context = tracing(layer, { training });
      const x = context.graph.input("x", [4]);
      expect(layer.forward(x, context)).toBe(x);
    }
  });

  test("two dropouts in one model ask for two noises", () => {
    const model = sequential(dropout(0.5), dropout(0.5));
    const context = tracing(model, { training: true });
    model.forward(context.graph.input("x", [4]), context);
    expect([...context.noises.keys()]).toEqual(["0.noise", "1.noise"]);
  });
});

describe("embedding()", () => {
  test("reads rows of its table, one for each index", () => {
    const layer = embedding(3, 2);
    const context = tracing(layer, { training: true });
    const y = layer.forward(context.graph.input("x", [2, 2], "int32"), context);
    expect(y.shape).toEqual([2, 2, 2]);
    const [rows] = evaluate([y], { x: [2, 0, 1, 2], weight: [1, 2, 3, 4, 5, 6] });
    expect(Array.from(rows!)).toEqual([5, 6, 1, 2, 3, 4, 5, 6]);
  });

  test("starts the padding's row at zero, the others at normal numbers, and learns only those", () => {
    const layer = embedding(3, 2, { padding: 1 });
    const weight = initializeParameters(layer, 1).get("weight")!;
    expect(Array.from(weight, (v) => v === 0)).toEqual([false, false, true, true, false, false]);

    const context = tracing(layer, { training: true });
    const y = layer.forward(context.graph.input("x", [4], "int32"), context);
    const [slopes] = gradients(reduceSum(y), [context.parameter("weight")]);
    // row 0 is read twice, row 2 once, and the padding's gradient is dropped
    const [found] = evaluate([slopes!], { x: [0, 1, 2, 0], weight });
    expect(Array.from(found!)).toEqual([2, 2, 0, 0, 1, 1]);
    expect(() => embedding(3, 2, { padding: 3 })).toThrow(/padding must be an index in \[0, 3\)/);
  });
});

describe("multiHeadAttention()", () => {
  test("drops attention weights while training, by a noise of their shape", () => {
    const layer = multiHeadAttention(4, 2, { dropout: 0.5 });
    const context = tracing(layer, { training: true });
    layer.forward(context.graph.input("x", [3, 5, 4]), context);
    expect([...context.noises].map(([name, { shape }]) => [name, shape])).toEqual([["noise", [3, 2, 5, 5]]]);
  });

  test("does not see keys whose mask is −∞", () => {
    // one head of one value, all projections the identity: with equal scores the output is the mean of the values that are seen
    const layer = multiHeadAttention(1, 1, { bias: false });
    const context = tracing(layer, { training: false });
    const { graph } = context;
    const query = graph.input("query", [1, 1, 1]);
    const key = graph.input("key", [1, 3, 1]);
    const mask = graph.input("mask", [1, 3]);
    const y = layer.forward({ query, key, value: key, mask }, context);
    const feeds = { query: [0], key: [1, 5, 100], mask: [0, 0, Number.NEGATIVE_INFINITY] };
    const weights = { in_proj_weight: [1, 1, 1], "out_proj.weight": [1] };
    expect(evaluate([y], { ...feeds, ...weights })[0]![0]).toBeCloseTo(3, 12);
  });

  test("refuses heads that do not divide the width", () => {
    expect(() => multiHeadAttention(6, 4)).toThrow(
      "Cannot build multiHeadAttention as heads must divide the width: 4 heads of width 6",
    );
  });
});

describe("normalNoise()", () => {
  test("makes normal numbers of uniform ones", () => {
    const context = tracing(dropout(0), { training: true });
    const z = normalNoise(context, "noise", [20_000]);
    const draws = new Float32Array(40_000);
    stream(3, "test").fillUniform(draws);
    const [values] = evaluate([z], { noise: draws });
    const mean = (f: (v: number) => number) => values!.reduce((sum, v) => sum + f(v), 0) / 20_000;
    // moments 0, 1, 0, 3 of n = 20 000 draws: their standard errors are √(1, 2, 15, 96) / √n; four are allowed
    for (const [power, moment, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      expect(Math.abs(mean((v) => v ** power) - moment)).toBeLessThan(4 * Math.sqrt(variance / 20_000));
    }
    // u = 0 and the largest u below 1: finite both
    expect(
      evaluate([normalNoise(tracing(dropout(0), { training: true }), "n", [2])], {
        n: [0, 1 - 2 ** -24, 0, 0],
      })[0],
    ).toEqual(Float64Array.of(-0, Math.sqrt(48 * Math.LN2)));
  });
});

describe("losses", () => {
  test("requireLabels() names the first label that is no class", () => {
    expect(() => requireLabels([0, 2, 1], 3)).not.toThrow();
    expect(() => requireLabels([0, -100, 1], 3, -100)).not.toThrow();
    expect(() => requireLabels([0, 3, 7], 3)).toThrow(
      "Cannot use labels as each must be a whole number in [0, 3): label 1 is 3; build the model with more classes, or correct the data",
    );
    expect(() => requireLabels([0, -1], 3)).toThrow(/label 1 is -1/);
    expect(() => requireLabels([0.5], 3)).toThrow(/label 0 is 0.5/);
    expect(() => requireLabels([Number.NaN], 3)).toThrow(/label 0 is NaN/);
  });

  test("options out of range are refused, NaN too", () => {
    const graph = new Graph();
    const [z, labels] = [graph.input("z", [2, 4]), graph.input("labels", [2], "int32")];
    expect(() => crossEntropy(z, labels, { labelSmoothing: Number.NaN })).toThrow(
      /labelSmoothing must be in \[0, 1\]/,
    );
    expect(() => huber(z, z, 0)).toThrow("Cannot compute huber as delta must be above 0: current value is 0");
    expect(() => smoothL1(z, z, Number.NaN)).toThrow(/beta must be above 0/);
  });

  test("klDivergence() of a distribution with itself is 0, with the uniform one ln C − entropy", () => {
    const graph = new Graph();
    const divergence = klDivergence(graph.input("logq", [1, 4]), graph.input("p", [1, 4]));
    const of = (q: number[], p: number[]) => evaluate([divergence], { logq: q.map(Math.log), p })[0]![0];
    expect(of([0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4])).toBeCloseTo(0, 15);
    // p = (½, ½, 0, 0) has entropy ln 2, so ln 4 − ln 2 = ln 2
    expect(of([0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0])).toBeCloseTo(Math.LN2, 14);
  });

  test("crossEntropy() of equal logits is ln C", () => {
    const graph = new Graph();
    const loss = crossEntropy(graph.input("z", [2, 4]), graph.input("labels", [2], "int32"));
    expect(evaluate([loss], { z: [0, 0, 0, 0, 7, 7, 7, 7], labels: [1, 3] })[0]![0]).toBeCloseTo(
      Math.log(4),
      14,
    );
  });

  test("countCorrect() counts rows whose largest logit stands at the label; ties go to the lower class", () => {
    const graph = new Graph();
    const count = countCorrect(graph.input("z", [4, 3]), graph.input("labels", [4], "int32"));
    const z = [1, 5, 2, 9, 0, 0, 3, 3, 1, 0, 2, 1];
    expect(evaluate([count], { z, labels: [1, 2, 0, 1] })[0]![0]).toBe(3);
  });

  test("losses show the shapes that do not fit", () => {
    const graph = new Graph();
    const logits = graph.input("logits", [2, 3]);
    expect(() => crossEntropy(logits, graph.input("labels", [2]))).toThrow(
      "Cannot compute the cross-entropy of logits float32 [2, 3] and labels float32 [2] as it needs logits [B, C] and int32 labels [B], or [B, T, C] and [B, T]: reshape or cast them",
    );
    expect(() => meanSquaredError(logits, graph.input("target", [3]))).toThrow(/their shapes must agree/);
  });
});

describe("errors of layers", () => {
  test("sizes, probabilities and groups out of range are refused, NaN too", () => {
    expect(() => linear(4, 0)).toThrow(
      "Cannot build linear as outputs must be a whole number, 1 or more: current value is 0",
    );
    expect(() => conv2d(3, Number.NaN, 3)).toThrow(/outputs must be a whole number/);
    expect(() => conv2d(3, 4, 3, { groups: 2 })).toThrow(
      /groups must divide inputs and outputs: 2 groups of 3 inputs/,
    );
    expect(() => dropout(1)).toThrow("Cannot build dropout as p must be in [0, 1): current value is 1");
    expect(() => dropout(Number.NaN)).toThrow(RangeError);
    expect(() => batchNorm(2, { eps: Number.NaN })).toThrow(/eps must be above 0/);
  });

  test("batchNorm cannot be trained on a single value per channel", () => {
    const layer = batchNorm(2);
    const context = tracing(layer, { training: true });
    expect(() => layer.forward(context.graph.input("x", [1, 2]), context)).toThrow(/use a larger batch/);
  });

  test("a context names the parameters that a module declares", () => {
    const context = tracing(linear(2, 2), { training: true });
    expect(() => context.parameter("wait")).toThrow(
      "Cannot find parameter wait as the module declares no such parameter: it declares weight, bias",
    );
  });
});
