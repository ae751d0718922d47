/**
 * Rows of a dot and its 95 % interval over a common axis: the form of A/A differences, paired differences, scores and ranks.
 *
 * The shaded strip is the A/A band. Filled dots are distinguishable, hollow ones are not; what has no number has a word in its row; what
 * lies far beyond the others is drawn at the edge as a triangle, so that one bad rule does not squeeze all others into a point.
 */
import * as Plot from "@observablehq/plot";
import { draw, drawBoth, isNarrow } from "../chart.ts";
import type { Markup } from "../html.ts";

export interface RowEntry {
  name: string;
  colour: string;
  value: number | null;
  interval: { low: number; high: number } | null;
  filled: boolean;
  /** What the value is the mean of: small dots behind it. */
  points?: readonly number[];
  /** Half-width of the A/A band of this row, where rows have their own. */
  band?: number | null;
  /** At the right, instead of value and interval. */
  numbers?: string;
  /** Instead of a dot, where there is no value. */
  missing?: string;
  /** On hovering. */
  hint: string;
}

export interface RowPanel {
  title: string;
  entries: readonly RowEntry[];
  /** Half-width of the A/A band of all rows. */
  band?: number | null;
  /** Where better lies, if it is to be said. */
  better?: "lower" | "higher" | undefined;
  /** Whether the line of no difference is drawn, and numbers have a sign. */
  isDifference: boolean;
  /** Of the axis, instead of what the values ask for. */
  domain?: readonly [number, number];
}

const NAME_WIDTH = 7; // px a letter

/** For a desk with numbers at the right, and for a phone without. */
export const rowFigure = (panel: RowPanel): Markup =>
  drawBoth((width) => options(panel, width), label(panel));

/** Small, without numbers. */
export const smallRows = (panel: RowPanel): Markup => draw(options(panel, 340), label(panel));

/** What those hear who do not see it. */
const label = ({ title, entries }: RowPanel): string =>
  `${title}: ${entries.map(({ hint }) => hint).join("; ")}`;

function options(
  { title, entries, band, better, isDifference, domain }: RowPanel,
  width: number,
): Plot.PlotOptions {
  const half = band ?? 0;
  const extent = domain ?? extentOf(entries, half || usualOf(entries), isDifference);
  const print = printer(extent, isDifference);
  const [low, high] = extent;
  const left = Math.min(190, 14 + NAME_WIDTH * Math.max(6, ...entries.map(({ name }) => name.length)));
  const right = isNarrow(width) ? 10 : 190;
  const inside = (x: number) => x >= low && x <= high;
  const clamp = (x: number) => Math.min(high, Math.max(low, x));
  const shown = entries.flatMap((entry) => (entry.value === null ? [] : [{ ...entry, value: entry.value }]));
  const row = (entry: RowEntry) => entry.name;
  return {
    width,
    height: 58 + 22 * entries.length,
    marginTop: 26,
    marginBottom: 32,
    marginLeft: left,
    marginRight: right,
    x: { domain: [...extent], label: null, ticks: isNarrow(width) ? 3 : 4, tickSize: 4, tickFormat: tick },
    y: { type: "band", domain: entries.map(row), label: null, axis: null, padding: 0.1 },
    marks: [
      Plot.barX(
        entries.filter((entry) => (entry.band ?? 0) > 0),
        {
          ...{
            y: row,
            x1: (entry: RowEntry) => clamp(-entry.band!),
            x2: (entry: RowEntry) => clamp(entry.band!),
          },
          ...{ fill: "var(--band)", insetTop: -1, insetBottom: -1 },
        },
      ),
      ...(half > 0 ? [Plot.rect([0], { x1: clamp(-half), x2: clamp(half), fill: "var(--band)" })] : []),
      Plot.text([title], {
        ...{ frameAnchor: "top-left", dx: -left, dy: -21, textAnchor: "start" },
        ...{ fontWeight: 600, fill: "currentColor" },
      }),
      ...(better === undefined
        ? []
        : [
            Plot.text([better === "lower" ? "← better" : "better →"], {
              ...{ frameAnchor: better === "lower" ? "bottom-left" : "bottom-right", dy: 30 },
              ...{ textAnchor: better === "lower" ? "start" : "end", fill: "var(--muted)" },
            }),
          ]),
      ...(isDifference ? [Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.55 })] : []),
      Plot.text(entries, {
        ...{ y: row, text: row, frameAnchor: "left", dx: -left, textAnchor: "start" },
        ...{ fill: "colour", fontWeight: 600 },
      }),
      Plot.dot(
        entries.flatMap(({ points = [], ...entry }) => points.filter(inside).map((x) => ({ ...entry, x }))),
        { y: row, x: "x", r: 1.6, fill: "colour", fillOpacity: 0.4 },
      ),
      Plot.ruleY(
        shown.filter(({ interval }) => interval !== null),
        {
          ...{
            y: row,
            x1: ({ interval }) => clamp(interval.low),
            x2: ({ interval }) => clamp(interval.high),
          },
          ...{ stroke: "colour", strokeWidth: 2 },
        },
      ),
      Plot.dot(
        shown.filter(({ value }) => inside(value)),
        {
          ...{ y: row, x: "value", r: 4.5, stroke: "colour", strokeWidth: 2, title: "hint" },
          fill: ({ filled, colour }: RowEntry) => (filled ? colour : "var(--page)"),
        },
      ),
      Plot.dot(
        shown.filter(({ value }) => !inside(value)),
        {
          ...{ y: row, x: ({ value }) => clamp(value), r: 4.5, symbol: "triangle", title: "hint" },
          rotate: ({ value }: { value: number }) => (value > high ? 90 : -90),
          ...{ stroke: "colour", fill: ({ filled, colour }: RowEntry) => (filled ? colour : "var(--page)") },
        },
      ),
      Plot.text(
        entries.filter(({ value }) => value === null),
        {
          ...{ y: row, text: ({ missing = "no runs" }: RowEntry) => missing },
          ...{ frameAnchor: "left", dx: 6, textAnchor: "start", fill: "var(--muted)", title: "hint" },
        },
      ),
      ...(isNarrow(width)
        ? []
        : [
            Plot.text(shown, {
              ...{ y: row, frameAnchor: "right", dx: right, textAnchor: "end", fill: "currentColor" },
              text: ({ value, interval, numbers }: RowEntry & { value: number }) =>
                numbers ?? print(value, interval),
            }),
          ]),
    ],
  };
}

/** Of the bands of rows, the middle one. */
const usualOf = (entries: readonly RowEntry[]): number => {
  const bands = entries.flatMap(({ band }) => (band ? [band] : [])).sort((a, b) => a - b);
  return bands[bands.length >> 1] ?? 0;
};

/** Wide enough for the band and for all but what is far out. */
function extentOf(entries: readonly RowEntry[], band: number, isDifference: boolean): [number, number] {
  const ends = entries.flatMap(({ value, interval }) =>
    value === null ? [] : [value, interval?.low ?? value, interval?.high ?? value],
  );
  if (!isDifference) {
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const room = 0.06 * (high - low || Math.abs(high) || 1);
    return ends.length === 0 ? [0, 1] : [low - room, high + room];
  }
  const sizes = ends.map(Math.abs).sort((a, b) => a - b);
  const usual = sizes[Math.floor(0.6 * (sizes.length - 1))] ?? 0;
  const reach = Math.max(3 * band, 5 * usual) || 1;
  const within = ends.map((x) => Math.min(reach, Math.max(-reach, x)));
  const [low, high] = [Math.min(0, -1.4 * band, ...within), Math.max(0, 1.4 * band, ...within)];
  const room = 0.06 * (high - low || 1);
  return [low - room, high + room];
}

/** Numbers with decimals enough to tell a hundredth of the axis, and two digits of their own interval. */
function printer([low, high]: readonly [number, number], signed: boolean) {
  const digitsOf = (size: number) => (size > 0 ? 1 - Math.floor(Math.log10(size)) : 0);
  return (value: number, interval: { low: number; high: number } | null): string => {
    const axis = Math.max(0, digitsOf(high - low) + 1);
    const own = interval ? digitsOf(interval.high - interval.low) : 0;
    const decimals = Math.min(8, axis + 1, Math.max(axis, own)); // more would not fit beside the panel
    const print = (x: number): string => {
      const text = Math.abs(x) >= 1e5 ? Math.abs(x).toExponential(2) : Math.abs(x).toFixed(decimals);
      const isZero = Number(text) === 0;
      return `${x < 0 && !isZero ? "−" : signed && !isZero ? "+" : ""}${text}`;
    };
    return `${print(value)}${interval ? ` [${print(interval.low)}, ${print(interval.high)}]` : ""}`;
  };
}

const tick = (x: number): string => (x === 0 ? "0" : String(Number(x.toPrecision(6))).replace("-", "−"));
