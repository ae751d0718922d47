/** Marked blocks: the same gradients, computed from copies that wait for the gradient and that no optimiser merges away. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { ancestors, Graph, type Tensor } from "../graph.ts";
import * as ops from "../ops/index.ts";
import { runOnnx } from "../testing/onnx-runtime.ts";
import { checkpoint, isRecomputed } from "./checkpoint.ts";

const numbers = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => Math.sin(1 + seed * 101 + i * 7));

type Mark = typeof checkpoint;
const unmarked: Mark = (build, ...inputs) => build(...inputs);

/** Two residual blocks of a product, batch statistics and tanh; `mark` marks each. */
function network(mark: Mark) {
  const graph = new Graph();
  const x = graph.input("x", [6, 5]);
  const parameters = ["a", "b", "c", "d"].map((name) => graph.input(name, [5, 5]));
  const block = (first: Tensor, second: Tensor) => (h: Tensor) => {
    const inner = ops.matmul(ops.tanh(ops.matmul(h, first)), second);
    const centred = ops.sub(inner, ops.reduceMean(inner, [0], true));
    return ops.add(h, ops.sigmoid(centred));
  };
  const [a, b, c, d] = parameters as [Tensor, Tensor, Tensor, Tensor];
  const y = mark(block(c, d), mark(block(a, b), x));
  const loss = ops.reduceMean(ops.mul(y, y));
  const feeds = Object.fromEntries([x, ...parameters].map((t, k) => [t.name, numbers(t.size, k)]));
  return { inputs: [x, ...parameters], loss, parameters, feeds, block };
}

describe("checkpoint()", () => {
  test("gives the same gradients, bit for bit, in the reference and in ONNX Runtime", async () => {
    const results = [];
    for (const mark of [unmarked, checkpoint]) {
      const { inputs, loss, parameters, feeds } = network(mark);
      const outputs = [loss, ...gradients(loss, parameters)];
      results.push({ slow: evaluate(outputs, feeds), fast: await runOnnx(inputs, outputs, feeds) });
    }
    expect(results[1]).toEqual(results[0]);
  });

  test("gradients read nothing of the forward pass but what the blocks are given and give", () => {
    const { loss, parameters, inputs } = network(checkpoint);
    const forward = new Set(ancestors([loss]));
    const backward = ancestors(gradients(loss, parameters)).filter((tensor) => !forward.has(tensor));
    const read = new Set(
      backward.flatMap(({ origin }) =>
        origin.kind === "call" ? origin.call.inputs.filter((x) => forward.has(x)) : [],
      ),
    );
    const kept = [...read].filter(({ origin }) => origin.kind === "call").map(({ name }) => name);
    expect(kept.sort()).toEqual(["Add", "Add_1"]); // the outputs of the first and the second block
    expect([...read].filter((x) => inputs.includes(x))).toHaveLength(5);
    expect(backward.filter(isRecomputed).length).toBeGreaterThan(8);
  });

  test("every copy waits for the gradient that comes in", () => {
    const { loss, parameters } = network(checkpoint);
    const copies = ancestors(gradients(loss, parameters)).filter(isRecomputed);
    for (const copy of copies) {
      const waits = ancestors([copy]).some(({ name }) => name.startsWith("gradient/"));
      expect(waits, copy.name).toBe(true);
    }
  });

  test("a gradient of NaN or infinity stays what it is", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const build = (mark: Mark) => {
      const y = mark((h) => ops.exp(ops.mul(h, h)), x);
      return gradients(y, [x], graph.constant([Number.POSITIVE_INFINITY, Number.NaN]))[0]!;
    };
    const [plain, again] = evaluate([build(unmarked), build(checkpoint)], { x: [-0.5, 1] });
    expect(again).toEqual(plain);
    expect(Array.from(plain!)).toEqual([Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  test("what draws numbers of its own is kept, not drawn again", () => {
    const graph = new Graph();
    const x = graph.input("x", [3]);
    const noise = { ...ops.Neg, name: "Noise", distinct: true as const };
    const y = checkpoint((h) => ops.tanh(ops.mul(ops.tanh(graph.apply(noise, [h], {})), h)), x);
    const [dx] = gradients(ops.reduceSum(y), [x]);
    const applied = ancestors([dx!]).flatMap(({ origin }) =>
      origin.kind === "call" ? [origin.call.operator.name] : [],
    );
    expect(applied.filter((name) => name === "Noise")).toHaveLength(1);
  });

  test("a block of several inputs and outputs, integers among them", () => {
    const build = (mark: Mark) => {
      const graph = new Graph();
      const [table, x] = [graph.input("table", [4, 2]), graph.input("x", [3, 2])];
      const indices = graph.input("indices", [3], "int32");
      const block = (table: Tensor, indices: Tensor, x: Tensor) => {
        const h = ops.mul(ops.tanh(ops.gather(table, indices)), x);
        return [ops.exp(h), ops.tanh(h)] as const;
      };
      const [a, b] = mark(
        (...all: Tensor[]) => block(...(all as [Tensor, Tensor, Tensor])),
        table,
        indices,
        x,
      );
      return gradients(ops.reduceSum(ops.add(ops.mul(a, a), b)), [table, x]);
    };
    const feeds = { table: numbers(8, 1), x: numbers(6, 2), indices: [3, 0, 3] };
    expect(evaluate(build(checkpoint), feeds)).toEqual(evaluate(build(unmarked), feeds));
  });

  test("a block within a block belongs to the outer one", () => {
    const { inputs, feeds, block, parameters } = network(unmarked);
    const [x, a, b] = inputs as [Tensor, Tensor, Tensor];
    const plain = block(a, b)(x);
    const nested = checkpoint((h) => ops.mul(checkpoint(block(a, b), h), 2), ops.mul(x, 1.5));
    const wanted = ops.mul(block(a, b)(ops.mul(x, 1.5)), 2);
    expect(wanted).toBe(nested); // equal applications are one, so that the reference must be another graph
    const found = gradients(ops.reduceSum(ops.mul(nested, nested)), parameters.slice(0, 2));
    const other = network(unmarked);
    const [x2, a2, b2] = other.inputs as [Tensor, Tensor, Tensor];
    const y2 = ops.mul(other.block(a2, b2)(ops.mul(x2, 1.5)), 2);
    const reference = gradients(ops.reduceSum(ops.mul(y2, y2)), other.parameters.slice(0, 2));
    expect(evaluate(found, feeds)).toEqual(evaluate(reference, feeds));
    expect(plain.graph.checkpoints).toHaveLength(2);
  });

  test("refuses a block without an input", () => {
    expect(() => checkpoint(() => 1)).toThrow("Cannot mark a block as it must have an input");
  });
});
