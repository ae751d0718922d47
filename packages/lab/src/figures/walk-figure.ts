/**
 * A walk drawn on its surface: contour lines, the path from start to end, the known minima.
 *
 * Both axes have the same scale, so gradients are perpendicular to contours, as they should look. Contours of a surface
 * with a minimum are spaced by factors of √10 above it: the flat valley and the steep walls both show. Where all values are of
 * one size, as the surface's view then says, they are spaced evenly. Higher ground is inked more, whatever the ink.
 */
import * as Plot from "@observablehq/plot";
import { draw } from "../report/chart.ts";
import type { Point, Station, Surface, Walk } from "../surfaces/index.ts";
import { standalone } from "./standalone.ts";

export interface WalkDrawing {
  readonly surface: Surface;
  readonly walk: Walk;
  readonly title: string;
  readonly subtitle: string;
}

interface Box {
  readonly x: Point;
  readonly y: Point;
}

const WIDTH = 640;
const MARGIN = { marginLeft: 52, marginRight: 20, marginTop: 64, marginBottom: 44 };

/** SVG text of the path over the contours. */
export function walkFigure({ surface, walk, title, subtitle }: WalkDrawing): string {
  const finite = walk.path.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const box = frame(surface.view, finite);
  const inner = WIDTH - MARGIN.marginLeft - MARGIN.marginRight;
  const height = Math.round((inner * span(box.y)) / span(box.x)) + MARGIN.marginTop + MARGIN.marginBottom;
  const path = thinned(finite).map(({ x, y }) => keepNear(box, [x, y]));
  const ending = walk.status === "diverged" ? `diverged at step ${walk.path.at(-1)!.step}` : "";
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height,
    ...MARGIN,
    x: { domain: [...box.x], label: "x", ...AXIS, ticks: 7 },
    y: { domain: [...box.y], label: "y", ...AXIS, ticks: 6 },
    marks: [
      contours(surface, box),
      Plot.frame({ strokeOpacity: 0.4 }),
      Plot.line(path, { stroke: "var(--path)", strokeWidth: 1.5, strokeLinejoin: "round", clip: true }),
      path.length <= MOST_DOTS
        ? Plot.dot(path.slice(1, -1).filter(isIn(box)), { r: 1.8, fill: "var(--path)", stroke: "none" })
        : null,
      ends(path.filter(isIn(box)), walk),
      Plot.dot(surface.minima.filter(isIn(box)), {
        symbol: "star",
        r: 6,
        fill: "var(--mark)",
        stroke: "none",
      }),
      Plot.text([title], { ...HEADING, dy: -52, fontSize: 15, fontWeight: 600 }),
      Plot.text([[`f = ${surface.formula}`, subtitle, ending].filter((part) => part !== "").join(" · ")], {
        ...HEADING,
        dy: -30,
        fillOpacity: 0.75,
      }),
    ],
  };
  return standalone(
    draw(options, `${title}: contours of ${surface.formula} and the path of ${walk.path.length - 1} steps`),
  );
}

const AXIS = { labelAnchor: "center", labelArrow: "none" } as const;

const HEADING = { frameAnchor: "top-left", dx: -40 } as const;

/** Beyond it, the dots of single steps run into each other. */
const MOST_DOTS = 250;

/** More points than this cannot be told apart on the picture; the first and the last are always kept. */
const MOST_POINTS = 5_000;

function thinned<T>(path: readonly T[]): readonly T[] {
  const stride = Math.ceil(path.length / MOST_POINTS);
  return path.filter((_, i) => i % stride === 0 || i === path.length - 1);
}

function contours({ value, minima, view }: Surface, { x, y }: Box): Plot.Markish {
  const corners = 40; // samples per axis that find the highest point of the box, well enough for a level
  const samples = Array.from({ length: (corners + 1) ** 2 }, (_, k) => {
    const [i, j] = [k % (corners + 1), Math.floor(k / (corners + 1))];
    return value(x[0] + (span(x) * i) / corners, y[0] + (span(y) * j) / corners);
  });
  const high = Math.max(...samples);
  const [lowest] = minima;
  const thresholds =
    lowest === undefined || view.levels === "even"
      ? evenLevels(Math.min(...samples), high)
      : logLevels(value(...lowest), high);
  return Plot.contour({
    x1: x[0],
    x2: x[1],
    y1: y[0],
    y2: y[1],
    value,
    thresholds,
    pixelSize: 2,
    fill: "currentColor",
    fillOpacity: 0.34 / thresholds.length,
    stroke: "currentColor",
    strokeOpacity: 0.28,
    strokeWidth: 0.7,
  });
}

/** lowest + 10^(k/2), from five decades below the highest point; a still finer level would be thinner than a line. */
function logLevels(lowest: number, high: number): number[] {
  const top = Math.floor(2 * Math.log10(high - lowest));
  const bottom = top - 10;
  return Array.from({ length: top - bottom + 1 }, (_, k) => lowest + 10 ** ((bottom + k) / 2));
}

const LEVELS = 17;

const evenLevels = (low: number, high: number): number[] =>
  Array.from({ length: LEVELS }, (_, k) => low + ((high - low) * (k + 1)) / (LEVELS + 1));

/** The start as a ring, the end as a disc; a walk that diverged has no end to show. */
function ends(path: readonly Point[], { status }: Walk): Plot.Markish[] {
  const ring = { r: 5, stroke: "var(--path)", strokeWidth: 2 };
  const start = Plot.dot(path.slice(0, 1), { ...ring, fill: "none" });
  return status === "diverged"
    ? [start]
    : [start, Plot.dot(path.slice(-1), { ...ring, fill: "var(--path)" })];
}

/**
 * The surface's own view, widened to hold the path, though never beyond three times itself: what runs away leaves the
 * picture. Then widened again until the sides are at most 1 : 2 and at least 1 : 1.1.
 */
function frame(view: Box, path: readonly Station[]): Box {
  const x = widen(
    view.x,
    path.map((station) => station.x),
  );
  const y = widen(
    view.y,
    path.map((station) => station.y),
  );
  return { x: grown(x, span(y) / 1.1), y: grown(y, span(x) / 2) };
}

function widen([low, high]: Point, values: readonly number[]): Point {
  const reach = high - low;
  const wanted = [...values].filter((value) => value >= low - reach && value <= high + reach);
  const [least, most] = [
    wanted.reduce((a, b) => Math.min(a, b), low),
    wanted.reduce((a, b) => Math.max(a, b), high),
  ];
  return [least < low ? least - reach / 20 : low, most > high ? most + reach / 20 : high];
}

/** The interval about the same centre, at least `length` long. */
function grown([low, high]: Point, length: number): Point {
  const missing = Math.max(0, length - (high - low)) / 2;
  return [low - missing, high + missing];
}

const span = ([low, high]: Point) => high - low;

const isIn =
  ({ x, y }: Box) =>
  ([px, py]: Point) =>
    px >= x[0] && px <= x[1] && py >= y[0] && py <= y[1];

/** Lines to very far points are drawn towards them, not to coordinates that a renderer cannot hold. */
function keepNear({ x, y }: Box, [px, py]: Point): Point {
  const far = 100 * Math.max(span(x), span(y));
  const scale = Math.min(1, far / Math.max(Math.abs(px), Math.abs(py)));
  return [px * scale, py * scale];
}
