/** What PyTorch's fixtures cannot show: names, seeds, dropout's noise, errors, and counting right answers. */
import { evaluate, Graph } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import {
  batchNorm,
  conv2d,
  countCorrect,
  crossEntropy,
  dropout,
  initializeBuffers,
  initializeParameters,
  linear,
  meanSquaredError,
  relu,
  sequential,
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

describe("losses", () => {
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
