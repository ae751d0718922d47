/**
 * A problem: an objective about which the answer is known. Gradients and Hessians are written out, not differenced; minima
 * are exact, or polished to float64 by Newton's method. A family of problems is a function of its options.
 */
import { type Objective, productFromHessian, type Vector } from "../objective.ts";
import { checkOptions, defaultsOf, type Options, type OptionValues, type ValuesOf } from "../options.ts";

export interface Problem extends Objective {
  /** For text and titles, such as `x² + 3y²`. */
  readonly formula: string;
  readonly latex: string;
  /** Where the literature begins. */
  readonly start: Vector;
  /** All global minima; empty when F has no lower bound. */
  readonly minima: readonly Vector[];
  /** F at the minima; −∞ when F has no lower bound. */
  readonly least: number;
  readonly saddles?: readonly Vector[];
  /** What may be done to the minima given without leaving the lowest value; absent where there are no others. */
  readonly freedom?: string;
  /** The box that shows what matters, where there are two dimensions. */
  readonly view?: View;
  readonly source: string;
}

export interface View {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** How contours are spaced: by factors above the least value unless told, or evenly where all values are of one size. */
  readonly levels?: "even";
}

export interface ProblemEntry {
  readonly name: string;
  /** One sentence: what makes it interesting. */
  readonly summary: string;
  readonly options: Options;
  /** Whether it is a function of x and y at its defaults: what can be drawn as a surface. */
  readonly planar: boolean;
  /** Raises RangeError for options that it does not have or take. */
  readonly build: (values?: OptionValues) => Problem;
}

interface Declaration<T extends Options> {
  name: string;
  summary: string;
  options: T;
  planar: boolean;
  build: (values: ValuesOf<T>) => Omit<Problem, "name">;
}

export function family<const T extends Options>({
  name,
  summary,
  options,
  planar,
  build,
}: Declaration<T>): ProblemEntry {
  return {
    name,
    summary,
    options,
    planar,
    build: (values = {}) => {
      checkOptions(name, options, values);
      return { name, ...build({ ...defaultsOf(options), ...values } as ValuesOf<T>) };
    },
  };
}

/** A point of the plane. */
export type Pair = readonly [number, number];

/** A function of x and y with its derivatives. */
export interface Planar {
  value: (x: number, y: number) => number;
  /** (∂f/∂x, ∂f/∂y) */
  gradient: (x: number, y: number) => Pair;
  /** (∂²f/∂x², ∂²f/∂x∂y, ∂²f/∂y²) */
  hessian: (x: number, y: number) => readonly [number, number, number];
  minima: readonly Pair[];
  saddles?: readonly Pair[];
  start: Pair;
  view: View;
  /** The customary search box; the view when absent. */
  box?: View;
}

/** The functions of a problem with two variables. */
export function planar(declared: Planar) {
  const { value, gradient, hessian, minima, saddles = [], start, view, box = view } = declared;
  const points = minima.map((point) => Float64Array.from(point));
  return {
    ...withHessian({
      dimension: 2,
      value: (at) => value(at[0]!, at[1]!),
      gradient: (at, into) => {
        [into[0], into[1]] = gradient(at[0]!, at[1]!);
        return value(at[0]!, at[1]!);
      },
      hessian: (at, into) => {
        const [xx, xy, yy] = hessian(at[0]!, at[1]!);
        into.set([xx, xy, xy, yy]);
      },
      bounds: {
        lower: Float64Array.of(box.x[0], box.y[0]),
        upper: Float64Array.of(box.x[1], box.y[1]),
      },
    }),
    minima: points,
    least: points[0] === undefined ? Number.NEGATIVE_INFINITY : value(points[0][0]!, points[0][1]!),
    saddles: saddles.map((point) => Float64Array.from(point)),
    start: Float64Array.from(start),
    view,
  };
}

/** With products by its Hessian, where it has no cheaper ones. */
export function withHessian(functions: Omit<Objective, "name">): Omit<Objective, "name"> {
  const { dimension, hessian, product } = functions;
  return { ...functions, ...(!product && hessian && { product: productFromHessian(dimension, hessian) }) };
}

/** What shows a problem of n dimensions when there are two. */
export const viewIn = (n: number, x: Pair, y: Pair, levels?: "even"): { view?: View } =>
  n === 2 ? { view: { x, y, ...(levels && { levels }) } } : {};

/** [low, high]ⁿ */
export const cube = (n: number, low: number, high: number) => ({
  lower: new Float64Array(n).fill(low),
  upper: new Float64Array(n).fill(high),
});
