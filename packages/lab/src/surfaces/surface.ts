/**
 * A surface: a function of two variables with its exact gradient and what is known about it. Surfaces are where an
 * optimizer can be seen whole: the path is the picture.
 */

import type { View } from "@thalweg/optim";

/** (x, y) */
export type Point = readonly [number, number];

export interface Surface {
  readonly name: string;
  /** For text and titles, such as `x² + 3y²`. */
  readonly formula: string;
  readonly latex: string;
  readonly value: (x: number, y: number) => number;
  /** (∂f/∂x, ∂f/∂y) */
  readonly gradient: (x: number, y: number) => Point;
  /** All global minima; empty when f has no lower bound. */
  readonly minima: readonly Point[];
  readonly saddles: readonly Point[];
  /** The box that shows what matters. */
  readonly view: View;
  /** Where a walk begins unless told otherwise. */
  readonly start: Point;
  readonly source: string;
}

export interface Near {
  readonly point: Point;
  /** Euclidean. */
  readonly distance: number;
}

/** The known minimum that is nearest to a point; undefined where there is none. */
export function nearestMinimum({ minima }: Surface, [x, y]: Point): Near | undefined {
  return minima
    .map((point): Near => ({ point, distance: Math.hypot(x - point[0], y - point[1]) }))
    .reduce<Near | undefined>(
      (best, one) => (best === undefined || one.distance < best.distance ? one : best),
      undefined,
    );
}
