/**
 * The courses of runs on one line or plane. Each point is told with how far off the plane it is, and each move with the share of it that
 * the plane shows; a point's height is its own loss, and not that of the plane below it.
 */

import { dot } from "@thalweg/optim";
import type { Trajectory } from "@thalweg/train";
import { type Principal, type PrincipalOptions, principalDirections } from "../directions/principal.ts";
import type { AffineFamily } from "../families/affine.ts";
import { difference } from "../families/models.ts";
import { Projector } from "./projection.ts";

export interface ProjectedCourse {
  readonly steps: readonly number[];
  readonly coordinates: readonly (readonly number[])[];
  /** Of each point: its distance from the plane, as a share of that from the plane's origin. */
  readonly residuals: readonly number[];
  /** Of the move to each point from the one before: the share of its squared length in the plane. One fewer than points. */
  readonly captured: readonly number[];
  /** The same of all moves together: Σ ‖P Δ‖² / Σ ‖Δ‖². */
  readonly capturedShare: number;
}

/** Below this share a picture shows next to nothing of what happened: worth a warning. */
export const LEAST_SHARE = 0.05;

/** Project a recorded course, point by point. Raises RangeError for one of another model. */
export function projectCourse(family: AffineFamily, { steps, point }: Trajectory): ProjectedCourse {
  const projector = new Projector(family);
  const coordinates: (readonly number[])[] = [];
  const residuals: number[] = [];
  const captured: number[] = [];
  let inside = 0;
  let whole = 0;
  let before: Float32Array | undefined;
  for (let i = 0; i < steps.length; i++) {
    const here = point(i);
    const projected = projector.point(here);
    coordinates.push(projected.coordinates);
    residuals.push(projected.residual);
    if (before !== undefined) {
      const move = difference(here, before);
      const share = projector.capturedShare(move);
      const square = dot(move, move);
      captured.push(share);
      inside += square === 0 ? 0 : share * square;
      whole += square;
    }
    before = here;
  }
  return { steps, coordinates, residuals, captured, capturedShare: inside / whole };
}

/**
 * The principal directions of several courses together, for one picture of them all: of runs by different optimizers from one start, say.
 * Every course counts with at most `perCourse` of its points, evenly chosen, so that none outweighs the others by its length.
 */
export function commonDirections(
  courses: readonly Trajectory[],
  { perCourse = 100, ...options }: PrincipalOptions & { readonly perCourse?: number },
): Principal {
  return principalDirections(
    courses.flatMap(({ steps, point }) => spread(steps.length, perCourse).map((i) => point(i))),
    options,
  );
}

/** At most `most` of the places 0 … count − 1, the first and the last among them. */
function spread(count: number, most: number): number[] {
  const wanted = Math.min(count, most);
  return Array.from({ length: wanted }, (_, k) =>
    wanted === 1 ? count - 1 : Math.round((k * (count - 1)) / (wanted - 1)),
  );
}
