/**
 * A landscape drawn: filled contours of a plane with their values, or the profile along a line with its error band; models that lie on
 * it; below, a line that says what it is of. What is not finite is hatched: no colour stands for it.
 *
 * Heights that span a factor of eight or more have levels spaced by equal factors, all others by equal steps. Colours go from dark at the
 * bottom to light at the top in equal steps of lightness (viridis), so they read in grey and by any eyes.
 */

import * as Plot from "@observablehq/plot";
import {
  fieldOf,
  type HeightField,
  interpolator,
  type Levels,
  levelsOf,
  type Marker,
} from "@thalweg/landscape";
import { draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface LandscapeDrawing {
  readonly landscape: HeightField;
  /** Which field is the height; loss by default. */
  readonly field?: string;
  readonly title: string;
  readonly subtitle: string;
  /** What it is of: model, data, directions, statistics, date. */
  readonly provenance: string;
  /** One for each axis. */
  readonly labels: readonly string[];
  readonly markers: readonly Marker[];
  /** Courses of runs over the plane. */
  readonly paths?: readonly { readonly name: string; readonly coordinates: readonly (readonly number[])[] }[];
  /** Whether a unit must be as long on one axis as on the other. */
  readonly isEuclidean?: boolean;
}

const WIDTH = 680;
const MARGIN = { marginLeft: 56, marginRight: 22, marginTop: 66, marginBottom: 84 };
const AXIS = { labelAnchor: "center", labelArrow: "none" } as const;
const X_AXIS = { ...AXIS, labelOffset: 36 } as const;
const HEADING = { frameAnchor: "top-left", dx: -44 } as const;

/** Of courses, one after the other: readable on all of viridis, with a white seam. */
const PATHS = ["#c9540a", "#7a1fa2", "#0050a0", "#8c1c1c", "#1d1f21"];

/** SVG text. */
export function landscapeFigure(drawing: LandscapeDrawing): string {
  const { landscape, field = "loss", title, provenance } = drawing;
  const options = landscape.y.length === 0 ? profile(drawing) : contours(drawing);
  return standalone(
    draw(
      options,
      `${title}: ${field} on ${landscape.x.length} × ${Math.max(1, landscape.y.length)} points. ${provenance}`,
    ),
  );
}

const captions = ({ title, subtitle, provenance }: LandscapeDrawing): Plot.Markish[] => [
  Plot.text([title], { ...HEADING, dy: -54, fontSize: 15, fontWeight: 600 }),
  Plot.text([subtitle], { ...HEADING, dy: -32, fillOpacity: 0.75 }),
  Plot.text([provenance], {
    frameAnchor: "bottom-left",
    dx: -44,
    dy: 78,
    fontSize: 10,
    fillOpacity: 0.65,
    lineWidth: 62,
    lineAnchor: "bottom",
  }),
];

function contours(drawing: LandscapeDrawing): Plot.PlotOptions {
  const { landscape, field = "loss", labels, markers, paths = [], isEuclidean = false } = drawing;
  const { x, y } = landscape;
  const heights = fieldOf(landscape, field);
  const levels = levelsOf(heights);
  const between = interpolator(x, y, heights.map(levels.toLevel));
  const value = (px: number, py: number) => Math.max(0, between(px, py)); // cubics overshoot; NaN stays
  const [x1, x2, y1, y2] = [x[0]!, x.at(-1)!, y[0]!, y.at(-1)!];
  const inner = WIDTH - MARGIN.marginLeft - MARGIN.marginRight;
  const share = isEuclidean ? Math.min(1.3, Math.max(0.5, (y2 - y1) / (x2 - x1))) : 0.86;
  const height = Math.round(inner * share);
  const points = markers.map(({ name, coordinates: [px, py] }) => ({ name, px, py }));
  return {
    width: WIDTH,
    height: height + MARGIN.marginTop + MARGIN.marginBottom,
    ...MARGIN,
    x: { domain: [x1, x2], label: labels[0] ?? "", ...X_AXIS, ticks: 7 },
    y: { domain: [y1, y2], label: labels[1] ?? "", ...AXIS, ticks: 6 },
    color: { domain: [0, levels.count], scheme: "viridis", clamp: true },
    marks: [
      Plot.contour({
        x1,
        x2,
        y1,
        y2,
        value,
        thresholds: Array.from({ length: levels.count + 1 }, (_, k) => k),
        pixelSize: 2,
        fill: "value",
        stroke: "black",
        strokeOpacity: 0.25,
        strokeWidth: 0.6,
      }),
      Plot.link(hatching(landscape, heights), {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        stroke: "var(--path)",
        strokeWidth: 1,
      }),
      Plot.frame({ strokeOpacity: 0.4 }),
      Plot.text(levelLabels(levels, value, { x1, x2, y1, y2 }), {
        x: "x",
        y: "y",
        text: "text",
        fontSize: 10,
        fill: "white",
        stroke: "black",
        strokeWidth: 3,
        strokeOpacity: 0.6,
      }),
      ...paths.flatMap(({ coordinates }, i) =>
        [
          { stroke: "white", strokeWidth: 3.6, strokeOpacity: 0.75 },
          { stroke: PATHS[i % PATHS.length]!, strokeWidth: 1.8 },
        ].map((style) => Plot.line(coordinates as [number, number][], { ...style, clip: true })),
      ),
      Plot.dot(points, { x: "px", y: "py", r: 4, fill: "var(--path)", stroke: "white", strokeWidth: 1.2 }),
      Plot.text(points, {
        x: "px",
        y: "py",
        text: "name",
        dy: -12,
        fontSize: 11,
        fill: "white",
        stroke: "black",
        strokeOpacity: 0.6,
      }),
      ...captions(drawing),
    ],
  };
}

function profile(drawing: LandscapeDrawing): Plot.PlotOptions {
  const { landscape, field = "loss", labels, markers } = drawing;
  const heights = fieldOf(landscape, field);
  const errors = field === "loss" ? landscape.fields.get("standardError") : undefined;
  const points = Array.from(landscape.x, (x, i) => {
    const z = Number.isFinite(heights[i]) ? heights[i]! : Number.NaN;
    const error = errors?.[i] ?? 0;
    return { x, z, low: z - 2 * error, high: z + 2 * error };
  });
  const finite = points.map(({ z }) => z).filter(Number.isFinite);
  const isLog = finite.every((z) => z > 0) && Math.max(...finite) > 8 * Math.min(...finite);
  const broken = points.filter(({ z }) => Number.isNaN(z));
  return {
    width: WIDTH,
    height: 400,
    ...MARGIN,
    x: { domain: [landscape.x[0]!, landscape.x.at(-1)!], label: labels[0] ?? "", ...X_AXIS, ticks: 9 },
    y: {
      label: field,
      ...AXIS,
      type: isLog ? "log" : "linear",
      ticks: 6,
      tickFormat: brief,
      zero: field === "accuracy",
    },
    marks: [
      Plot.areaY(points, {
        x: "x",
        y1: isLog ? ({ z, low }) => Math.max(low, z / 10) : "low",
        y2: "high",
        fill: "var(--mark)",
        fillOpacity: 0.2,
      }),
      Plot.line(points, { x: "x", y: "z", stroke: "var(--mark)", strokeWidth: 2 }),
      Plot.ruleX(broken, { x: "x", stroke: "var(--path)", strokeOpacity: 0.6, strokeDasharray: "3 3" }),
      Plot.ruleX(markers, { x: ({ coordinates }: Marker) => coordinates[0]!, strokeOpacity: 0.4 }),
      Plot.text(markers, {
        x: ({ coordinates }: Marker) => coordinates[0]!,
        frameAnchor: "top",
        dy: 4,
        dx: 4,
        textAnchor: "start",
        text: "name",
        fontSize: 11,
      }),
      Plot.frame({ strokeOpacity: 0.4 }),
      ...captions(drawing),
    ],
  };
}

/** Two strokes through each point that is not finite, as long as half a cell. */
function hatching({ x, y }: HeightField, heights: Float64Array) {
  const [dx, dy] = [(x[1]! - x[0]!) / 3, (y[1]! - y[0]!) / 3];
  return Array.from(heights).flatMap((height, at) => {
    if (Number.isFinite(height)) return [];
    const [px, py] = [x[at % x.length]!, y[Math.floor(at / x.length)]!];
    return [
      { x1: px - dx, x2: px + dx, y1: py - dy, y2: py + dy },
      { x1: px - dx, x2: px + dx, y1: py + dy, y2: py - dy },
    ];
  });
}

interface Box {
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
}

/** Steps along the ray on which contours get their values, and the fewest between two of them. */
const [STEPS, APART] = [200, 11];

/** Where the ray from the middle to the upper right crosses contours: their heights. */
function levelLabels(levels: Levels, value: (x: number, y: number) => number, { x1, x2, y1, y2 }: Box) {
  const labels: { x: number; y: number; text: string }[] = [];
  let last = -APART;
  for (let k = 1; k < STEPS; k++) {
    const place = (share: number) =>
      [
        (x1 + x2) / 2 + (share / STEPS) * (x2 - x1) * 0.47,
        (y1 + y2) / 2 + (share / STEPS) * (y2 - y1) * 0.47,
      ] as const;
    const [before, here] = [value(...place(k - 1)), value(...place(k))];
    const level = Math.max(Math.floor(before), Math.floor(here));
    if (!(Math.floor(before) !== Math.floor(here)) || k - last < APART || level > levels.count) continue;
    if (!Number.isFinite(before) || !Number.isFinite(here)) continue;
    const [x, y] = place(k);
    labels.push({ x, y, text: brief(levels.heightOf(level)) });
    last = k;
  }
  return labels;
}

const brief = (value: number): string => String(Number(value.toPrecision(3)));
