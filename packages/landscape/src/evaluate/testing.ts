/** For tests: small models, their data, and a survey of them in one line. */
import type { Split } from "@thalweg/data";
import { stream } from "@thalweg/random";
import { type Model, ParameterVector } from "@thalweg/train";
import { layoutOf } from "../directions/layout.ts";
import { randomDirection } from "../directions/random.ts";
import { type AffineFamily, affineFamily } from "../families/affine.ts";
import { Evaluator, type EvaluatorOptions } from "./evaluator.ts";
import type { Examples } from "./examples.ts";
import { chunkSizes } from "./grid.ts";
import type { Surface } from "./surface.ts";
import { survey } from "./survey.ts";

/** Parameters and buffers as the module starts with them. */
export function startOf({ module }: Pick<Model, "module">, seed = 1) {
  const vector = new ParameterVector(module, { stateSlots: 0 });
  vector.initialize(module, seed);
  return { parameters: vector.parameters.slice(), buffers: vector.buffers.slice() };
}

/** Normal numbers with labels in turn. */
export function examplesOf(count: number, shape: readonly number[], classes: number): Examples {
  const size = shape.reduce((a, b) => a * b, 1);
  const split: Split = {
    images: stream(11, "examples").fillNormal(new Float32Array(count * size)),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    count,
    shape,
  };
  return {
    split,
    normalization: { maximum: 1, mean: 0, std: 1 },
    indices: Uint32Array.from({ length: count }, (_, i) => i),
  };
}

/** A random plane around a model's start, its vectors moving too. */
export function planeAround(model: Model, norm: "filter" | "none" = "filter"): AffineFamily {
  const { parameters, buffers } = startOf(model);
  const layout = layoutOf(model);
  const draw = (axis: number) =>
    randomDirection(parameters, layout, { seed: 1, axis, norm, freezeVectors: false }).values;
  return affineFamily({
    origin: parameters,
    basis: [draw(0), draw(1)],
    labels: ["first", "second"],
    buffers: { origin: buffers },
  });
}

/** Evaluate all of a grid, in chunks of 20 and then 50. */
export async function surfaceOf(options: Omit<EvaluatorOptions, "chunks">): Promise<Surface> {
  const chunks = chunkSizes(options.examples.indices.length, { first: 20, size: 50 });
  const evaluator = await Evaluator.create({ ...options, chunks });
  try {
    return (await survey({ evaluators: [evaluator], form: { grid: options.grid, chunks } })).surface;
  } finally {
    await evaluator.release();
  }
}

/** The largest difference, as a share of the second's size. */
export const largestRelative = (a: Float64Array, b: Float64Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!) / Math.abs(b[i]!)), 0);
