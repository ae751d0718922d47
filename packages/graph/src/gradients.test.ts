/** Whole networks against PyTorch, and what gradients() promises beyond single operators. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { gradients } from "./gradients.ts";
import { ancestors, Graph, type Tensor } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { expectClose } from "./testing/check-operators.ts";
import { runOnnx } from "./testing/onnx-runtime.ts";

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
interface Network {
  readonly inputs: { readonly x: Recorded };
  readonly labels: number[];
  readonly parameters: Readonly<Record<string, Recorded & { readonly grad: number[] }>>;
  readonly loss: number;
}
const recorded = JSON.parse(
  readFileSync(new URL("../fixtures/networks.json", import.meta.url), "utf8"),
) as Readonly<Record<"mlp" | "cnn", Network>>;

type Parameters = (name: string) => Tensor;
const forward: Record<"mlp" | "cnn", (x: Tensor, p: Parameters) => Tensor> = {
  mlp(x, p) {
    const hidden = ops.relu(ops.gemm(x, p("w0"), { transB: 1, addend: p("b0") }));
    return ops.gemm(hidden, p("w1"), { transB: 1, addend: p("b1") });
  },
  cnn(x, p) {
    const first = ops.conv(x, p("w0"), undefined, { padding: 1 });
    const { output } = ops.normalizeBatch(first, { scale: p("scale"), bias: p("bias") });
    const pooled = ops.maxPool(ops.relu(output), 2);
    const second = ops.tanh(ops.conv(pooled, p("w1"), p("b1"), { stride: 2, padding: 1, groups: 2 }));
    const flat = ops.flatten(ops.averagePool(second, 3, { stride: 1 }));
    return ops.gemm(flat, p("w2"), { transB: 1, addend: p("b2") });
  },
};

function crossEntropy(logits: Tensor, labels: readonly number[]): Tensor {
  const [B, C] = logits.shape as [number, number];
  const oneHot = labels.flatMap((label) => Array.from({ length: C }, (_, k) => Number(k === label)));
  const picked = ops.mul(ops.logSoftmax(logits), logits.graph.constant(oneHot, [B, C], logits.dtype));
  return ops.mul(ops.reduceSum(picked), -1 / B);
}

function trace(name: "mlp" | "cnn", dtype: "float32" | "float64") {
  const { inputs, labels, parameters, loss } = recorded[name];
  const graph = new Graph();
  const x = graph.input("x", inputs.x.shape, dtype);
  const names = Object.keys(parameters);
  const params = new Map(names.map((n) => [n, graph.input(n, parameters[n]!.shape, dtype)]));
  const output = crossEntropy(
    forward[name](x, (n) => params.get(n)!),
    labels,
  );
  const wrt = [...params.values()];
  const feeds = Object.fromEntries([["x", inputs.x.data], ...names.map((n) => [n, parameters[n]!.data])]);
  const wanted = [[loss], ...names.map((n) => parameters[n]!.grad)];
  return {
    inputs: [x, ...wrt],
    outputs: [output, ...gradients(output, wrt)],
    feeds,
    wanted,
    names: ["loss", ...names],
  };
}

describe("networks against PyTorch", () => {
  for (const name of ["mlp", "cnn"] as const) {
    test(`${name}: loss and gradients equal PyTorch's in float64`, () => {
      const { outputs, feeds, wanted, names } = trace(name, "float64");
      // both sides round at 1e-16; sums of a few hundred terms leave 1e-13
      evaluate(outputs, feeds).forEach((values, k) => {
        expectClose(values, wanted[k]!, 1e-12, names[k]!);
      });
    });

    test(`${name}: ONNX Runtime gives them in float32`, async () => {
      const { inputs, outputs, feeds, wanted, names } = trace(name, "float32");
      for (const [k, values] of (await runOnnx(inputs, outputs, feeds)).entries()) {
        expectClose(values, wanted[k]!, 2e-6, names[k]!);
      }
    });
  }
});

describe("gradients()", () => {
  test("gives zeros for a tensor without a path to the output", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const y = graph.input("y", [3]);
    const [, dy] = gradients(ops.reduceSum(x), [x, y]);
    expect(Array.from(evaluate([dy!], {})[0]!)).toEqual([0, 0, 0]);
  });

  test("takes dL/d(output) as a seed", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const [dx] = gradients(ops.mul(x, x), [x], graph.constant([10, 100]));
    expect(Array.from(evaluate([dx!], { x: [3, 4] })[0]!)).toEqual([60, 800]); // 2x · seed
  });

  test("differentiates with respect to tensors in the middle of the graph", () => {
    const graph = new Graph();
    const x = graph.input("x", []);
    const middle = ops.mul(x, x);
    const [dx, dMiddle] = gradients(ops.mul(middle, middle), [x, middle]);
    expect(evaluate([dx!, dMiddle!], { x: [2] }).map((v) => v[0])).toEqual([32, 8]); // 4x³ and 2x²
  });

  test("differentiates again and again: x⁴ has derivatives 4x³, 12x², 24x, 24, 0", () => {
    const x = new Graph().input("x", [], "float64");
    let y = ops.pow(x, 4);
    const values = [4 * 27, 12 * 9, 24 * 3, 24, 0].map((wanted) => {
      y = gradients(y, [x])[0]!;
      return [evaluate([y], { x: [3] })[0]![0], wanted];
    });
    for (const [found, wanted] of values) expect(found).toBeCloseTo(wanted!, 12);
  });

  test("adds no operator for tensors off the path", () => {
    const graph = new Graph();
    const x = graph.input("x", [4, 3]);
    const w = graph.input("w", [3, 2]);
    gradients(ops.reduceSum(ops.matmul(x, w)), [w]);
    const names = Array.from({ length: 20 }, (_, k) => `gradient/MatMul/Gemm${k ? `_${k}` : ""}`);
    const used = names.filter((name) => {
      try {
        graph.input(name, []);
        return false;
      } catch {
        return true;
      }
    });
    expect(used).toEqual(["gradient/MatMul/Gemm"]); // one product, for w alone
  });

  test("of a tensor inside a composition goes through the composition's operators", () => {
    const x = new Graph().input("x", []);
    const output = ops.softplus(x); // relu(x) + ln u + (w − (u − 1)) with u = 1 + w, w = exp(−|x|)
    const u = ancestors([output]).find(
      ({ origin }) => origin.kind === "call" && origin.call.operator.name === "Add",
    );
    const [du] = gradients(output, [u!]);
    // 1/u − 1 = −w/(1 + w), which is −1/(1 + e) at x = 1
    expect(evaluate([du!], { x: [1] })[0]![0]).toBeCloseTo(-1 / (1 + Math.E), 12);
  });

  test("refuses outputs that are no scalar, or no float", () => {
    const x = new Graph().input("x", [2]);
    expect(() => gradients(x, [x])).toThrow(/reduce it to a scalar, or pass dL\/d\(output\) as seed/);
    expect(() => gradients(ops.argMax(x), [x])).toThrow(/only float tensors have derivatives/);
  });
});
