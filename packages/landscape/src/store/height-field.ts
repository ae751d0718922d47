/**
 * A surface as numbers on a grid, whoever made it: what pictures are drawn from, files are written from, and files of other tools are
 * read into. Fields are row-major with x fastest: value of (x[i], y[j]) at j · x.length + i. Heights that are not known or not finite are NaN
 * or infinite, never a number that stands for them.
 */
import { type RefinementOptions, Refiner } from "../evaluate/refine.ts";
import type { Surface } from "../evaluate/surface.ts";
import { correctedMean, type TwoLevelPlan } from "../evaluate/two-level.ts";

export interface HeightField {
  readonly x: Float64Array;
  /** Empty for a line. */
  readonly y: Float64Array;
  /** By name, `loss` first. */
  readonly fields: ReadonlyMap<string, Float64Array>;
}

/**
 * Means of all that was measured, the standard error of the loss and of its difference to a reference, and how many examples each point is measured on. With a plan of two
 * levels, heights are corrected by the coarse one: those of classes excepted, which are of the first level's examples.
 */
export function heightField(surface: Surface, plan?: TwoLevelPlan | RefinementOptions): HeightField {
  const { x, y, measures, isCompared } = surface;
  const { mean, errorOf, examples } = reading(surface, plan);
  const errors = isCompared ? [["differenceError", errorOf("difference")] as const] : [];
  return {
    x,
    y,
    fields: new Map([
      ...measures.map((name) => [name, mean(name)] as const),
      ["standardError", errorOf("loss")],
      ...errors,
      ["examples", examples],
    ]),
  };
}

interface Reading {
  readonly mean: (measure: string) => Float64Array;
  readonly errorOf: (measure: "loss" | "difference") => Float64Array;
  readonly examples: Float64Array;
}

/** How the heights follow from the sums. */
function reading(surface: Surface, plan?: TwoLevelPlan | RefinementOptions): Reading {
  if (plan === undefined) {
    return {
      mean: (name) => surface.mean(name),
      errorOf: (name) => surface.standardError(undefined, name),
      examples: surface.counts(),
    };
  }
  if ("tolerance" in plan) {
    const refiner = Refiner.of(surface, plan);
    return {
      mean: (name) => refiner.mean(name),
      errorOf: (name) => refiner.standardError(name),
      examples: surface.counts(),
    };
  }
  const few = surface.counts(plan.chunks);
  const all = surface.form.chunks.reduce((sum, size) => sum + size, 0);
  return {
    mean: (name) =>
      name.includes("/") ? surface.mean(name, plan.chunks) : correctedMean(surface, name, plan).values,
    errorOf: (name) =>
      surface.standardError(plan.chunks, name).map((error, at) => error * Math.sqrt(few[at]! / all)),
    examples: few.map(() => all),
  };
}

/** One field. Raises RangeError with the names of those that there are. */
export function fieldOf({ fields }: HeightField, name: string): Float64Array {
  const field = fields.get(name);
  if (field !== undefined) return field;
  throw new RangeError(`Cannot find ${name} in the landscape as it has ${[...fields.keys()].join(", ")}`);
}

/** Raises RangeError where a field has not one number for each point. */
export function checkHeightField(field: HeightField, name: string): HeightField {
  const { x, y, fields } = field;
  const points = x.length * Math.max(1, y.length);
  for (const [measure, values] of fields) {
    if (values.length === points) continue;
    throw new RangeError(
      `Cannot read ${name} as a landscape as ${measure} must have ${x.length} × ${Math.max(1, y.length)} numbers: found ${values.length}`,
    );
  }
  return field;
}
