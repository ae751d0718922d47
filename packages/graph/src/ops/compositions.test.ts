/** Random compositions of smooth operators with broadcasting: gradients, and gradients of gradients, equal finite differences. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { gradients } from "../gradients.ts";
import { Graph, type Tensor } from "../graph.ts";
import { compareWithDifferences } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

/** Six operators on top of each other can have a third derivative 10⁶ times the first, by which differences err. */
const STEEP = 1e-4;

/** Shapes that all broadcast together. */
const SHAPES = [[2, 3], [3], [2, 1], [1, 3], []];

const UNARY: readonly ((x: Tensor) => Tensor)[] = [
  ops.tanh,
  ops.sigmoid,
  ops.softplus,
  ops.sin,
  ops.gelu,
  (x) => ops.mul(x, x),
  (x) => ops.sqrt(ops.add(ops.mul(x, x), 1)),
  (x) => ops.reduceMean(x, undefined, true),
  (x) => ops.reduceLogSumExp(x),
  (x) => ops.reduceL2(ops.add(x, 3)),
  (x) => (x.rank > 0 ? ops.softmax(x) : x),
  (x) => (x.rank > 0 ? ops.cumSum(x, -1) : x),
  (x) => (x.rank > 0 ? ops.reduceProd(x, [-1], true) : x),
  (x) => ops.expand(x, [2, 3]),
];
const BINARY: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  ops.add,
  ops.sub,
  ops.mul,
  (a, b) => ops.div(a, ops.add(ops.mul(b, b), 1)),
  (a, b) => ops.pow(ops.add(ops.mul(a, a), 1), ops.tanh(b)),
  (a, b) => ops.sumOf([a, b, a]),
];

/** One step of a composition: an operator applied to what is there already, counted from the latest. */
interface Step {
  readonly operator: number;
  readonly first: number;
  readonly second: number;
}
const step = fc.record({
  operator: fc.nat(UNARY.length + BINARY.length - 1),
  first: fc.nat(3),
  second: fc.nat(3),
});

function compose(inputs: readonly Tensor[], steps: readonly Step[]): Tensor {
  const made = [...inputs];
  for (const { operator, first, second } of steps) {
    const take = (back: number) => made.at(-1 - (back % made.length))!;
    const unary = UNARY[operator];
    made.push(unary ? unary(take(first)) : BINARY[operator - UNARY.length]!(take(first), take(second)));
  }
  return ops.reduceSum(made.at(-1)!);
}

describe("random compositions", () => {
  test("have the gradients, and the gradients of gradients, that finite differences find", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(SHAPES.length - 1), { minLength: 1, maxLength: 3 }),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        (shapes, steps) => {
          const graph = new Graph();
          const inputs = shapes.map((shape, k) => graph.input(`x${k}`, SHAPES[shape]!));
          const feeds = Object.fromEntries(
            inputs.map(({ name, size }, k) => [
              name,
              Float64Array.from({ length: size }, (_, i) => Math.sin(1 + 2.3 * i + k) / 2),
            ]),
          );
          const loss = compose(inputs, steps);
          const slopes = gradients(loss, inputs);
          compareWithDifferences(loss, slopes, inputs, feeds, STEEP);
          const bend = slopes
            .map((g) => ops.reduceSum(ops.mul(g, ops.sin(g))))
            .reduce((a, b) => ops.add(a, b));
          compareWithDifferences(bend, gradients(bend, inputs), inputs, feeds, STEEP);
        },
      ),
      { seed: 11, numRuns: 120 },
    );
  });
});
