/**
 * A landscape as one NPZ file that NumPy reads: `x` and `y`; every measure's mean as an array [y, x] under its name, with `standardError` and
 * `examples`; the sums that they come from, `loss_sum` and `loss_sumsq`; directions `dir_0`, `dir_1` and the centre where they are wanted.
 *
 * Reads files of other tools, too: those with x, y (or xcoordinates, ycoordinates) and a surface called loss, train_loss, losses or
 * tr_loss, be it [y, x] or, where the grid is not square, [x, y]; and coordinates as meshes, as NumPy's meshgrid gives them.
 */
import { type NpyArray, parseNpz, serializeNpz } from "@thalweg/data";
import type { RefinementOptions } from "../evaluate/refine.ts";
import type { Surface } from "../evaluate/surface.ts";
import type { TwoLevelPlan } from "../evaluate/two-level.ts";
import type { AffineFamily } from "../families/affine.ts";
import { checkHeightField, type HeightField, heightField } from "./height-field.ts";

export interface ContainerOptions {
  /** With it, directions and centre are in the file: twelve bytes for each parameter of a plane. */
  readonly family?: AffineFamily;
  /** How heights follow from what was measured, where that is not all of the grid on all examples. */
  readonly plan?: TwoLevelPlan | RefinementOptions;
}

/** The bytes of the NPZ file. */
export function serializeSurface(surface: Surface, options: ContainerOptions = {}): Uint8Array {
  const { family, plan } = options;
  const field = heightField(surface, plan);
  const shape = field.y.length === 0 ? [field.x.length] : [field.y.length, field.x.length];
  const line = (data: Float64Array | Float32Array): NpyArray => ({ shape: [data.length], data });
  return serializeNpz(
    new Map<string, NpyArray>([
      ["x", line(field.x)],
      ["y", line(field.y)],
      ...[...field.fields].map(([name, data]) => [name.replace("/", "_"), { shape, data }] as const),
      ["loss_sum", { shape, data: surface.total("loss") }],
      ["loss_sumsq", { shape, data: surface.total("lossSquared") }],
      ...(family === undefined ? [] : familyArrays(family, line)),
    ]),
  );
}

const familyArrays = ({ origin, basis }: AffineFamily, line: (data: Float32Array) => NpyArray) =>
  [["centre", line(origin)], ...basis.map((direction, k) => [`dir_${k}`, line(direction)] as const)] as const;

const X = ["x", "xcoordinates", "X", "xs", "alphas"];
const Y = ["y", "ycoordinates", "Y", "ys", "betas"];
/** What other tools call the loss. */
const LOSSES = ["loss", "train_loss", "losses", "tr_loss", "Z", "z"];

/** Parse the bytes of such a file; `name` is used in errors. Raises RangeError where there is no surface in it. */
export function parseSurface(bytes: Uint8Array, name: string): HeightField {
  const arrays = parseNpz(bytes, name);
  const find = (names: readonly string[]) => names.find((one) => arrays.has(one));
  const [xName, yName, lossName] = [find(X), find(Y), find(LOSSES)];
  if (xName === undefined || lossName === undefined) {
    throw new RangeError(
      `Cannot read ${name} as a landscape as it must have coordinates (${X.join(", ")}) and a loss (${LOSSES.join(", ")}): it has ${[...arrays.keys()].join(", ")}`,
    );
  }
  const x = axisOf(arrays.get(xName)!, 1);
  const y = yName === undefined ? new Float64Array(0) : axisOf(arrays.get(yName)!, 0);
  const wanted = y.length === 0 ? [x.length] : [y.length, x.length];
  const size = wanted.reduce((a, b) => a * b, 1);
  const fields = new Map<string, Float64Array>();
  for (const array of [lossName, ...[...arrays.keys()].filter((one) => one !== lossName)]) {
    const { shape, data } = arrays.get(array)!;
    if (array === xName || array === yName || data.length !== size || shape.length !== wanted.length)
      continue;
    fields.set(array === lossName ? "loss" : array.replace(/_(\d+)$/, "/$1"), rowMajor(shape, data, wanted));
  }
  if (!fields.has("loss")) {
    throw new RangeError(
      `Cannot read ${name} as a landscape as ${lossName} must have the shape [${wanted}] of its coordinates: it has [${arrays.get(lossName)!.shape}]`,
    );
  }
  return checkHeightField({ x, y, fields }, name);
}

/** A list of coordinates, from a list or from a mesh, along whose `axis` they change. */
function axisOf({ shape, data }: NpyArray, axis: 0 | 1): Float64Array {
  if (shape.length !== 2) return Float64Array.from(data as ArrayLike<number>, Number);
  const [rows, columns] = shape as [number, number];
  return axis === 1
    ? Float64Array.from({ length: columns }, (_, i) => Number(data[i]))
    : Float64Array.from({ length: rows }, (_, j) => Number(data[j * columns]));
}

/** [y, x] as it is; [x, y], where that can be told, turned. */
function rowMajor(
  shape: readonly number[],
  data: NpyArray["data"],
  [rows, columns]: readonly number[],
): Float64Array {
  const values = Float64Array.from(data as ArrayLike<number>, Number);
  if (columns === undefined || shape[0] === rows) return values;
  return values.map((_, at) => values[(at % columns) * rows! + Math.floor(at / columns)]!);
}
