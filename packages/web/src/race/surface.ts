/**
 * What is raced on: a function of x and y with its exact gradient. The named ones are the problems of the catalogue that have two variables; any other is
 * typed in (expression-surface.ts).
 */
import { type Problem, problems } from "@thalweg/optim";

export type Pair = readonly [number, number];

export interface Surface {
  readonly name: string;
  /** For text, such as `x² + 3y²`. */
  readonly formula: string;
  readonly latex: string;
  /** What makes it interesting; empty for a typed one. */
  readonly summary: string;
  readonly value: (x: number, y: number) => number;
  /** Writes (∂f/∂x, ∂f/∂y). */
  readonly gradient: (x: number, y: number, into: Float64Array) => void;
  /** All global minima that are known. */
  readonly minima: readonly Pair[];
  /** The lowest value, where it is known. */
  readonly least: number | undefined;
  /** The box that shows what matters. */
  readonly view: { readonly x: Pair; readonly y: Pair; readonly levels?: "even" };
  readonly start: Pair;
  readonly source: string;
}

function surfaceOf(problem: Problem, summary: string): Surface {
  const { name, formula, latex, source, value, gradient, minima, least, start, view } = problem;
  if (view === undefined || gradient === undefined) {
    throw new RangeError(`Cannot race on ${name} as it is no function of x and y`);
  }
  const at = new Float64Array(2);
  return {
    name,
    formula,
    latex,
    summary,
    value: (x, y) => {
      at[0] = x;
      at[1] = y;
      return value(at);
    },
    gradient: (x, y, into) => {
      at[0] = x;
      at[1] = y;
      gradient(at, into);
    },
    minima: minima.map((point): Pair => [point[0]!, point[1]!]),
    least: Number.isFinite(least) ? least : undefined,
    view,
    start: [start[0]!, start[1]!],
    source,
  };
}

/** By name. */
export const surfaces: Readonly<Record<string, Surface>> = Object.fromEntries(
  Object.values(problems)
    .filter(({ planar, build }) => planar && build().view !== undefined)
    .map(({ name, summary, build }) => [name, surfaceOf(build(), summary)]),
);
