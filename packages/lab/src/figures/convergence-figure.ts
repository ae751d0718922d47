/**
 * How far a minimization is from the least value, against what it has spent; for problems with too many dimensions to draw a path.
 * The lowest value so far is the line, single iterates are dots: methods need not fall with every step.
 */
import * as Plot from "@observablehq/plot";
import type { Problem, TraceEntry } from "@thalweg/optim";
import { decades, draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface ConvergenceDrawing {
  readonly title: string;
  readonly subtitle: string;
  readonly trace: readonly TraceEntry[];
  readonly problem: Pick<Problem, "formula" | "least">;
}

const WIDTH = 640;
const MARGIN = { marginLeft: 64, marginRight: 20, marginTop: 84, marginBottom: 44 };

/** More dots than this run into each other. */
const MOST_DOTS = 400;

/** SVG text of the curve. Without a least value, the value itself, on a linear scale. */
export function convergenceFigure({ title, subtitle, trace, problem }: ConvergenceDrawing): string {
  const { least, formula } = problem;
  const bounded = Number.isFinite(least);
  const floor = 1e-17 * (1 + Math.abs(least)); // what is reached exactly is drawn here
  const height = (value: number) => (bounded ? Math.max(value - least, floor) : value);
  const points = trace
    .filter(({ value }) => Number.isFinite(value))
    .map(({ value, evaluations }) => ({
      spent: Object.values(evaluations).reduce((sum, n) => sum + n, 0),
      value: height(value),
    }));
  let lowest = Number.POSITIVE_INFINITY;
  const best = points.map(({ spent, value }) => {
    lowest = Math.min(lowest, value);
    return { spent, value: lowest };
  });
  const values = points.map(({ value }) => value);
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ];
  const ticks = bounded ? every(decades(low, high), 10) : undefined;
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height: 420,
    ...MARGIN,
    x: { label: "evaluations", domain: [0, points.at(-1)?.spent ?? 1], ...AXIS },
    y: ticks
      ? { type: "log", label: null, ticks, tickFormat: (v: number) => v.toExponential(0) }
      : { label: null },
    marks: [
      Plot.gridY({ ...(ticks && { ticks }), strokeOpacity: 0.12 }),
      Plot.line(best, { x: "spent", y: "value", stroke: "var(--path)", strokeWidth: 2, curve: "step-after" }),
      points.length <= MOST_DOTS
        ? Plot.dot(points, {
            x: "spent",
            y: "value",
            r: 1.8,
            fill: "currentColor",
            fillOpacity: 0.5,
            stroke: "none",
          })
        : null,
      Plot.text([bounded ? "value above its least" : "value"], {
        frameAnchor: "top-left",
        dx: -52,
        dy: -16,
        fillOpacity: 0.75,
      }),
      Plot.text([title], { ...HEADING, dy: -70, fontSize: 15, fontWeight: 600 }),
      Plot.text([`f = ${formula} · ${subtitle}`], { ...HEADING, dy: -49, fillOpacity: 0.75 }),
    ],
  };
  return standalone(draw(options, `${title}: the value above its least against evaluations; ${subtitle}`));
}

const AXIS = { labelAnchor: "center", labelArrow: "none" } as const;

const HEADING = { frameAnchor: "top-left", dx: -52 } as const;

/** At most so many of them, evenly. */
const every = (ticks: readonly number[], most: number) =>
  ticks.filter((_, i) => i % Math.ceil(ticks.length / most) === 0);
