/** Products with Jacobians, Hessians and Gauss–Newton matrices: by hand, and against differences of the reference. */
import { describe, expect, test } from "vitest";
import { evaluate, type Feeds } from "../evaluate.ts";
import { gradients, vjp } from "../gradients.ts";
import { ancestors, Graph, type Tensor } from "../graph.ts";
import * as ops from "../ops/index.ts";
import { expectClose } from "../testing/check-operators.ts";
import { checkpoint } from "./checkpoint.ts";
import { gaussNewtonProduct, hessianProduct, jvp } from "./products.ts";

const values = (tensors: readonly Tensor[], feeds: Feeds) =>
  evaluate(tensors, feeds).map((v) => Array.from(v));

/** A fixed sequence without a pattern that a network could share: sines of whole numbers. */
const numbers = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => Math.sin(1 + seed * 101 + i * 7));

/** Convolution, batch normalisation, tanh, pooling, attention-like softmax, a product: in float64, with every input a parameter. */
function network() {
  const graph = new Graph();
  const feeds: Record<string, number[]> = {};
  const input = (name: string, shape: number[], values?: number[]) => {
    const tensor = graph.input(name, shape, "float64");
    feeds[name] = values ?? numbers(tensor.size, Object.keys(feeds).length);
    return tensor;
  };
  const x = input("x", [2, 2, 4, 4]);
  const parameters = [
    input("kernel", [3, 2, 3, 3]),
    input("scale", [3]),
    input("bias", [3]),
    input("w", [12, 3]),
  ] as [Tensor, Tensor, Tensor, Tensor];
  const [kernel, scale, bias, w] = parameters;
  const block = (x: Tensor) => {
    const { output } = ops.normalizeBatch(ops.conv(x, kernel, undefined, { padding: 1, stride: 2 }), {
      scale,
      bias,
    });
    return ops.tanh(output);
  };
  const head = (h: Tensor) => ops.matmul(ops.softmax(ops.flatten(h)), w);
  const squares = (z: Tensor) => ops.reduceSum(ops.mul(ops.mul(z, z), z)); // Σ z³: not the matching loss, so that H ≠ G
  const tangents = parameters.map((p, k) => graph.constant(numbers(p.size, 50 + k), p.shape, "float64"));
  return { x, parameters, block, head, squares, tangents, feeds };
}

/** (f(θ + εv) − f(θ − εv)) / 2ε for every tensor of f. ε = ∛u, as in check-operators.ts. */
function differences(
  outputs: readonly Tensor[],
  parameters: readonly Tensor[],
  tangents: readonly Tensor[],
  feeds: Record<string, number[]>,
): number[][] {
  const epsilon = 2 ** -17.5;
  const vectors = values(tangents, {});
  const at = (step: number) =>
    values(outputs, {
      ...feeds,
      ...Object.fromEntries(
        parameters.map(({ name }, k) => [name, feeds[name]!.map((v, i) => v + step * vectors[k]![i]!)]),
      ),
    });
  const [above, below] = [at(epsilon), at(-epsilon)];
  return above.map((list, k) => list.map((v, i) => (v - below[k]![i]!) / (2 * epsilon)));
}

describe("vjp()", () => {
  test("adds what comes from several outputs: u₁∂(xy) + u₂∂(x + y)", () => {
    const graph = new Graph();
    const [x, y] = [graph.input("x", []), graph.input("y", [])];
    const pulled = vjp([ops.mul(x, y), ops.add(x, y)], [x, y], [graph.constant(10), graph.constant(1)]);
    expect(values(pulled, { x: [2], y: [3] })).toEqual([[31], [21]]);
  });

  test("refuses seeds of another number or shape", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    expect(() => vjp([x], [x], [])).toThrow(
      "Cannot differentiate 1 outputs as each needs a seed: there are 0",
    );
    expect(() => vjp([x], [x], [graph.constant(1)])).toThrow(/the seed must have its shape: seed is \[\]/);
  });
});

describe("jvp()", () => {
  test("by hand: the derivative of (x y, x²) along (1, 10)", () => {
    const graph = new Graph();
    const [x, y] = [graph.input("x", []), graph.input("y", [])];
    const moved = jvp([ops.mul(x, y), ops.mul(x, x)], [x, y], [graph.constant(1), graph.constant(10)]);
    expect(values(moved, { x: [2], y: [3] })).toEqual([[3 + 20], [4]]); // yẋ + xẏ and 2xẋ
  });

  test("of a network equals differences, and rests on no stand-in", () => {
    const { x, parameters, block, head, tangents, feeds } = network();
    const z = head(block(x));
    const moved = jvp([z], parameters, tangents);
    expectClose(values(moved, feeds)[0]!, differences([z], parameters, tangents, feeds)[0]!, 1e-8, "J v");
    expect(ancestors(moved).filter(({ name }) => name.startsWith("Placeholder"))).toEqual([]);
  });

  test("sees through a checkpointed block", () => {
    const { x, parameters, block, head, tangents, feeds } = network();
    const z = head(checkpoint(block, x));
    const moved = jvp([z], parameters, tangents);
    expectClose(values(moved, feeds)[0]!, differences([z], parameters, tangents, feeds)[0]!, 1e-8, "J v");
  });

  test("is zero for outputs that no tangent reaches", () => {
    const graph = new Graph();
    const [x, y] = [graph.input("x", [2]), graph.input("y", [3])];
    expect(values(jvp([ops.exp(y)], [x], [graph.constant([1, 1])]), {})).toEqual([[0, 0, 0]]);
  });
});

describe("hessianProduct()", () => {
  test("by hand: L = x²y has H = [[2y, 2x], [2x, 0]]", () => {
    const graph = new Graph();
    const [x, y] = [graph.input("x", []), graph.input("y", [])];
    const loss = ops.mul(ops.mul(x, x), y);
    const product = hessianProduct(loss, [x, y], [graph.constant(1), graph.constant(10)]);
    expect(values(product, { x: [2], y: [3] })).toEqual([[6 + 40], [4]]);
  });

  for (const marked of [false, true]) {
    test(`of a network equals differences of its gradient${marked ? ", with its block computed again" : ""}`, () => {
      const { x, parameters, block, head, squares, tangents, feeds } = network();
      const loss = squares(head(marked ? checkpoint(block, x) : block(x)));
      const found = values(hessianProduct(loss, parameters, tangents), feeds);
      const wanted = differences(gradients(loss, parameters), parameters, tangents, feeds);
      for (const [k, { name }] of parameters.entries()) expectClose(found[k]!, wanted[k]!, 1e-8, name);
    });
  }
});

describe("gaussNewtonProduct()", () => {
  test("by hand: z = x², L = z³ has J = 2x and H_L = 6z, so G = 24x⁴", () => {
    const x = new Graph().input("x", [], "float64");
    const z = ops.mul(x, x);
    const loss = ops.mul(ops.mul(z, z), z);
    const [product] = gaussNewtonProduct(loss, [z], [x], [x.graph.constant(1, [], "float64")]);
    expect(values([product!], { x: [2] })[0]![0]).toBeCloseTo(24 * 16, 9);
  });

  test("of softmax cross-entropy on a linear model is its Hessian, as the model has no curvature", () => {
    const graph = new Graph();
    const w = graph.input("w", [3, 4], "float64");
    const x = graph.constant(numbers(20, 1), [5, 4], "float64");
    const targets = graph.constant(
      [0, 2, 1, 1, 0].flatMap((label) => [0, 1, 2].map((c) => Number(c === label))),
      [5, 3],
      "float64",
    );
    const v = graph.constant(numbers(12, 2), [3, 4], "float64");
    const z = ops.gemm(x, w, { transB: 1 });
    const loss = ops.mul(ops.reduceSum(ops.mul(ops.logSoftmax(z), targets)), -1 / 5);
    const feeds = { w: numbers(12, 3) };
    const [g] = values(gaussNewtonProduct(loss, [z], [w], [v]), feeds);
    const [h] = values(hessianProduct(loss, [w], [v]), feeds);
    expectClose(g!, h!, 1e-14, "G v");
    expect(Math.max(...g!.map(Math.abs))).toBeGreaterThan(1e-2);
  });

  test("of a network equals Jᵀ H_L J v with every factor from differences", () => {
    const { x, parameters, block, head, squares, tangents, feeds } = network();
    const z = head(block(x));
    const found = values(gaussNewtonProduct(squares(z), [z], parameters, tangents), feeds);
    const moved = differences([z], parameters, tangents, feeds)[0]!;
    const curved = values([z], feeds)[0]!.map((value, i) => 6 * value * moved[i]!); // d²(Σ z³) = 6z
    // gᵀe for each unit tangent e is one element of Jᵀ g
    const seed = z.graph.constant(curved, z.shape, "float64");
    const wanted = values(vjp([z], parameters, [seed]), feeds);
    for (const [k, { name }] of parameters.entries()) expectClose(found[k]!, wanted[k]!, 1e-8, name);
  });
});
