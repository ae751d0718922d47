/**
 * A map of a surface with paths on it: the ground with the paths so far, to which a growing path only adds, and over a copy of it the marks that move, drawn as
 * often as somebody asks. Higher ground is inked more, whatever the ink. It knows no optimizers: a path is a run of points.
 */

import { ticks } from "d3-array";
import { contours } from "d3-contour";
import type { Box, Heights } from "../race/heights.ts";
import type { Pair } from "../race/surface.ts";
import { styleColour } from "./colours.ts";

export interface MapPath {
  /** x and y in turn. */
  readonly points: Float64Array;
  /** How many of the points to draw. */
  readonly length: number;
  readonly colour: string;
  /** Fainter and without a head: one of many seeds. */
  readonly faint: boolean;
  readonly selected: boolean;
}

export interface MapArrow {
  readonly from: Pair;
  readonly to: Pair;
  readonly colour: string;
  readonly label: string;
}

export interface MapScene {
  /** Scenes of one key differ in how long their paths are, and in nothing else of them: what is drawn of a path stays. */
  readonly key?: unknown;
  readonly paths: readonly MapPath[];
  readonly arrows: readonly MapArrow[];
  readonly minima: readonly Pair[];
  readonly start: Pair;
}

export interface ContourMap {
  /** Another surface, box or theme. */
  drawGround(heights: Heights): void;
  drawScene(scene: MapScene): void;
  /** Where a point of the plane is, in CSS pixels of the map, and back. */
  toPixel(point: Pair): Pair;
  toPoint(pixel: Pair): Pair;
  dispose(): void;
}

/** No key at all: everything is drawn. */
const NOTHING = Symbol("nothing");

const MARGIN = { left: 44, right: 10, top: 10, bottom: 28 };

export function contourMap(host: HTMLElement): ContourMap {
  const scene = document.createElement("canvas");
  scene.setAttribute("aria-hidden", "true");
  scene.style.cssText = "position:absolute;inset:0;width:100%;height:100%";
  host.append(scene);
  /** The ground with the paths on it; not in the document, so that a frame changes one canvas there. */
  const ground = document.createElement("canvas");
  let box: Box = { x: [-1, 1], y: [-1, 1] };
  let [width, height] = [1, 1];
  /** The ground without paths, to begin anew from. */
  const bare = document.createElement("canvas");
  let drawnKey: unknown = NOTHING;
  let drawnLengths: number[] = [];

  const measure = (): number => {
    width = Math.max(1, host.clientWidth);
    height = Math.max(1, host.clientHeight);
    const ratio = devicePixelRatio;
    for (const canvas of [ground, scene, bare]) {
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    }
    return ratio;
  };
  const inner = () => ({
    w: Math.max(1, width - MARGIN.left - MARGIN.right),
    h: Math.max(1, height - MARGIN.top - MARGIN.bottom),
  });
  const toPixel = ([x, y]: Pair): Pair => {
    const { w, h } = inner();
    return [
      MARGIN.left + ((x - box.x[0]) / (box.x[1] - box.x[0])) * w,
      MARGIN.top + (1 - (y - box.y[0]) / (box.y[1] - box.y[0])) * h,
    ];
  };
  const toPoint = ([px, py]: Pair): Pair => {
    const { w, h } = inner();
    return [
      box.x[0] + ((px - MARGIN.left) / w) * (box.x[1] - box.x[0]),
      box.y[0] + (1 - (py - MARGIN.top) / h) * (box.y[1] - box.y[0]),
    ];
  };

  const drawGround = (heights: Heights) => {
    box = heights.box;
    const ratio = measure();
    const context = bare.getContext("2d")!;
    const [ink, muted] = [styleColour("--ink"), styleColour("--muted")];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const { w, h } = inner();
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, w, h);
    context.clip();
    drawLevels(context, heights, { w, h }, ink);
    context.restore();
    context.strokeStyle = ink;
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    context.strokeRect(MARGIN.left + 0.5, MARGIN.top + 0.5, w - 1, h - 1);
    context.globalAlpha = 1;
    drawTicks(context, box, { w, h }, muted, toPixel);
    drawnKey = NOTHING;
    layBare();
  };

  const layBare = () => {
    const context = ground.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, ground.width, ground.height);
    context.drawImage(bare, 0, 0);
    drawnLengths = [];
  };

  const inside = (context: CanvasRenderingContext2D, draw: () => void) => {
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { w, h } = inner();
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, w, h);
    context.clip();
    context.lineJoin = "round";
    draw();
    context.restore();
  };

  const drawPaths = ({ key = NOTHING, paths }: MapScene) => {
    const goesOn =
      key !== NOTHING && key === drawnKey && paths.every(({ length }, i) => length >= (drawnLengths[i] ?? 0));
    if (!goesOn) layBare();
    drawnKey = key;
    const context = ground.getContext("2d")!;
    inside(context, () => {
      paths.forEach((path, i) => {
        drawPath(context, path, drawnLengths[i] ?? 0, toPixel);
        drawnLengths[i] = path.length;
      });
    });
  };

  const drawScene = (shown: MapScene) => {
    drawPaths(shown);
    const { paths, arrows, minima, start } = shown;
    const context = scene.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, scene.width, scene.height);
    context.drawImage(ground, 0, 0);
    const ink = styleInk(host);
    inside(context, () => {
      context.fillStyle = ink;
      for (const point of minima) star(context, toPixel(point));
      for (const path of paths) drawHead(context, path, toPixel);
      for (const arrow of arrows) drawArrow(context, arrow, toPixel);
      ring(context, toPixel(start), ink);
    });
  };

  return {
    drawGround,
    drawScene,
    toPixel,
    toPoint,
    dispose: () => scene.remove(),
  };
}

/** The text colour of the map's element; cheaper than asking for a name. */
const styleInk = (host: HTMLElement): string => getComputedStyle(host).color;

function drawLevels(
  context: CanvasRenderingContext2D,
  { columns, rows, levels, count }: Heights,
  { w, h }: { w: number; h: number },
  ink: string,
): void {
  const thresholds = Array.from({ length: count }, (_, k) => k);
  const bands = contours().size([columns, rows]).thresholds(thresholds)(levels as unknown as number[]);
  // contours are in grid units, a sample in the middle of its cell
  const px = (i: number) => MARGIN.left + ((i - 0.5) / (columns - 1)) * w;
  const py = (j: number) => MARGIN.top + (1 - (j - 0.5) / (rows - 1)) * h;
  context.fillStyle = ink;
  context.strokeStyle = ink;
  context.lineWidth = 0.7;
  for (const { coordinates } of bands) {
    context.beginPath();
    for (const ring of coordinates.flat()) {
      ring.forEach(([i, j], k) => {
        if (k === 0) context.moveTo(px(i!), py(j!));
        else context.lineTo(px(i!), py(j!));
      });
    }
    context.globalAlpha = 0.3 / count;
    context.fill("evenodd");
    context.globalAlpha = 0.25;
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawTicks(
  context: CanvasRenderingContext2D,
  box: Box,
  { w, h }: { w: number; h: number },
  colour: string,
  toPixel: (point: Pair) => Pair,
): void {
  context.fillStyle = colour;
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  const bottom = MARGIN.top + h;
  for (const x of ticks(box.x[0], box.x[1], Math.max(2, Math.round(w / 90)))) {
    const [px] = toPixel([x, box.y[0]]);
    context.fillRect(px, bottom, 1, 4);
    context.fillText(number(x), px, bottom + 7);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const y of ticks(box.y[0], box.y[1], Math.max(2, Math.round(h / 70)))) {
    const [, py] = toPixel([box.x[0], y]);
    context.fillRect(MARGIN.left - 4, py, 4, 1);
    context.fillText(number(y), MARGIN.left - 7, py);
  }
}

const number = (value: number) => String(Number(value.toPrecision(6))).replace("-", "−");

/** A path from what is drawn of it to its end. */
function drawPath(
  context: CanvasRenderingContext2D,
  { points, length, colour, faint, selected }: MapPath,
  drawn: number,
  toPixel: (point: Pair) => Pair,
): void {
  if (length - Math.max(1, drawn) < 1) return;
  context.strokeStyle = colour;
  context.globalAlpha = faint ? 0.28 : 1;
  context.lineWidth = faint ? 1 : selected ? 2.6 : 1.7;
  context.beginPath();
  for (let k = Math.max(0, drawn - 1); k < length; k++) {
    const [px, py] = keepNear(toPixel([points[2 * k]!, points[2 * k + 1]!]));
    if (k === Math.max(0, drawn - 1)) context.moveTo(px, py);
    else context.lineTo(px, py);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** Where a path has come to; and, of a short one, each step. */
function drawHead(
  context: CanvasRenderingContext2D,
  { points, length, colour, faint, selected }: MapPath,
  toPixel: (point: Pair) => Pair,
): void {
  if (faint || length === 0) return;
  const place = (k: number) => keepNear(toPixel([points[2 * k]!, points[2 * k + 1]!]));
  context.fillStyle = colour;
  if (length <= 80 && selected) for (let k = 0; k < length - 1; k++) dot(context, place(k), 2.2);
  dot(context, place(length - 1), selected ? 6 : 5);
}

/** Canvases lose lines that end millions of pixels away; the direction is kept well enough. */
const keepNear = ([x, y]: Pair): Pair => [clamp(x), clamp(y)];
const FAR = 20_000;
const clamp = (value: number) => Math.min(FAR, Math.max(-FAR, Number.isNaN(value) ? FAR : value));

function dot(context: CanvasRenderingContext2D, [x, y]: Pair, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context: CanvasRenderingContext2D, [x, y]: Pair, colour: string): void {
  context.beginPath();
  context.arc(x, y, 6.5, 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.stroke();
}

function star(context: CanvasRenderingContext2D, [x, y]: Pair): void {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const radius = k % 2 === 0 ? 6.5 : 2.8;
    const angle = -Math.PI / 2 + (k * Math.PI) / 5;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  context.fill();
}

function drawArrow(
  context: CanvasRenderingContext2D,
  { from, to, colour, label }: MapArrow,
  toPixel: (point: Pair) => Pair,
): void {
  const [x0, y0] = toPixel(from);
  const [x1, y1] = keepNear(toPixel(to));
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (!(length > 2)) return;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1 - 6 * ux, y1 - 6 * uy);
  context.stroke();
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x1 - 9 * ux + 4 * uy, y1 - 9 * uy - 4 * ux);
  context.lineTo(x1 - 9 * ux - 4 * uy, y1 - 9 * uy + 4 * ux);
  context.fill();
  context.font = "italic 600 13px system-ui, sans-serif";
  context.textAlign = ux < 0 ? "right" : "left";
  context.textBaseline = "middle";
  context.fillText(label, x1 + 6 * ux, y1 + 10 * uy);
}

/** The box made wide or high enough that both axes have one scale in so many pixels, so that gradients cross contours at right angles. */
export function sameScale(box: Box, width: number, height: number): Box {
  const w = Math.max(1, width - MARGIN.left - MARGIN.right);
  const h = Math.max(1, height - MARGIN.top - MARGIN.bottom);
  const [spanX, spanY] = [box.x[1] - box.x[0], box.y[1] - box.y[0]];
  if (Math.max(spanX / spanY, spanY / spanX) > 4) return box; // one axis would vanish
  const unit = Math.max(spanX / w, spanY / h);
  const around = ([low, high]: Pair, span: number): Pair => [
    (low + high - span) / 2,
    (low + high + span) / 2,
  ];
  return { x: around(box.x, unit * w), y: around(box.y, unit * h) };
}
