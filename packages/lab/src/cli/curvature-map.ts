/** The part of `thalweg curvature` that goes over a plane: where around a place the loss is convex. */
import {
  convexityMap,
  coordinates,
  type Examples,
  type Grid,
  SampledLoss,
  samplesFrom,
} from "@thalweg/landscape";
import type { Place } from "../curvature/place.ts";
import type { Plane } from "../landscape/plane.ts";
import { Failure } from "./errors.ts";
import { writeText } from "./files.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

/** Planes that need one model. */
export const mapPlanes = ["filter", "hessian", "gradient"] as const;
export type MapPlane = (typeof mapPlanes)[number];

export interface MapRequest {
  readonly place: Place;
  readonly examples: Examples;
  readonly plane: Plane;
  readonly grid: Grid;
  readonly seed: number;
  /** On what, as the picture says it. */
  readonly subtitle: string;
  readonly plot?: string;
  readonly json?: boolean;
}

/** Measure, print, draw. Raises Failure where Ctrl-C ended it. */
export async function map(request: MapRequest, io: Io): Promise<void> {
  const { place, examples, plane, grid, seed, subtitle, plot, json } = request;
  const { model, name } = place.subject;
  const loss = new SampledLoss({ model, vector: place.vector, samples: samplesFrom(examples) });
  const total = grid.reduce((product, { points }) => product * points, 1);
  let done = 0;
  const onPoint = () => {
    done++;
    if (io.stderr.isTTY && done % 10 === 0) io.stderr.write(`Measured ${done} of ${total} points\n`);
  };
  const farewell = "Stopping after the point at hand; Ctrl-C again ends at once.";
  const found = await interruptible(io, farewell, (signal) =>
    convexityMap(loss, { family: plane.family, grid, seed, signal, onPoint }),
  ).finally(() => loss.release());
  if (done < total && found.largest.every(Number.isNaN)) {
    throw new Failure(
      `Cannot map ${name} as no point of the plane has a finite curvature: look less far, with --map`,
    );
  }
  const axes = grid.map(coordinates) as [Float64Array, Float64Array];
  const title = `Convexity around ${name}`;
  const facts = `${plane.description} · ${subtitle}`;
  try {
    if (plot !== undefined) {
      const { convexityFigure } = await import("../figures/convexity-figure.ts");
      const labels = plane.family.labels as [string, string];
      await writeText(plot, convexityFigure({ title, subtitle: facts, map: found, axes, labels }), io);
    }
  } finally {
    if (json) {
      const { smallest, largest, converged, ...rest } = found;
      const arrays = { x: [...axes[0]], y: [...axes[1]], smallest: [...smallest], largest: [...largest] };
      printJson(io.stdout, {
        place: name,
        plane: plane.description,
        seed,
        ...arrays,
        converged: [...converged],
        ...rest,
      });
    } else {
      const [low, high] = [least(found.smallest), -least(found.largest.map((value) => -value))];
      const unknown =
        total - done === 0 ? "" : ` ${total - done} of ${total} points have no finite curvature.`;
      io.stdout.write(
        `${title}, ${facts}\n\nNot convex on ${(100 * found.nonConvex).toFixed(1)} % of the plane: eigenvalues from ${brief(low)} to ${brief(high)}.${unknown}\n${found.products} products with the Hessian.\n`,
      );
    }
  }
}

const least = (values: Float64Array): number =>
  values.reduce((low, value) => (value < low ? value : low), Number.POSITIVE_INFINITY);
const brief = (value: number) => String(Number(value.toPrecision(4)));
