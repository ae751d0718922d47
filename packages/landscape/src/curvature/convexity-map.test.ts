/** The map against eigenvalues by hand: L = (ab − 1)² has the Hessian [[2b², 4ab − 2], [4ab − 2, 2a²]]. */
import { mul, sub } from "@thalweg/graph";
import type { Module } from "@thalweg/nn";
import { type Model, ParameterVector } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import { affineFamily } from "../families/affine.ts";
import { ConvexityEvaluator, convexityMap } from "./convexity-map.ts";
import { eigenpairs } from "./eigenpairs.ts";
import { SampledLoss, samplesOf } from "./sampled-loss.ts";
import { exactNetworks, lossOf } from "./testing.ts";

const scalar = (name: string) => ({ name, shape: [], kind: "weight" as const, initialize: () => {} });
const module: Module = { parameters: [scalar("a"), scalar("b")], buffers: [], forward: (x) => x };
const saddle: Model = {
  module,
  inputs: () => ({}),
  measure: (context) => {
    const error = sub(mul(context.parameter("a"), context.parameter("b")), 1);
    return { loss: mul(error, error) };
  },
};
const vector = new ParameterVector(module, { stateSlots: 0 });
const loss = new SampledLoss({ model: saddle, vector, samples: samplesOf({}, 1) });
const network = lossOf(exactNetworks.classifier, 100);
afterAll(async () => {
  await loss.release();
  await network.release();
});

const plane = affineFamily({
  origin: Float32Array.of(0, 0),
  basis: [Float32Array.of(1, 0), Float32Array.of(0, 1)],
  labels: ["a", "b"],
});

function exactly(a: number, b: number): [smallest: number, largest: number] {
  const [p, q, r] = [2 * b * b, 4 * a * b - 2, 2 * a * a];
  const root = Math.hypot((p - r) / 2, q);
  return [(p + r) / 2 - root, (p + r) / 2 + root];
}

describe("convexityMap()", () => {
  test("gives both eigenvalues of every point, x fastest, on a grid that is not square", async () => {
    const grid = [
      { from: -2, to: 2, points: 9 },
      { from: 0, to: 2, points: 5 },
    ] as const;
    const map = await convexityMap(loss, { family: plane, grid });
    expect(map).toMatchObject({ columns: 9, rows: 5 });
    let below = 0;
    for (let row = 0; row < 5; row++) {
      for (let column = 0; column < 9; column++) {
        const [smallest, largest] = exactly(-2 + column / 2, row / 2);
        expect(map.smallest[row * 9 + column]).toBeCloseTo(smallest, 4);
        expect(map.largest[row * 9 + column]).toBeCloseTo(largest, 4);
        if (smallest < -0.01 * Math.max(-smallest, largest)) below++;
      }
    }
    expect(below).toBeGreaterThan(10);
    expect(map.nonConvex).toBe(below / 45);
    expect(Array.from(vector.parameters)).toEqual([0, 0]);
  });

  test("leaves NaN where nothing is finite, and where it was stopped, and counts shares of the rest", async () => {
    const grid = [{ from: -1e30, to: 1e30, points: 3 }] as const;
    const line = affineFamily({
      origin: Float32Array.of(0, 0),
      basis: [Float32Array.of(1, 1)],
      labels: ["both"],
    });
    const map = await convexityMap(loss, { family: line, grid });
    expect(Array.from(map.smallest)).toEqual([Number.NaN, expect.closeTo(-2, 5), Number.NaN]);
    expect(map.nonConvex).toBe(1);
    const stopped = await convexityMap(loss, { family: line, grid, signal: AbortSignal.abort() });
    expect(Array.from(stopped.largest)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  test("of a network has its exact eigenvalues at the centre, from neighbours with fewer products than without", async () => {
    const { parameters } = network.vector;
    const direction = parameters.map((_, i) => Math.sin(i));
    const line = affineFamily({ origin: parameters.slice(), basis: [direction], labels: ["sine"] });
    const grid = [{ from: -0.02, to: 0.02, points: 5 }] as const;
    const map = await convexityMap(network, { family: line, grid, tolerance: 1e-3 });
    const { eigenvalues } = exactNetworks.classifier;
    expect(map.largest[2]).toBeCloseTo(eigenvalues.at(-1)!, 3);
    expect(map.smallest[2]).toBeCloseTo(eigenvalues[0]!, 3);
    expect(Array.from(map.converged)).toEqual([1, 1, 1, 1, 1]);
    const cold = await eigenpairs(network.hessian(), { count: 2, which: "both" });
    expect(map.products).toBeLessThan(5 * cold.products);
  });

  test("goes on from its log with the same numbers, and has them from any number of evaluators", async () => {
    const grid = [
      { from: -2, to: 2, points: 18 },
      { from: 0, to: 2, points: 3 },
    ] as const;
    const records: [number, Float64Array][] = [];
    const log = {
      read: () => records,
      append: (tile: number, sums: Float64Array) => void records.push([tile, sums]),
    };
    const whole = await convexityMap(loss, { family: plane, grid, log });
    expect(whole).toMatchObject({ end: "finished", evaluated: 6, kept: 0 }); // rows in pieces of 16 and 2
    const evaluators = [1, 2].map(() => {
      const own = new ParameterVector(module, { stateSlots: 0 });
      return new ConvexityEvaluator(
        new SampledLoss({ model: saddle, vector: own, samples: samplesOf({}, 1) }),
        {
          family: plane,
          grid,
        },
      );
    });
    const kept = { read: () => records.slice(0, 2), append: () => {} };
    const again = await convexityMap(loss, { family: plane, grid, log: kept, evaluators });
    expect(again).toMatchObject({ end: "finished", evaluated: 4, kept: 2 });
    expect([again.smallest, again.largest, again.products]).toEqual([
      whole.smallest,
      whole.largest,
      whole.products,
    ]);
    for (const evaluator of evaluators) await evaluator.release();
  });

  test("refuses a plane of another model", async () => {
    const grid = [{ from: -1, to: 1, points: 3 }] as const;
    await expect(convexityMap(network, { family: plane, grid })).rejects.toThrow(
      "must lie in the model's 305 dimensions: it lies in 2",
    );
  });
});
