/**
 * A surface as numbers on a grid, whoever made it: what pictures are drawn from, files are written from, and files of other tools are
 * read into. Fields are row-major with x fastest: value of (x[i], y[j]) at j · x.length + i. Heights that are not known or not finite are NaN
 * or infinite, never a number that stands for them.
 */
import type { Surface } from "../evaluate/surface.ts";

export interface HeightField {
  readonly x: Float64Array;
  /** Empty for a line. */
  readonly y: Float64Array;
  /** By name, `loss` first. */
  readonly fields: ReadonlyMap<string, Float64Array>;
}

/** Means of all that was measured, the standard error of the loss, and how many examples each point is measured on. */
export function heightField(surface: Surface): HeightField {
  const means = surface.measures.map((name) => [name, surface.mean(name)] as const);
  return {
    x: surface.x,
    y: surface.y,
    fields: new Map([...means, ["standardError", surface.standardError()], ["examples", surface.counts()]]),
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
