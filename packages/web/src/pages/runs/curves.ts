/**
 * Many curves of many points in one chart. uPlot gives axes, scales, the cursor and zooming; the lines are drawn here, because every run has its own x values, which
 * uPlot would first bring on one common grid. In each column of pixels a line is drawn through its first, least, greatest and last value: so ten thousand points
 * cost no more ink than the screen can show, and no peak is lost.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { styleColour } from "../../charts/colours.ts";
import { logTicks } from "./ticks.ts";

export interface Line {
  /** Of the group, for the cursor. */
  readonly id: string;
  readonly label: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** A band around it; empty where there is none. */
  readonly low?: Float64Array;
  readonly high?: Float64Array;
  /** Place among the colours. */
  readonly colour: number;
  /** Faint lines lie behind: what stands for nothing by itself. */
  readonly weight: "faint" | "normal";
  readonly dash?: readonly number[];
}

export interface CurvesOptions {
  readonly lines: readonly Line[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly height: number;
  /** Where the view is zoomed to; all by default. */
  readonly xRange?: readonly [number, number];
  readonly onZoom?: (range: readonly [number, number] | undefined) => void;
  /** Told of the line next to the cursor. */
  readonly onNear?: (near: Near | undefined) => void;
  /** Told above which value nothing is shown, as a run that diverged would press all others flat; undefined where all is. */
  readonly onCut?: (above: number | undefined) => void;
  /** Drawn above the others. */
  readonly emphasis?: string;
}

export interface Near {
  readonly id: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Curves {
  update(options: CurvesOptions): void;
  /** Draw with the colours of the theme as it is now. */
  recolour(): void;
  dispose(): void;
}

const COLOURS = 8;
const FAINT = 0.28;
const BAND = 0.16;
/** Pixels around the cursor in which a line is near. */
const NEAR = 40;

export function curvesFigure(host: HTMLElement, first: CurvesOptions): Curves {
  let options = first;
  let colours = readColours();
  let plot: uPlot | undefined;
  let shape = "";

  const build = () => {
    plot?.destroy();
    shape = shapeOf(options);
    const axis = {
      stroke: colours.muted,
      grid: { stroke: colours.hair, width: 1 },
      ticks: { stroke: colours.hair, width: 1 },
    };
    const marks = (log: boolean): uPlot.Axis =>
      log ? { splits: (_, __, from, to) => logTicks(from, to), filter: (_, splits) => splits } : {};
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const scale = (log: boolean): uPlot.Scale => ({ time: false, distr: log ? 3 : 1 });
    plot = new uPlot(
      {
        width: Math.max(120, host.clientWidth),
        height: options.height,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
        scales: {
          x: { ...scale(options.logX), range: () => rangeX(options) },
          y: { ...scale(options.logY), range: () => rangeY(options) },
        },
        axes: [
          {
            ...axis,
            ...marks(options.logX),
            font,
            labelFont: font,
            label: options.xLabel,
            labelSize: 18,
            size: 34,
            values: (_, ticks) => ticks.map(tick),
          },
          {
            ...axis,
            ...marks(options.logY),
            font,
            labelFont: font,
            label: options.yLabel,
            labelSize: 18,
            size: 56,
            values: (_, ticks) => ticks.map(tick),
          },
        ],
        series: [{}, { show: true, stroke: "transparent", points: { show: false } }],
        hooks: {
          draw: [(drawn) => drawLines(drawn, options, colours)],
          setCursor: [(drawn) => options.onNear?.(nearest(drawn, options))],
          setSelect: [
            (drawn) => {
              if (drawn.select.width < 4) return;
              const { left, width } = drawn.select;
              options.onZoom?.([drawn.posToVal(left, "x"), drawn.posToVal(left + width, "x")]);
              drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [
        [0, 1],
        [null, null],
      ],
      host,
    );
    plot.over.addEventListener("dblclick", () => options.onZoom?.(undefined));
  };

  const observer = new ResizeObserver(() => {
    const width = Math.max(120, host.clientWidth);
    if (plot !== undefined && plot.width !== width) plot.setSize({ width, height: options.height });
  });
  build();
  observer.observe(host);
  return {
    update: (next) => {
      options = next;
      if (shapeOf(next) !== shape) build();
      else plot?.setData(plot.data, true);
    },
    recolour: () => {
      colours = readColours();
      build();
    },
    dispose: () => {
      observer.disconnect();
      plot?.destroy();
    },
  };
}

/** What uPlot cannot change afterwards. */
const shapeOf = ({ xLabel, yLabel, logX, logY, height }: CurvesOptions) =>
  JSON.stringify([xLabel, yLabel, logX, logY, height]);

const tick = (value: number | null): string =>
  value === null
    ? ""
    : Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-3)
      ? value.toExponential().replace("e+", "e")
      : String(Number(value.toPrecision(4)));

interface Colours {
  readonly rules: readonly string[];
  readonly muted: string;
  readonly hair: string;
}

const readColours = (): Colours => ({
  rules: Array.from({ length: COLOURS }, (_, k) => styleColour(`--rule-${k}`)),
  muted: styleColour("--muted"),
  hair: styleColour("--hair"),
});

function rangeX({ lines, logX, xRange }: CurvesOptions): [number, number] {
  if (xRange !== undefined) return [xRange[0], xRange[1]];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x } of lines) {
    const [start, end] = [logX ? x.find((value) => value > 0) : x[0], x.at(-1)]; // x grows
    if (start !== undefined && start < least) least = start;
    if (end !== undefined && end > most) most = end;
  }
  if (!(most > least)) return logX ? [1, 10] : [0, Math.max(1, most)];
  return [least, most];
}

/** Beyond so many times what lines begin with, a linear view shows no more. */
const DIVERGED = 20;

/** Of what is seen, bands included. In a linear view a run that diverged does not press all others flat. */
function rangeY({ lines, logX, logY, xRange, onCut }: CurvesOptions): [number, number] {
  let [least, most, begin] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (value: number) => {
    if (!Number.isFinite(value) || (logY && value <= 0)) return;
    if (value < least) least = value;
    if (value > most) most = value;
  };
  for (const { x, y, low, high } of lines) {
    begin = Math.max(begin, y.find(Number.isFinite) ?? begin);
    for (let i = 0; i < y.length; i++) {
      if (xRange !== undefined && !(x[i]! >= xRange[0] && x[i]! <= xRange[1])) continue;
      if (logX && !(x[i]! > 0)) continue;
      take(y[i]!);
      if (low !== undefined && low.length > 0) take(low[i]!);
      if (high !== undefined && high.length > 0) take(high[i]!);
    }
  }
  const isCut = !logY && begin > 0 && most > DIVERGED * begin;
  if (isCut) most = 1.5 * begin;
  onCut?.(isCut ? most : undefined);
  if (!(most >= least)) return logY ? [0.1, 1] : [0, 1];
  if (logY) return most > least ? [least / 1.1, most * 1.1] : [least / 2, most * 2];
  const margin = most > least ? 0.04 * (most - least) : Math.max(1e-9, 0.1 * Math.abs(most));
  return [least - margin, most + margin];
}

function drawLines(plot: uPlot, options: CurvesOptions, colours: Colours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const order = [...options.lines].sort((a, b) => rank(a, options) - rank(b, options));
  const faint = FAINT / Math.max(1, Math.sqrt(order.filter(({ weight }) => weight === "faint").length / 30));
  for (const line of order) {
    const colour = colours.rules[line.colour % COLOURS]!;
    const isFar = options.emphasis !== undefined && options.emphasis !== line.id;
    if (line.low !== undefined && line.low.length > 0 && line.high !== undefined) {
      ctx.globalAlpha = isFar ? BAND / 3 : BAND;
      ctx.fillStyle = colour;
      ctx.fill(bandPath(plot, line.x, line.low, line.high, options));
    }
    ctx.globalAlpha = (line.weight === "faint" ? faint : 1) * (isFar ? 0.35 : 1);
    ctx.strokeStyle = colour;
    ctx.lineWidth =
      (line.weight === "faint" ? 1 : options.emphasis === line.id ? 2.6 : 1.8) * devicePixelRatio;
    ctx.setLineDash((line.dash ?? []).map((length) => length * devicePixelRatio));
    ctx.stroke(linePath(plot, line.x, line.y, options));
  }
  ctx.restore();
}

const rank = (line: Line, { emphasis }: CurvesOptions) =>
  (line.weight === "faint" ? 0 : 1) + (line.id === emphasis ? 2 : 0);

/** From values to canvas pixels along one axis. */
function toPixel(plot: uPlot, axis: "x" | "y", log: boolean): (value: number) => number {
  const { min, max } = plot.scales[axis] as { min: number; max: number };
  const { left, top, width, height } = plot.bbox;
  const of = log ? Math.log10 : (value: number) => value;
  const [from, to] = [of(min), of(max)];
  return axis === "x"
    ? (value) => left + ((of(value) - from) / (to - from)) * width
    : (value) => top + height - ((of(value) - from) / (to - from)) * height;
}

function linePath(plot: uPlot, x: Float64Array, y: Float64Array, { logX, logY }: CurvesOptions): Path2D {
  const path = new Path2D();
  const [toX, toY] = [toPixel(plot, "x", logX), toPixel(plot, "y", logY)];
  let isPen = false;
  let column = Number.NaN;
  let [least, most, last] = [0, 0, 0];
  const finish = () => {
    if (!isPen || Number.isNaN(column)) return;
    if (least === most) return;
    path.lineTo(column, least);
    path.lineTo(column, most);
    path.lineTo(column, last);
  };
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    const at = logX && !(x[i]! > 0) ? Number.NaN : toX(x[i]!);
    if (!Number.isFinite(value) || (logY && value <= 0) || Number.isNaN(at)) {
      finish();
      isPen = false;
      column = Number.NaN;
      continue;
    }
    const pixel = Math.round(at);
    const height = toY(value);
    if (!isPen) {
      path.moveTo(at, height);
      isPen = true;
      [column, least, most, last] = [pixel, height, height, height];
    } else if (pixel === column) {
      if (height < least) least = height;
      if (height > most) most = height;
      last = height;
    } else {
      finish();
      [column, least, most, last] = [pixel, height, height, height];
      path.lineTo(at, height);
    }
  }
  finish();
  return path;
}

function bandPath(
  plot: uPlot,
  x: Float64Array,
  low: Float64Array,
  high: Float64Array,
  options: CurvesOptions,
): Path2D {
  const path = new Path2D();
  const [toX, toY] = [toPixel(plot, "x", options.logX), toPixel(plot, "y", options.logY)];
  const bottom = plot.bbox.top + plot.bbox.height;
  const height = (value: number) => (options.logY && value <= 0 ? bottom : toY(value));
  const known = (i: number) =>
    Number.isFinite(low[i]) && Number.isFinite(high[i]) && (!options.logX || x[i]! > 0);
  const stride = Math.max(1, Math.floor(x.length / (2 * plot.bbox.width)));
  for (let begin = 0; begin < x.length; ) {
    if (!known(begin)) {
      begin++;
      continue;
    }
    let end = begin;
    while (end < x.length && known(end)) end++;
    // of each stretch between two drawn places the outermost values, so that no peak is lost
    const places: { at: number; low: number; high: number }[] = [];
    for (let i = begin; i < end; i += stride) {
      const until = Math.min(end, i + stride);
      let [least, most] = [low[i]!, high[i]!];
      for (let k = i + 1; k < until; k++) {
        least = Math.min(least, low[k]!);
        most = Math.max(most, high[k]!);
      }
      places.push({ at: toX(x[i]!), low: height(least), high: height(most) });
    }
    path.moveTo(places[0]!.at, places[0]!.high);
    for (const place of places.slice(1)) path.lineTo(place.at, place.high);
    for (const place of places.reverse()) path.lineTo(place.at, place.low);
    path.closePath();
    begin = end;
  }
  return path;
}

/** The normal line that is nearest to the cursor above or below it, and its measured point nearest to that. */
function nearest(plot: uPlot, { lines }: CurvesOptions): Near | undefined {
  const { left, top } = plot.cursor;
  if (left === undefined || top === undefined || left < 0) return undefined;
  const at = plot.posToVal(left, "x");
  let best: { near: Near; distance: number } | undefined;
  for (const { id, label, x, y, low, high, weight } of lines) {
    if (weight === "faint" || x.length === 0) continue;
    if (!(at >= x[0]! && at <= x.at(-1)!)) continue;
    const place = placeOf(x, at);
    const distance = Math.abs(plot.valToPos(between(x, y, at), "y") - top);
    if (!(distance < (best?.distance ?? NEAR))) continue;
    const band =
      low !== undefined && low.length > 0 && high !== undefined
        ? { low: low[place]!, high: high[place]! }
        : {};
    best = { near: { id, label, x: x[place]!, y: y[place]!, ...band }, distance };
  }
  return best?.near;
}

/** Of the line drawn from point to point. */
function between(x: Float64Array, y: Float64Array, at: number): number {
  const near = placeOf(x, at);
  const from = Math.max(0, x[near]! > at ? near - 1 : near);
  const to = Math.min(x.length - 1, from + 1);
  const share = to === from ? 0 : (at - x[from]!) / (x[to]! - x[from]!);
  return y[from]! + share * (y[to]! - y[from]!);
}

/** The place of the value nearest to `at` in numbers that grow. */
function placeOf(x: Float64Array, at: number): number {
  let [from, to] = [0, x.length - 1];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (x[middle]! <= at) from = middle;
    else to = middle;
  }
  return Math.abs(x[from]! - at) <= Math.abs(x[to]! - at) ? from : to;
}
