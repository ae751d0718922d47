/**
 * Resize: pictures made larger or smaller by nearest, linear or cubic interpolation. Whatever the mode, each axis is resized
 * by itself, and each output place is a weighted sum of a few input places: a matrix of weights per axis is all there is.
 * Not here: antialiasing and `tf_crop_and_resize`.
 * Source: onnx/docs/Operators.md, Resize, opset 19; the order of float32 roundings is ONNX Runtime's (upsamplebase.h).
 */
import { type Attributes, doubles, type Graph, misfit, type Operator, type Tensor } from "../graph.ts";
import { type Shape, show, sizeOf, table } from "../shapes.ts";
import { gemm, matmul } from "./matmul.ts";
import { reduceSum } from "./reduction.ts";
import { reshape } from "./shape.ts";

const f32 = Math.fround;

/** Which place of an axis of n a place i of the resized axis, of L, falls on; s is the scale. */
const COORDINATES = {
  /** Places are squares, and the edges of the first and last one stay edges (torch, align_corners=False). */
  half_pixel: (i: number, s: number) => f32(f32(f32(i + 0.5) / s) - 0.5),
  /** The same, but a single place falls on the first one. */
  pytorch_half_pixel: (i: number, s: number, _: number, L: number) =>
    L > 1 ? f32(f32(f32(i + 0.5) / s) - 0.5) : 0,
  /** The same, but centred where the scale does not give a whole size. */
  half_pixel_symmetric: (i: number, s: number, n: number, L: number) => {
    const offset = f32(f32(n / 2) * f32(1 - f32(L / f32(s * n))));
    return f32(offset + f32(f32(f32(i + 0.5) / s) - 0.5));
  },
  /** Places are points, and the first and last one stay where they are (torch, align_corners=True). */
  align_corners: (i: number, _: number, n: number, L: number) =>
    L === 1 ? 0 : f32(f32(i * (n - 1)) / (L - 1)),
  /** Places are points, and only the first one stays (torch's nearest). */
  asymmetric: (i: number, s: number) => f32(i / s),
};
export type Coordinates = keyof typeof COORDINATES;

/** The whole place that a coordinate is taken for. */
const NEAREST = {
  round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};
export type Nearest = keyof typeof NEAREST;

export type ResizeAttributes = {
  mode: string;
  coordinate_transformation_mode: string;
  nearest_mode: string;
  cubic_coeff_a: number;
  exclude_outside: number;
};

/** Input places and their weights. */
type Taps = readonly (readonly [place: number, weight: number])[];

/** How each mode makes an output place from the coordinate x on an axis of n places. */
const TAPS: Readonly<Record<string, (x: number, n: number, attributes: ResizeAttributes) => Taps>> = {
  nearest: (x, n, { nearest_mode }) => [[clamp(NEAREST[nearest_mode as Nearest](x), n), 1]],
  linear: (x, n) => {
    const inside = Math.min(Math.max(x, 0), n - 1);
    const low = Math.floor(inside);
    const share = f32(inside - low);
    return share === 0
      ? [[low, 1]]
      : [
          [low, f32(1 - share)],
          [low + 1, share],
        ];
  },
  // Keys (1981): weight (a+2)d³ − (a+3)d² + 1 for distances d ≤ 1, and a(d³ − 5d² + 8d − 4) up to 2
  cubic: (x, n, { cubic_coeff_a: a, exclude_outside }) => {
    const base = Math.floor(x);
    const taps = [-1, 0, 1, 2].map((k) => {
      const d = Math.abs(x - base - k);
      const weight = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
      return [base + k, weight] as const;
    });
    const kept = taps.filter(([place]) => !exclude_outside || (place >= 0 && place < n));
    const total = exclude_outside ? kept.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    return kept.map(([place, weight]) => [clamp(place, n), weight / total] as const);
  },
};

const clamp = (place: number, n: number): number => Math.min(Math.max(place, 0), n - 1);

function axisTaps(n: number, L: number, scale: number, attributes: ResizeAttributes): Taps[] {
  const coordinate = COORDINATES[attributes.coordinate_transformation_mode as Coordinates];
  const taps = TAPS[attributes.mode]!;
  return table(L, (i) => taps(coordinate(i, scale, n, L), n, attributes));
}

/** The weights of all axes, none for an axis that stays as it is. `scales` and `sizes` are the operator's operands. */
function allTaps(shape: Shape, resized: Shape, scales: ArrayLike<number>, attributes: ResizeAttributes) {
  return shape.map((n, axis) => {
    const L = resized[axis]!;
    const scale = scales.length > 0 ? f32(scales[axis]!) : f32(L / n);
    return n === L && scale === 1 ? null : axisTaps(n, L, scale, attributes);
  });
}

/** What a constant operand holds; nothing for one that is left out. */
const numbers = (x: Tensor): Float64Array =>
  x.origin.kind === "constant" ? doubles(x.origin.data) : new Float64Array(0);

/** Operands are x, the region of interest (always left out), and one of scales and sizes, which must be constants. */
export const Resize: Operator<ResizeAttributes & Attributes> = {
  name: "Resize",
  floats: ["cubic_coeff_a"],
  infer([x, , scales, sizes], { mode, coordinate_transformation_mode, nearest_mode }) {
    const known = (table: object, what: string, name: string) => {
      if (!Object.hasOwn(table, name)) {
        throw misfit(
          "Resize",
          [x],
          `its ${what} must be one of ${Object.keys(table).join(", ")}`,
          `found ${name}`,
        );
      }
    };
    known(TAPS, "mode", mode);
    known(COORDINATES, "coordinate transformation", coordinate_transformation_mode);
    known(NEAREST, "nearest mode", nearest_mode);
    const given = scales.isAbsent ? sizes! : scales;
    if (given.origin.kind !== "constant") {
      throw misfit("Resize", [x, given], "scales and sizes must be known when the graph is built");
    }
    const values = numbers(given);
    const shape = scales.isAbsent ? [...values] : x.shape.map((d, k) => Math.floor(f32(d * f32(values[k]!))));
    if (values.length !== x.rank || !shape.every((d) => Number.isInteger(d) && d >= 1)) {
      throw misfit(
        "Resize",
        [x],
        `it needs a scale or size for each of the ${x.rank} axes that leaves 1 place or more: found ${show([...values])}`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  evaluate([x, , scales], attributes, { shape }) {
    return allTaps(x.shape, shape, scales.data, attributes).reduce((data, taps, axis) => {
      if (!taps) return data;
      const outer = sizeOf(shape.slice(0, axis));
      const inner = sizeOf(x.shape.slice(axis + 1));
      const out = new Float64Array(outer * taps.length * inner);
      for (let o = 0; o < outer; o++) {
        for (const [i, tap] of taps.entries()) {
          for (const [place, weight] of tap) {
            const [to, from] = [(o * taps.length + i) * inner, (o * x.shape[axis]! + place) * inner];
            for (let k = 0; k < inner; k++) out[to + k]! += weight * data[from + k]!;
          }
        }
      }
      return out;
    }, x.data);
  },
  // y = M x along each axis ⇒ dx = Mᵀ dy
  gradient: [
    ({ inputs: [x, , scales], attributes, output: y, gradient }) => {
      const taps = allTaps(x.shape, y.shape, numbers(scales), attributes);
      const whole = sumRepeats(gradient, x.shape, taps);
      return taps.reduce<Tensor>((g, axisTaps, axis) => {
        return axisTaps && !isRepeat(axisTaps, x.shape[axis]!)
          ? gatherBack(g, axis, x.shape[axis]!, axisTaps)
          : g;
      }, whole);
    },
    null,
  ],
};

/** Whether every place is repeated equally often, side by side. */
function isRepeat(taps: readonly Taps[], n: number): boolean {
  const times = taps.length / n;
  return (
    Number.isInteger(times) &&
    taps.every((tap, i) => tap.length === 1 && tap[0]![0] === Math.floor(i / times))
  );
}

/** Along all axes whose places are repeated, the sum over the repeats. */
function sumRepeats(g: Tensor, shape: Shape, taps: readonly (readonly Taps[] | null)[]): Tensor {
  const repeats = taps.map((axisTaps, k) => axisTaps !== null && isRepeat(axisTaps, shape[k]!));
  if (!repeats.includes(true)) return g;
  const split = repeats.flatMap((repeat, k) =>
    repeat ? [shape[k]!, g.shape[k]! / shape[k]!] : [g.shape[k]!],
  );
  const axes = repeats.flatMap((repeat, k) =>
    repeat ? [k + 1 + repeats.slice(0, k).filter(Boolean).length] : [],
  );
  return reduceSum(reshape(g, split), axes);
}

/** Mᵀ g along one axis, as a product with a constant matrix [L, n]. */
function gatherBack(g: Tensor, axis: number, n: number, taps: readonly Taps[]): Tensor {
  const L = taps.length;
  const weights = (transposed: boolean) => {
    const matrix = new Float64Array(L * n);
    for (const [i, tap] of taps.entries()) {
      for (const [place, weight] of tap) matrix[transposed ? place * L + i : i * n + place]! += weight;
    }
    return g.graph.constant(matrix, transposed ? [n, L] : [L, n], g.dtype);
  };
  const outer = sizeOf(g.shape.slice(0, axis));
  const inner = sizeOf(g.shape.slice(axis + 1));
  const back =
    inner === 1
      ? gemm(reshape(g, [outer, L]), weights(false))
      : matmul(weights(true), reshape(g, [outer, L, inner]));
  return reshape(back, [...g.shape.slice(0, axis), n, ...g.shape.slice(axis + 1)]);
}

export interface ResizeOptions {
  readonly mode?: "nearest" | "linear" | "cubic";
  readonly coordinates?: Coordinates;
  readonly nearest?: Nearest;
  /** Keys' coefficient a; torch's is −0.75, as ONNX's. */
  readonly cubicCoefficient?: number;
  /** Give no weight to places outside of the picture, instead of repeating its edge (cubic only). */
  readonly excludeOutside?: boolean;
}

/** Resize to `sizes`, or by `scales`: one number for every axis. Default: nearest, half_pixel, ties to the lower place. */
export function resize(
  x: Tensor,
  to: { readonly sizes: readonly number[] } | { readonly scales: readonly number[] },
  options: ResizeOptions = {},
): Tensor {
  const { mode = "nearest", coordinates = "half_pixel", nearest = "round_prefer_floor" } = options;
  const { graph } = x;
  const target = "sizes" in to ? [graph.absent, sizesOf(graph, to.sizes)] : [graph.constant(to.scales)];
  return graph.apply(Resize, [x, graph.absent, ...target], {
    mode,
    coordinate_transformation_mode: coordinates,
    nearest_mode: nearest,
    cubic_coeff_a: options.cubicCoefficient ?? -0.75,
    exclude_outside: Number(options.excludeOutside ?? false),
  });
}

const sizesOf = (graph: Graph, sizes: readonly number[]): Tensor =>
  graph.constant(sizes, [sizes.length], "int64");
