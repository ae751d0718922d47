/**
 * Schedules drawn: the value at each step, as a stair, since a step has one value; a panel for each hyperparameter, on scales of
 * their own. Where the parts of a sequence begin there is a line with the part's name, if it has room.
 */
import * as Plot from "@observablehq/plot";
import { draw } from "../report/chart.ts";
import { html, trusted } from "../report/html.ts";
import { standalone } from "./standalone.ts";

export interface SchedulePanel {
  /** What is scheduled; "factor" for a bare schedule. */
  readonly name: string;
  /** What stands above it: the spec, or `momentum = spec`. */
  readonly title: string;
  readonly values: readonly number[];
  /** Parts of a sequence, in order: their names, and the step at which they begin. */
  readonly parts?: readonly { readonly name: string; readonly start: number }[];
}

const WIDTH = 640;
const MARGIN = { marginLeft: 68, marginRight: 24, marginBottom: 44 };
const PLOT_HEIGHT = 200;

/** More steps than this cannot be told apart on 640 pixels; the first and last step are always kept. */
const MOST_POINTS = 1_280;

/** SVG text of the values over the steps. */
export function scheduleFigure(panels: readonly SchedulePanel[]): string {
  const drawings = panels.map(drawPanel);
  if (drawings.length === 1) return standalone(drawings[0]!.svg);
  const total = drawings.reduce((sum, { height }) => sum + height, 0);
  let y = 0;
  const stacked = drawings.map(({ svg, height }) => {
    const placed = svg.text.replace("<svg ", `<svg y="${y}" `);
    y += height;
    return trusted(placed);
  });
  const label = `Schedules of ${panels.map(({ name }) => name).join(", ")}`;
  return standalone(
    html`<svg width="${WIDTH}" height="${total}" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="${label}">${stacked}</svg>`,
  );
}

function drawPanel({ name, title, values, parts = [] }: SchedulePanel) {
  const lines = wrap(title, 78);
  const marginTop = 40 + 17 * lines.length;
  const height = marginTop + PLOT_HEIGHT + MARGIN.marginBottom;
  const last = values.length - 1;
  const points = samples(values.length).map((step) => ({ step, value: values[step]! }));
  const pixels = (steps: number) =>
    (steps / Math.max(1, last)) * (WIDTH - MARGIN.marginLeft - MARGIN.marginRight);
  const roomy = parts.filter((part, i) => {
    const end = parts[i + 1]?.start ?? values.length;
    return pixels(end - part.start) > 7 * part.name.length;
  });
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const zero = least <= most / 2; // a momentum from 0.85 to 0.95 would be a flat line above it
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height,
    marginTop,
    ...MARGIN,
    x: { label: "step", labelAnchor: "center", labelArrow: "none", domain: [0, Math.max(1, last)] },
    y: {
      label: name,
      labelAnchor: "center",
      labelArrow: "none",
      zero,
      grid: true,
      nice: true,
      tickFormat: short,
    },
    marks: [
      zero ? Plot.ruleY([0], { strokeOpacity: 0.5 }) : null,
      Plot.ruleX(parts.slice(1), { x: "start", strokeOpacity: 0.35, strokeDasharray: "2,3" }),
      Plot.text(roomy, {
        x: "start",
        text: "name",
        frameAnchor: "top",
        textAnchor: "start",
        dx: 4,
        dy: -14,
        fillOpacity: 0.7,
      }),
      Plot.line(points, {
        x: "step",
        y: "value",
        stroke: "var(--path)",
        strokeWidth: 1.75,
        ...(values.length <= 200 ? { curve: "step-after" as const } : {}),
      }),
      Plot.text([lines.join("\n")], {
        frameAnchor: "top-left",
        dx: -52,
        dy: 12 - marginTop,
        lineAnchor: "top",
        fontSize: 14,
        fontWeight: 600,
      }),
    ],
  };
  const range = `from ${values[0]} to ${values[last]} in ${values.length} steps`;
  return { svg: draw(options, `Schedule ${title}, ${range}`), height };
}

/** 0.25, 2.5e-4: no tick label is so long that it meets the axis label. */
const short = (value: number): string => {
  const rounded = Number(value.toPrecision(4));
  return rounded !== 0 && Math.abs(rounded) < 0.01 ? rounded.toExponential() : String(rounded);
};

function samples(count: number): number[] {
  const shown = Math.min(count, MOST_POINTS);
  return Array.from({ length: shown }, (_, i) =>
    shown === 1 ? 0 : Math.round((i * (count - 1)) / (shown - 1)),
  );
}

/** Lines of at most so many characters, broken at spaces. */
function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
