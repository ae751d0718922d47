import { conv, convTranspose, gemm, matmul, relu, reshape, type Tensor } from "@thalweg/graph";
import type { Initializer, Module } from "@thalweg/nn";
import { norm } from "@thalweg/optim";
import { classifier, type Model, ParameterVector, segmentOf } from "@thalweg/train";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forEachFilter, layoutOf } from "./layout.ts";
import { normalizations, normalizeDirection } from "./normalize.ts";
import { cosine, orthogonalize } from "./orthogonalize.ts";
import { randomDirection } from "./random.ts";

const initialize: Initializer = (out, _, random) => void random.fillNormal(out, 0, 0.3);
const weight = (name: string, shape: number[]) => ({ name, shape, initialize, kind: "weight" as const });

/** One of each operator that holds its filters in another place, and a bias. */
const module: Module = {
  parameters: [
    weight("conv", [4, 1, 3, 3]),
    weight("up", [4, 3, 2, 2]),
    weight("rows", [5, 75]),
    weight("columns", [5, 6]),
    weight("product", [6, 7]),
    weight("turned", [3, 7]),
    { name: "bias", shape: [3], initialize, kind: "bias" },
  ],
  buffers: [],
  forward(x, context) {
    const p = (name: string) => context.parameter(name);
    const [B] = x.shape as [number];
    let y: Tensor = relu(conv(x, p("conv"))); // [B, 4, 4, 4] from 6×6
    y = convTranspose(y, p("up")); // [B, 3, 5, 5]
    y = gemm(reshape(y, [B, 75]), p("rows"), { transB: 1 });
    y = gemm(y, p("columns"));
    y = matmul(y, p("product"));
    return gemm(y, p("turned"), { transB: 1, addend: p("bias") });
  },
};
const model = classifier(module, [1, 6, 6]);

/** Where filters stand, by hand: Conv and transposed Gemm first, the others second. */
const AXES = { conv: [0], up: [1], rows: [0], columns: [1], product: [1], turned: [0], bias: [] };

function startOf({ module: one }: Model): Float32Array {
  const vector = new ParameterVector(one, { stateSlots: 0 });
  vector.initialize(one, 3);
  return vector.parameters.slice();
}

describe("layoutOf", () => {
  test("reads the filter axes off the operator that reads the parameter", () => {
    const axes = layoutOf(model).segments.map(({ name, filterAxes }) => [name, filterAxes]);
    expect(Object.fromEntries(axes)).toEqual(AXES);
  });

  test("follows reshapes and transposes back", () => {
    const viewed: Module = {
      parameters: [weight("w", [2, 3, 4])],
      buffers: [],
      forward: (x, context) => gemm(x, reshape(context.parameter("w"), [2, 12]), { transB: 1 }),
    };
    expect(layoutOf(classifier(viewed, [12])).segments[0]!.filterAxes).toEqual([0]);
  });
});

describe("forEachFilter", () => {
  test("gives the places of rows, and of columns", () => {
    const places = (filterAxes: number[]) => {
      const all: number[][] = [];
      forEachFilter({ shape: [2, 3], filterAxes }, (filter) => all.push([...filter]));
      return all;
    };
    expect(places([0])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(places([1])).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(places([])).toEqual([[0, 1, 2, 3, 4, 5]]);
    expect(places([0, 1])).toEqual([[0], [1], [2], [3], [4], [5]]);
  });

  test("visits every number exactly once, for any shape and axes", () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.nat(15), (shape, bits) => {
        const filterAxes = shape.map((_, axis) => axis).filter((axis) => (bits >> axis) & 1);
        const seen: number[] = [];
        forEachFilter({ shape, filterAxes }, (places) => seen.push(...places));
        const size = shape.reduce((a, b) => a * b, 1);
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { seed: 5, numRuns: 60 },
    );
  });
});

describe("randomDirection", () => {
  const weights = startOf(model);
  const layout = layoutOf(model);

  test.each([
    1, 2,
  ] as const)("acceptance 2: gives every filter the weights' own length, p = %d; vectors stand still", (p) => {
    const { values, zero } = randomDirection(weights, layout, { seed: 1, norm: "filter", p });
    expect(zero.size).toBe(0);
    let filters = 0;
    for (const segment of layout.segments) {
      const d = segmentOf(values, segment);
      const w = segmentOf(weights, segment);
      if (segment.name === "bias") {
        expect([...d]).toEqual([0, 0, 0]);
        continue;
      }
      forEachFilter(segment, (places) => {
        const length = (v: Float32Array) =>
          [...places].reduce((sum, i) => sum + Math.abs(v[i]!) ** p, 0) ** (1 / p);
        expect(Math.abs(length(d) / length(w) - 1)).toBeLessThan(1e-6);
        filters++;
      });
    }
    expect(filters).toBe(4 + 3 + 5 + 6 + 7 + 3);
  });

  test("moves vectors as one filter where they are not frozen, and only the tensors that are chosen", () => {
    const { values } = randomDirection(weights, layout, {
      seed: 1,
      norm: "filter",
      freezeVectors: false,
      moves: ({ name }) => name === "bias",
    });
    const bias = layout.segments.at(-1)!;
    const d = segmentOf(values, bias);
    expect(norm(d)).toBeCloseTo(norm(segmentOf(weights, bias)), 6);
    expect(values.subarray(0, bias.offset).every((value) => value === 0)).toBe(true);
  });

  test("acceptance 2: gives filters of zeros a direction of zeros, and counts them", () => {
    const dead = weights.slice();
    dead.fill(0, 9, 27); // filters 1 and 2 of conv
    const { values, zero } = randomDirection(dead, layout, { seed: 1, norm: "filter" });
    expect([...zero]).toEqual([["conv", 2]]);
    expect(values.subarray(9, 27).every((value) => value === 0)).toBe(true);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test("draws a tensor's numbers from its name, whatever stands before it", () => {
    const alone: Module = {
      ...module,
      parameters: [weight("product", [6, 7])],
      forward: (x, context) => matmul(x, context.parameter("product")),
    };
    const small = layoutOf(classifier(alone, [6]));
    const drawn = randomDirection(new Float32Array(42).fill(1), small, { seed: 9, norm: "none" }).values;
    const product = layout.segments.find(({ name }) => name === "product")!;
    const among = segmentOf(randomDirection(weights, layout, { seed: 9, norm: "none" }).values, product);
    expect([...drawn]).toEqual([...among]);
    const other = randomDirection(weights, layout, { seed: 9, axis: 1, norm: "none" }).values;
    expect(Math.abs(cosine(segmentOf(other, product), among))).toBeLessThan(0.5);
  });

  test("prefers no sign: the mean of all numbers is within four standard errors of zero", () => {
    const { values } = randomDirection(weights, layout, { seed: 2, norm: "none", freezeVectors: false });
    const mean = values.reduce((sum, value) => sum + value, 0) / layout.size;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(layout.size));
  });

  test("refuses to draw where nothing may move", () => {
    expect(() => randomDirection(weights, layout, { seed: 1, norm: "filter", moves: () => false })).toThrow(
      /some tensor must move: none of conv \[4,1,3,3\]/,
    );
  });
});

describe("normalizeDirection", () => {
  // a layer w [2, 2] with b [2]; w = [[3, 4], [0, 5]], b = [12, 0], d all ones
  const layout = {
    size: 6,
    bufferSegments: [],
    segments: [
      { name: "0.weight", shape: [2, 2], offset: 0, size: 4, filterAxes: [0] },
      { name: "0.bias", shape: [2], offset: 4, size: 2, filterAxes: [] },
    ],
  };
  const weights = Float32Array.of(3, 4, 0, 5, 12, 0);

  test.each([
    [
      "filter",
      [5 / Math.SQRT2, 5 / Math.SQRT2, 5 / Math.SQRT2, 5 / Math.SQRT2, 12 / Math.SQRT2, 12 / Math.SQRT2],
    ],
    ["tensor", [...Array(4).fill(Math.sqrt(50) / 2), 12 / Math.SQRT2, 12 / Math.SQRT2]],
    ["layer", Array(6).fill(Math.sqrt(194 / 6))],
    ["global", Array(6).fill(Math.sqrt(194 / 6))],
    ["weight", [3, 4, 0, 5, 12, 0]],
    ["none", Array(6).fill(1)],
  ] as const)("%s, by hand", (norm, expected) => {
    const direction = new Float32Array(6).fill(1);
    normalizeDirection(direction, weights, layout, { norm });
    direction.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    expect(normalizations).toContain(norm);
  });

  test("refuses vectors of another model, with both lengths", () => {
    expect(() => normalizeDirection(new Float32Array(5), weights, layout, { norm: "filter" })).toThrow(
      /must have the model's 6 numbers, in 2 tensors: found 5/,
    );
  });
});

describe("orthogonalize", () => {
  test("leaves a right angle, and the lengths of all filters", () => {
    const weights = startOf(model);
    const layout = layoutOf(model);
    const options = { seed: 4, norm: "filter" } as const;
    const first = randomDirection(weights, layout, options).values;
    const second = first.map(
      (value, i) => value + randomDirection(weights, layout, { ...options, axis: 1 }).values[i]!,
    );
    expect(cosine(first, second)).toBeGreaterThan(0.5);
    const left = orthogonalize(second, first, weights, layout, options);
    expect(Math.abs(left)).toBeLessThan(1e-4);
    expect(cosine(first, second)).toBe(left);
    const conv = layout.segments[0]!;
    expect(norm(segmentOf(second, conv))).toBeCloseTo(norm(segmentOf(weights, conv)), 5);
  });
});
