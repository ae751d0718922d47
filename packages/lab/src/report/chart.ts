/**
 * Observable Plot under jsdom: from plot options to SVG text.
 *
 * Every chart is drawn twice, for a desk and for a phone, and the style sheet shows one: scaling one drawing to both would shrink
 * its lettering to half. Colours are CSS variables, so the same SVG reads on light and dark.
 */
import * as Plot from "@observablehq/plot";
import { JSDOM } from "jsdom";
import { html, type Markup, trusted } from "./html.ts";

const WIDE = 540;
const NARROW = 350;

/** One for all drawings: a window costs more than a chart. Plot leaves nothing in it. */
let shared: Document | undefined;
const page = (): Document => {
  shared ??= new JSDOM("").window.document;
  return shared;
};

/** One drawing as SVG markup. `label` says what it shows to those who cannot see it. */
export function draw(options: Plot.PlotOptions, label: string): Markup {
  const document = page();
  const style = { background: "none", color: "inherit", fontSize: "12px", overflow: "visible" };
  const svg = Plot.plot({ ...options, document, style, ariaLabel: label });
  svg.setAttribute("role", "img");
  return trusted(svg.outerHTML);
}

/** The same for a page. Plot names every group, which no role allows there, and a picture's parts are not read out. */
export const drawInPage = (options: Plot.PlotOptions, label: string): Markup =>
  trusted(draw(options, label).text.replaceAll(/(<g\b[^>]*?) aria-label="[^"]*"/g, "$1"));

/** The same chart for a wide and for a narrow page. */
export const drawBoth = (options: (width: number) => Plot.PlotOptions, label: string): Markup => html`
  <div class="wide">${drawInPage(options(WIDE), label)}</div>
  <div class="narrow">${drawInPage(options(NARROW), label)}</div>`;

export const isNarrow = (width: number): boolean => width <= NARROW;

/**
 * Vertical positions for labels that would overlap: in order, at least `gap` apart, as near to where they belong as a single sweep
 * down and one back up can place them.
 *
 * @param wanted  positions in pixels, downwards, any order
 * @returns       positions in the order given
 */
export function spread(wanted: readonly number[], gap: number, bottom: number): number[] {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  let previous = Number.NEGATIVE_INFINITY;
  for (const item of order) {
    item.y = Math.max(item.y, previous + gap);
    previous = item.y;
  }
  let next = bottom + gap;
  for (const item of order.reverse()) {
    item.y = Math.min(item.y, next - gap);
    next = item.y;
  }
  const placed = new Array<number>(wanted.length);
  for (const { y, index } of order) placed[index] = y;
  return placed;
}

/** Powers of ten that cover [low, high], for log axes. */
export function decades(low: number, high: number): number[] {
  const from = Math.ceil(Math.log10(low) - 1e-9);
  const to = Math.floor(Math.log10(high) + 1e-9);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, k) => Number(`1e${from + k}`));
}

/** Ticks for a log axis: the coarsest of a few customary sets that has at least four within [low, high]. */
export function logTicks(low: number, high: number): number[] {
  const within = (mantissas: readonly number[]) =>
    decades(low / 10, high)
      .flatMap((decade) => mantissas.map((mantissa) => mantissa * decade))
      .filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  return TICKS.map(within).find((ticks) => ticks.length >= 4) ?? within(TICKS.at(-1) ?? []);
}

const TICKS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]];
