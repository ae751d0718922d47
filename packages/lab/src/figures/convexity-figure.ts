/**
 * Where on a plane the loss is convex: each cell has the ratio |λ_min / λ_max| of its whole Hessian where λ_min is negative, and 0 where
 * it is not. What has no finite curvature is left empty and crossed out.
 */
import * as Plot from "@observablehq/plot";
import type { ConvexityMap } from "@thalweg/landscape";
import { draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface ConvexityDrawing {
  readonly title: string;
  readonly subtitle: string;
  readonly map: ConvexityMap;
  /** Coordinates along x and y. */
  readonly axes: readonly [Float64Array, Float64Array];
  readonly labels: readonly [string, string];
}

const WIDTH = 640;
const MARGIN = { marginLeft: 60, marginRight: 24, marginTop: 96, marginBottom: 60 };
/** Columns up to which each cell has room for its number. */
const MOST_NUMBERED = 13;

/** The ratio that has the brightest colour, as in the code of Li et al.. */
const MOST = 0.5;

/** SVG text. */
export function convexityFigure({ title, subtitle, map, axes, labels }: ConvexityDrawing): string {
  const [x, y] = axes;
  const [dx, dy] = [x[1]! - x[0]!, y[1]! - y[0]!];
  const cells = Array.from(y).flatMap((b, row) =>
    Array.from(x, (a, column) => {
      const point = row * x.length + column;
      const [low, high] = [map.smallest[point]!, map.largest[point]!];
      const ratio = Math.min(1, Math.max(0, -low) / Math.max(high, -low));
      return { a, b, ratio };
    }),
  );
  const known = cells.filter(({ ratio }) => !Number.isNaN(ratio));
  const unknown = cells.filter(({ ratio }) => Number.isNaN(ratio));
  const cell = {
    x1: ({ a }: { a: number }) => a - dx / 2,
    x2: ({ a }: { a: number }) => a + dx / 2,
    y1: ({ b }: { b: number }) => b - dy / 2,
    y2: ({ b }: { b: number }) => b + dy / 2,
  };
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height: 560,
    ...MARGIN,
    x: { label: labels[0], labelAnchor: "center", labelArrow: "none" },
    y: { label: labels[1], labelAnchor: "center", labelArrow: "none" },
    color: { type: "linear", domain: [0, MOST], clamp: true, scheme: "viridis" },
    marks: [
      Plot.rect(known, { ...cell, fill: "ratio" }),
      Plot.rect(unknown, { ...cell, stroke: "currentColor", strokeOpacity: 0.3 }),
      Plot.text(unknown, { x: "a", y: "b", text: () => "×", fillOpacity: 0.6 }),
      x.length <= MOST_NUMBERED
        ? Plot.text(known, {
            x: "a",
            y: "b",
            text: ({ ratio }: { ratio: number }) => ratio.toFixed(2),
            fontSize: 10,
            fill: ({ ratio }: { ratio: number }) => (ratio < 0.6 * MOST ? "#fff" : "#000"),
          })
        : null,
      Plot.text(
        [
          `|λ_min / λ_max|, dark: 0, convex; yellow: ${MOST} or more · not convex on ${(100 * map.nonConvex).toFixed(1)} % of the plane`,
        ],
        { ...HEADING, dy: -22, fillOpacity: 0.75 },
      ),
      Plot.text([title], { ...HEADING, dy: -76, fontSize: 15, fontWeight: 600 }),
      Plot.text([subtitle], { ...HEADING, dy: -52, fillOpacity: 0.75, fontSize: 10 }),
    ],
  };
  return standalone(draw(options, `${title}: share of negative curvature on a plane; ${subtitle}`));
}

const HEADING = { frameAnchor: "top-left", dx: -48 } as const;
