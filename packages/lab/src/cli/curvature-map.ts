/** The part of `thalweg curvature` that goes over a plane: where around a place the loss is convex. */
import { availableParallelism } from "node:os";
import { coordinates, type Grid, type ModelForm } from "@thalweg/landscape";
import type { JsonObject } from "@thalweg/train";
import type { Place } from "../curvature/place.ts";
import { runConvexity } from "../landscape/convexity.ts";
import type { Plane } from "../landscape/plane.ts";
import { Failure, fromUserLater } from "./errors.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { writePicture } from "./landscape-files.ts";
import { printJson } from "./print.ts";

/** Planes that need one model. */
export const mapPlanes = ["filter", "hessian", "gradient"] as const;
export type MapPlane = (typeof mapPlanes)[number];

export interface MapRequest {
  readonly place: Place;
  readonly set: "train" | "test";
  readonly indices: Uint32Array;
  readonly form: ModelForm;
  /** The cores by default. */
  readonly workers?: number;
  readonly out?: string;
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
  const { place, set, indices, form, plane, grid, seed, subtitle, plot, json, out } = request;
  const { subject } = place;
  const { name } = subject;
  const { family } = plane;
  const total = grid.reduce((product, { points }) => product * points, 1);
  const { workers = total >= WORTH_THREADS ? availableParallelism() : 0 } = request;
  const facts: JsonObject = { model: name, plane: plane.description, measured: subtitle };
  const onTile = ({ done, tiles }: { done: number; tiles: number }) => {
    if (io.stderr.isTTY) io.stderr.write(`\r${done} of ${tiles} stretches${done === tiles ? "\n" : ""}`);
  };
  const farewell = "Stopping after the stretches at hand; Ctrl-C again ends at once.";
  const found = await interruptible(io, farewell, (signal) =>
    fromUserLater(() =>
      runConvexity({
        ...{ subject, family, grid, set, indices, seed, form, workers, facts, signal, onTile },
        ...(out !== undefined && { folder: out }),
      }),
    ),
  );
  const measured = found.largest.filter((value) => !Number.isNaN(value)).length;
  if (measured === 0 && found.end === "finished") {
    throw new Failure(
      `Cannot map ${name} as no point of the plane has a finite curvature: look less far, with --map`,
    );
  }
  const axes = grid.map(coordinates) as [Float64Array, Float64Array];
  const title = `Convexity around ${name}`;
  const line = `${plane.description} · ${subtitle}`;
  try {
    if (plot !== undefined) {
      const { convexityFigure } = await import("../figures/convexity-figure.ts");
      const labels = plane.family.labels as [string, string];
      const svg = convexityFigure({ title, subtitle: line, map: found, axes, labels });
      await writePicture(plot, svg, `${title} · ${line}`, io);
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
        total === measured ? "" : ` ${total - measured} of ${total} points have no finite curvature.`;
      io.stdout.write(
        `${title}, ${line}\n\nNot convex on ${(100 * found.nonConvex).toFixed(1)} % of the plane: eigenvalues from ${brief(low)} to ${brief(high)}.${unknown}\n${found.products} products with the Hessian.\n`,
      );
    }
  }
  if (found.end === "interrupted") {
    throw new Failure(
      `Interrupted: ${found.evaluated + found.kept} stretches are kept. To go on, ask for the same again: it is found in ${found.folder}`,
    );
  }
}

/** Points from which on threads pay for their start. */
const WORTH_THREADS = 25;

const least = (values: Float64Array): number =>
  values.reduce((low, value) => (value < low ? value : low), Number.POSITIVE_INFINITY);
const brief = (value: number) => String(Number(value.toPrecision(4)));
