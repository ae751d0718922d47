/**
 * A learning-rate search drawn: loss against rate, each seed faint, their median strong, up and back down; our suggestion with its
 * band, and the rates that are too small or unstable shaded. Below, on the same axis, what every method suggests, from the lowest to the
 * highest seed.
 */
import * as Plot from "@observablehq/plot";
import { fitLocally, HALF_WIDTH, OURS, type RateFinding, type ThereAndBack } from "@thalweg/train";
import { decades, draw } from "../report/chart.ts";
import { type Markup, trusted } from "../report/html.ts";
import { standalone } from "./standalone.ts";

export interface RateDrawing {
  readonly title: string;
  readonly subtitle: string;
  readonly tests: readonly ThereAndBack[];
  readonly finding: RateFinding;
}

const WIDTH = 720;
const CURVES = { height: 390, marginTop: 74, marginBottom: 34 };
const SIDES = { width: WIDTH, marginLeft: 132, marginRight: 28 };
const ROW = 20;

interface Point {
  readonly rate: number;
  readonly loss: number;
  readonly seed?: number;
}

/** SVG text of the curves and, below them, the suggestions. */
export function lrFinderFigure(drawing: RateDrawing): string {
  const { tests, finding } = drawing;
  const rates = tests[0]!.up.rates;
  const x: Plot.ScaleOptions = {
    type: "log",
    domain: [rates[0]!, rates.at(-1)!],
    ticks: decades(rates[0]!, rates.at(-1)!),
  };
  const label = `${drawing.title}: loss against learning rate over ${tests.length} seeds, and the suggested rates`;
  const curves = draw(curvePlot(drawing, x), label);
  const answered = finding.suggestions.filter(({ rate }) => rate !== undefined);
  const strip = { height: answered.length * ROW + 52, marginTop: 6, marginBottom: 44 };
  const methods = draw(
    methodPlot(finding, x, strip),
    "Suggestions of all methods, from the lowest to the highest seed",
  );
  return standalone(stack(curves, CURVES.height, methods, strip.height, label));
}

function curvePlot({ title, subtitle, tests, finding }: RateDrawing, x: Plot.ScaleOptions): Plot.PlotOptions {
  const ups = tests.map(({ up }) => up);
  const downs = tests.flatMap(({ down }) => (down === undefined ? [] : [down]));
  const start = Math.max(...ups.map(({ losses }) => losses[0]!));
  const all = [...ups, ...downs].flatMap(({ losses }) => losses.filter((loss) => loss <= start));
  const low = Math.min(...all);
  const ceiling = start + 0.25 * (start - low); // what explodes leaves the picture
  const ours = finding.suggestions.find(({ method }) => method === OURS)?.rate;
  const [first, last] = [ups[0]!.rates[0]!, ups[0]!.rates.at(-1)!];
  const { usefulFrom, stableTo } = finding;
  return {
    ...SIDES,
    ...CURVES,
    x: { ...x, axis: null },
    y: { label: null, domain: [Math.min(0, low), ceiling], ticks: 6 },
    marks: [
      shade(first, usefulFrom, ceiling),
      shade(stableTo, last, ceiling),
      zoneLabel("too small", first, usefulFrom, ceiling),
      zoneLabel("unstable", stableTo, last, ceiling),
      ours === undefined
        ? null
        : Plot.rect([ours], {
            x1: ours.low,
            x2: ours.high,
            y1: 0,
            y2: ceiling,
            fill: "var(--path)",
            fillOpacity: 0.16,
          }),
      Plot.gridX({ ticks: x.ticks as number[], strokeOpacity: 0.12 }),
      Plot.ruleY([0], { strokeOpacity: 0.5 }),
      faint(ups, ceiling, "currentColor"),
      faint(downs, ceiling, "var(--mark)"),
      strong(untilLost(medianCurve(ups, start, HALF_WIDTH.up), start), "currentColor", "up", "above"),
      strong(medianCurve(downs, start, HALF_WIDTH.down), "var(--mark)", "back down", "before"),
      ours === undefined ? null : Plot.ruleX([ours.median], { stroke: "var(--path)", strokeWidth: 2 }),
      ours === undefined
        ? null
        : Plot.text([ours.median], {
            x: (rate: number) => rate,
            y: ceiling,
            dy: -9,
            text: (rate: number) => brief(rate),
            fill: "var(--path)",
            fontSize: 14,
            fontWeight: 600,
          }),
      Plot.text(["loss of a batch"], { frameAnchor: "top-left", textAnchor: "end", dx: -8, dy: -9 }),
      Plot.text([title], { ...HEADING, dy: -62, fontSize: 15, fontWeight: 600 }),
      Plot.text([subtitle], { ...HEADING, dy: -41, fillOpacity: 0.75 }),
    ],
  };
}

const HEADING = { frameAnchor: "top-left", dx: -SIDES.marginLeft + 16 } as const;

const shade = (from: number | undefined, to: number | undefined, ceiling: number) =>
  from === undefined || to === undefined || !(from < to)
    ? null
    : Plot.rect([0], { x1: from, x2: to, y1: 0, y2: ceiling, fill: "currentColor", fillOpacity: 0.06 });

/** In the middle of its zone, where that is wide enough to be seen; a decade is. */
function zoneLabel(
  text: string,
  from: number | undefined,
  to: number | undefined,
  ceiling: number,
): Plot.Markish {
  if (from === undefined || to === undefined || !(to / from > 8)) return null;
  return Plot.text([text], {
    x: Math.sqrt(from * to),
    y: ceiling,
    dy: 12,
    fillOpacity: 0.6,
    fontStyle: "italic",
  });
}

/** The losses of single batches. A loss above the ceiling, or none at all, breaks the line. */
function faint(tests: readonly ThereAndBack["up"][], ceiling: number, stroke: string): Plot.Markish {
  const points = tests.flatMap(({ rates, losses }, seed) =>
    losses.map((loss, i): Point => ({ rate: rates[i]!, loss: loss <= ceiling ? loss : Number.NaN, seed })),
  );
  return Plot.line(points, { x: "rate", y: "loss", z: "seed", stroke, strokeWidth: 0.8, strokeOpacity: 0.2 });
}

/** A curve with its name at its left end: above the line, or before it. */
function strong(
  points: readonly Point[],
  stroke: string,
  name: string,
  place: "above" | "before",
): Plot.Markish[] {
  const offset =
    place === "above"
      ? ({ dx: 4, dy: -11, textAnchor: "start" } as const)
      : ({ dx: -7, dy: -7, textAnchor: "end" } as const);
  return [
    Plot.line(points, { x: "rate", y: "loss", stroke, strokeWidth: 2.2 }),
    Plot.text(points.slice(0, 1), {
      x: "rate",
      y: "loss",
      text: () => name,
      fill: stroke,
      fontWeight: 600,
      ...offset,
    }),
  ];
}

/** The median over seeds of the robust fits, at the rates that all seeds have. */
function medianCurve(tests: readonly ThereAndBack["up"][], cap: number, halfWidth: number): Point[] {
  if (tests.length === 0) return [];
  const ascending = tests.map(({ rates, losses }) => {
    const pairs = losses.map((loss, i) => [rates[i]!, loss] as const).sort(([a], [b]) => a - b);
    return { rates: pairs.map(([rate]) => rate), losses: pairs.map(([, loss]) => loss) };
  });
  const fits = ascending.map(({ rates, losses }) => fitLocally(rates, losses, { halfWidth, cap }));
  const low = Math.max(...fits.map(({ u }) => u[0]!));
  const high = Math.min(...fits.map(({ u }) => u.at(-1)!));
  return Array.from({ length: 161 }, (_, i) => {
    const u = low + ((high - low) * i) / 160;
    const values = fits.map((fit) => interpolate(fit.u, fit.level, u)).sort((a, b) => a - b);
    const half = values.length >> 1;
    const loss = values.length % 2 === 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2;
    return { rate: Math.exp(u), loss };
  });
}

/** Without what comes after the curve has climbed back to where it began: there is nothing more to see. */
function untilLost(points: readonly Point[], start: number): readonly Point[] {
  const lowest = points.reduce((best, { loss }, i) => (loss < points[best]!.loss ? i : best), 0);
  const lost = points.findIndex(({ loss }, i) => i > lowest && loss > 0.98 * start);
  return lost < 0 ? points : points.slice(0, lost);
}

function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  const i = Math.max(
    1,
    x.findIndex((value) => value >= at),
  );
  const share = (at - x[i - 1]!) / (x[i]! - x[i - 1]!);
  return y[i - 1]! + share * (y[i]! - y[i - 1]!);
}

function methodPlot(
  { suggestions }: RateFinding,
  x: Plot.ScaleOptions,
  size: { height: number; marginTop: number; marginBottom: number },
): Plot.PlotOptions {
  const rows = suggestions.flatMap(({ method, rate }) => (rate === undefined ? [] : [{ method, ...rate }]));
  const colour = ({ method }: { method: string }) => (method === OURS ? "var(--path)" : "currentColor");
  const ours = rows.filter(({ method }) => method === OURS);
  return {
    ...SIDES,
    ...size,
    x: { ...x, label: "learning rate", labelAnchor: "center", labelArrow: "none", tickFormat: power },
    y: { label: null, domain: rows.map(({ method }) => method), padding: 0.4, tickSize: 0 },
    marks: [
      Plot.gridX({ ticks: x.ticks as number[], strokeOpacity: 0.12 }),
      Plot.ruleX(ours, { x: "median", stroke: "var(--path)", strokeOpacity: 0.45 }),
      Plot.ruleY(rows, {
        y: "method",
        x1: "low",
        x2: "high",
        stroke: colour,
        strokeWidth: 1.6,
        strokeOpacity: 0.7,
      }),
      Plot.dot(rows, { y: "method", x: "median", r: 4, fill: colour }),
    ],
  };
}

/** One drawing above another, on a shared left edge. */
function stack(above: Markup, height: number, below: Markup, rest: number, label: string): Markup {
  const total = height + rest;
  const placed = below.text.replace("<svg ", `<svg y="${height}" `);
  return trusted(
    `<svg width="${WIDTH}" height="${total}" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="${escapeXml(label)}">${above.text}${placed}</svg>`,
  );
}

const escapeXml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const brief = (value: number) => String(Number(value.toPrecision(2)));

/** 1e-5 … 0.001, 0.01, 0.1, 1, 10: powers where zeros would have to be counted. */
const power = (value: number) =>
  value < 1e-3 || value > 1e3 ? value.toExponential(0) : String(Number(value.toPrecision(1)));
