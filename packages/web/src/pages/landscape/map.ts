/** A surface as a map: filled contours, lines of equal height, courses of runs and models on it, and a cursor. On a canvas, or as SVG text. */
import { ticks } from "d3-array";
import { styleColour } from "../../charts/colours.ts";
import { type Layer, layersOf, unknownCells } from "./contour.ts";
import type { HeightField, Overlay } from "./height-field.ts";
import { colourOf, type HeightScale } from "./height-scale.ts";

export interface MapDrawing {
  readonly field: HeightField;
  readonly heights: Float64Array;
  readonly scale: HeightScale;
  readonly levels: number;
  readonly lines: boolean;
  readonly labels: readonly string[];
  readonly overlay: Overlay;
  /** Courses are drawn up to this share of their points. */
  readonly until: number;
  readonly cursor: Place | undefined;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface SurfaceMap {
  update(drawing: MapDrawing): void;
  /** Where a pointer is on the plane; undefined outside. */
  placeOf(clientX: number, clientY: number): Place | undefined;
  readonly canvas: HTMLCanvasElement;
  dispose(): void;
}

const MARGIN = { left: 46, right: 10, top: 8, bottom: 38 };
/** Readable on all of viridis, with a white seam. */
const COURSES = ["#c9540a", "#7a1fa2", "#0050a0", "#8c1c1c", "#1d1f21"];

export function surfaceMap(host: HTMLElement, first: MapDrawing): SurfaceMap {
  const canvas = document.createElement("canvas");
  canvas.style.cssText = "display:block;width:100%";
  canvas.setAttribute("aria-hidden", "true");
  host.append(canvas);
  const ground = document.createElement("canvas");
  let drawing = first;
  let drawn: readonly unknown[] = [];

  const paint = () => {
    const { width, height } = sizeOf(host, drawing);
    const ratio = Math.min(2, devicePixelRatio);
    const key = [
      drawing.heights,
      drawing.scale,
      drawing.levels,
      drawing.lines,
      width,
      height,
      styleColour("--ink"),
    ];
    if (key.some((one, i) => one !== drawn[i])) {
      drawn = key;
      for (const one of [canvas, ground]) {
        one.width = Math.round(width * ratio);
        one.height = Math.round(height * ratio);
      }
      canvas.style.height = `${height}px`;
      paintGround(contextOf(ground, ratio), drawing, width, height);
    }
    const context = contextOf(canvas, ratio);
    context.clearRect(0, 0, width, height);
    context.drawImage(ground, 0, 0, width, height);
    paintOverlay(context, drawing, width, height);
  };
  const observer = new ResizeObserver(paint);
  observer.observe(host);
  return {
    canvas,
    update: (next) => {
      drawing = next;
      paint();
    },
    placeOf: (clientX, clientY) => {
      const { left, top } = canvas.getBoundingClientRect();
      const { width, height } = sizeOf(host, drawing);
      const u = (clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
      const v = 1 - (clientY - top - MARGIN.top) / (height - MARGIN.top - MARGIN.bottom);
      if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) return undefined;
      const { x, y } = drawing.field;
      return { x: x[0]! + u * (x.at(-1)! - x[0]!), y: y[0]! + v * (y.at(-1)! - y[0]!) };
    },
    dispose: () => {
      observer.disconnect();
      canvas.remove();
    },
  };
}

function contextOf(canvas: HTMLCanvasElement, ratio: number): CanvasRenderingContext2D {
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** As wide as there is room; of the plane's own shape where its axes have a common unit. */
function sizeOf(host: HTMLElement, { field, overlay }: MapDrawing): { width: number; height: number } {
  const width = Math.max(160, host.clientWidth);
  const { x, y } = field;
  const aspect = overlay.isEuclidean ? (y.at(-1)! - y[0]!) / (x.at(-1)! - x[0]!) : 0.9;
  const inner = (width - MARGIN.left - MARGIN.right) * Math.min(1.2, Math.max(0.5, aspect));
  return { width, height: Math.round(inner + MARGIN.top + MARGIN.bottom) };
}

interface Frame {
  readonly toX: (u: number) => number;
  readonly toY: (v: number) => number;
}

const frameOf = (width: number, height: number): Frame => ({
  toX: (u) => MARGIN.left + u * (width - MARGIN.left - MARGIN.right),
  toY: (v) => MARGIN.top + (1 - v) * (height - MARGIN.top - MARGIN.bottom),
});

const unitOf = (axis: Float64Array, value: number) => (value - axis[0]!) / (axis.at(-1)! - axis[0]!);

function paintGround(
  context: CanvasRenderingContext2D,
  drawing: MapDrawing,
  width: number,
  height: number,
): void {
  const { field, heights, scale, levels, lines, labels } = drawing;
  const { toX, toY } = frameOf(width, height);
  context.clearRect(0, 0, width, height);
  for (const layer of layersOf(field, heights, scale, levels)) {
    const path = pathOf(layer, toX, toY);
    context.fillStyle = colourOf(scale, middleOf(layer, levels));
    context.fill(path, "evenodd");
    if (!lines || layer.level === 0) continue;
    context.strokeStyle = "rgb(255 255 255 / 0.35)";
    context.lineWidth = 0.7;
    context.stroke(path);
  }
  const ink = styleColour("--muted");
  context.fillStyle = hatch(context, ink, styleColour("--tint"));
  for (const [u, v, du, dv] of unknownCells(field, heights)) {
    context.fillRect(toX(u), toY(v + dv), toX(u + du) - toX(u) + 0.5, toY(v) - toY(v + dv) + 0.5);
  }
  paintAxes(context, field, { toX, toY }, labels, ink, width, height);
}

/** The colour of a layer is that of the middle of its step. */
const middleOf = ({ level }: Layer, levels: number) => Math.min(1, level + 0.5 / levels);

function hatch(context: CanvasRenderingContext2D, ink: string, ground: string): CanvasPattern | string {
  const tile = document.createElement("canvas");
  [tile.width, tile.height] = [8, 8];
  const inside = tile.getContext("2d")!;
  inside.fillStyle = ground;
  inside.fillRect(0, 0, 8, 8);
  inside.strokeStyle = ink;
  inside.globalAlpha = 0.5;
  for (const shift of [-8, 0, 8]) {
    inside.moveTo(shift, 8);
    inside.lineTo(shift + 8, 0);
  }
  inside.stroke();
  return context.createPattern(tile, "repeat") ?? ground;
}

function pathOf({ polygons }: Layer, toX: (u: number) => number, toY: (v: number) => number): Path2D {
  const path = new Path2D();
  for (const ring of polygons.flat()) {
    ring.forEach(([u, v], i) => {
      if (i === 0) path.moveTo(toX(u), toY(v));
      else path.lineTo(toX(u), toY(v));
    });
    path.closePath();
  }
  return path;
}

function paintAxes(
  context: CanvasRenderingContext2D,
  { x, y }: HeightField,
  { toX, toY }: Frame,
  labels: readonly string[],
  ink: string,
  width: number,
  height: number,
): void {
  context.fillStyle = ink;
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = "center";
  const bottom = height - MARGIN.bottom;
  for (const tick of ticks(x[0]!, x.at(-1)!, 5))
    context.fillText(String(tick), toX(unitOf(x, tick)), bottom + 14);
  context.fillText(fitted(context, labels[0] ?? "", width - 60), (MARGIN.left + width) / 2, bottom + 31);
  context.textAlign = "right";
  for (const tick of ticks(y[0]!, y.at(-1)!, 5))
    context.fillText(String(tick), MARGIN.left - 5, toY(unitOf(y, tick)) + 4);
  context.save();
  context.translate(11, (MARGIN.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(fitted(context, labels[1] ?? "", bottom - 10), 0, 0);
  context.restore();
}

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  let kept = text;
  while (kept.length > 4 && context.measureText(kept).width > width) kept = `${kept.slice(0, -2)}…`;
  return kept;
}

function paintOverlay(
  context: CanvasRenderingContext2D,
  drawing: MapDrawing,
  width: number,
  height: number,
): void {
  const { field, overlay, until, cursor } = drawing;
  const { toX, toY } = frameOf(width, height);
  const place = ([px = 0, py = 0]: readonly number[]) =>
    [toX(unitOf(field.x, px)), toY(unitOf(field.y, py))] as const;
  context.save();
  context.beginPath();
  context.rect(
    MARGIN.left,
    MARGIN.top,
    width - MARGIN.left - MARGIN.right,
    height - MARGIN.top - MARGIN.bottom,
  );
  context.clip();
  overlay.paths.forEach(({ coordinates }, k) => {
    const shown = coordinates.slice(0, 1 + Math.round(until * (coordinates.length - 1)));
    const path = new Path2D();
    shown.forEach((point, i) => {
      const [px, py] = place(point);
      if (i === 0) path.moveTo(px, py);
      else path.lineTo(px, py);
    });
    for (const [style, line] of [
      ["#ffffff", 4],
      [COURSES[k % COURSES.length]!, 2],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = line;
      context.lineJoin = "round";
      context.stroke(path);
    }
    const head = shown.at(-1);
    if (head !== undefined) dot(context, place(head), 5, COURSES[k % COURSES.length]!);
  });
  for (const { coordinates } of overlay.markers) dot(context, place(coordinates), 4, "#1d1f21");
  if (cursor !== undefined) {
    const [px, py] = place([cursor.x, cursor.y]);
    context.strokeStyle = "#ffffff";
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(px, MARGIN.top);
    context.lineTo(px, height - MARGIN.bottom);
    context.moveTo(MARGIN.left, py);
    context.lineTo(width - MARGIN.right, py);
    context.stroke();
  }
  context.restore();
}

function dot(
  context: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  radius: number,
  colour: string,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.5;
  context.stroke();
}

/** The same map as an SVG file, with what it is of below it. */
export function mapSvg(drawing: MapDrawing, title: string, provenance: string): string {
  const [width, height] = [640, 600];
  const { field, heights, scale, levels, lines, overlay, labels } = drawing;
  const { toX, toY } = frameOf(width, height);
  const text = (words: string) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const number = (value: number) => String(Number(value.toFixed(2)));
  const d = (points: readonly (readonly [number, number])[], close: boolean) =>
    `M${points.map(([u, v]) => `${number(toX(u))},${number(toY(v))}`).join("L")}${close ? "Z" : ""}`;
  const layers = layersOf(field, heights, scale, levels).map((layer) => {
    const stroke = lines && layer.level > 0 ? ' stroke="#fff" stroke-opacity="0.35" stroke-width="0.7"' : "";
    return `<path fill="${colourOf(scale, middleOf(layer, levels))}" fill-rule="evenodd"${stroke} d="${layer.polygons
      .flat()
      .map((ring) => d(ring, true))
      .join("")}"/>`;
  });
  const point = ([px = 0, py = 0]: readonly number[]) => [unitOf(field.x, px), unitOf(field.y, py)] as const;
  const courses = overlay.paths.map(({ coordinates }, k) => {
    const line = d(coordinates.map(point), false);
    return `<path d="${line}" fill="none" stroke="#fff" stroke-width="4"/><path d="${line}" fill="none" stroke="${COURSES[k % COURSES.length]}" stroke-width="2"/>`;
  });
  const markers = overlay.markers.map(({ name, coordinates }) => {
    const [u, v] = point(coordinates);
    return `<circle cx="${number(toX(u))}" cy="${number(toY(v))}" r="4" fill="#1d1f21" stroke="#fff"><title>${text(name)}</title></circle>`;
  });
  const axis = (values: Float64Array, at: (tick: number) => string) =>
    ticks(values[0]!, values.at(-1)!, 5).map(at).join("");
  const bottom = height - MARGIN.bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 44}" width="${width}" height="${height + 44}" font-family="sans-serif" font-size="11" fill="#3b4046">
<rect width="100%" height="100%" fill="#fff"/><clipPath id="plane"><rect x="${MARGIN.left}" y="${MARGIN.top}" width="${width - MARGIN.left - MARGIN.right}" height="${bottom - MARGIN.top}"/></clipPath>
<g clip-path="url(#plane)">${layers.join("")}${courses.join("")}${markers.join("")}</g>
${axis(field.x, (tick) => `<text text-anchor="middle" x="${number(toX(unitOf(field.x, tick)))}" y="${bottom + 14}">${tick}</text>`)}
${axis(field.y, (tick) => `<text text-anchor="end" x="${MARGIN.left - 5}" y="${number(toY(unitOf(field.y, tick)) + 4)}">${tick}</text>`)}
<text text-anchor="middle" x="${width / 2}" y="${bottom + 31}">${text(labels[0] ?? "")}</text><text text-anchor="middle" transform="translate(11 ${height / 2}) rotate(-90)">${text(labels[1] ?? "")}</text>
<text x="${MARGIN.left}" y="${height + 16}" font-weight="600">${text(title)}</text><text x="${MARGIN.left}" y="${height + 34}">${text(provenance)}</text></svg>
`;
}
