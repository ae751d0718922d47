/** What `thalweg minimize` tells a person: the iterates, a curve of how far they fell, and how it ended. */
import type { Problem, Result, TraceEntry } from "@thalweg/optim";
import { braillePlot } from "../figures/braille.ts";
import { columns } from "./print.ts";

export interface Told {
  readonly problem: Problem;
  /** As they were asked for. */
  readonly written: { readonly problem: string; readonly method: string };
  readonly from: readonly number[];
  readonly found: Result;
}

/** The known minimum that is nearest to a point. */
export function nearest({ minima }: Problem, point: Float64Array) {
  return minima
    .map((minimum) => ({
      point: [...minimum],
      distance: Math.sqrt(minimum.reduce((sum, x, i) => sum + (x - point[i]!) ** 2, 0)),
    }))
    .sort((a, b) => a.distance - b.distance)[0];
}

/** Rows of the table beyond which the middle is thinned. */
const MOST_ROWS = 24;
/** Points with more numbers than this are not shown. */
export const MOST_COORDINATES = 3;

export function story(done: Told): string {
  const { problem, written, from, found } = done;
  const parts = [
    `${written.method} on ${written.problem}: ${problem.formula}, from ${shown(from)}\n\n`,
    table(found.trace, problem),
    curve(found, problem),
    `\n${ending(done)}`,
  ];
  return parts.join("");
}

function table(trace: readonly TraceEntry[], { dimension, least }: Problem): string {
  if (trace.length === 0) return "";
  const knows = Number.isFinite(least) && least !== 0;
  const slopes = trace.some(({ gradientNorm }) => gradientNorm !== undefined);
  const points = dimension <= MOST_COORDINATES;
  const header = [
    "iteration",
    "evaluations",
    "value",
    ...(knows ? ["above least"] : []),
    ...(slopes ? ["|gradient|"] : []),
    "step",
    ...(points ? ["point"] : []),
  ];
  const cells = (entry: TraceEntry) => [
    String(entry.iteration),
    String(total(entry)),
    brief(entry.value),
    ...(knows ? [short(entry.value - least)] : []),
    ...(slopes ? [entry.gradientNorm === undefined ? "" : short(entry.gradientNorm)] : []),
    entry.stepLength === undefined || entry.iteration === 0 ? "" : short(entry.stepLength),
    ...(points ? [shown(entry.point!)] : []),
  ];
  const { first, last, skipped } = thinned(trace);
  const gap = skipped === 0 ? [] : [["…"]];
  const right = new Set(header.map((_, i) => i).slice(0, points ? -1 : undefined));
  return columns([header, ...first.map(cells), ...gap, ...last.map(cells)], right);
}

function thinned(trace: readonly TraceEntry[]) {
  if (trace.length <= MOST_ROWS) return { first: trace, last: [], skipped: 0 };
  const half = MOST_ROWS / 2;
  return { first: trace.slice(0, half), last: trace.slice(-half), skipped: trace.length - MOST_ROWS };
}

/** Decades above the least value, over the iterations. */
function curve({ trace }: Result, { least }: Problem): string {
  if (!Number.isFinite(least) || trace.length < 8) return "";
  const floor = 1e-17 * (1 + Math.abs(least));
  const decades = trace.map(({ value }) => Math.log10(Math.max(value - least, floor)));
  if (!decades.every(Number.isFinite)) return "";
  return `\nlog₁₀ of the value above its least, iterations 0 to ${trace.length - 1}\n${braillePlot(decades)}`;
}

function ending({ problem, found }: Told): string {
  const { value, point, reason, detail, iterations } = found;
  const { least } = problem;
  const where = problem.dimension <= MOST_COORDINATES ? ` at ${shown(point)}` : "";
  const gap = Number.isFinite(least) && least !== 0 ? `, ${short(value - least)} above the least` : "";
  const near = nearest(problem, point);
  const far =
    problem.freedom !== undefined
      ? `; in its minima, ${problem.freedom}`
      : near === undefined
        ? "; there is no minimum"
        : `; ${short(near.distance)} from ${near.point.length <= MOST_COORDINATES ? `the minimum at ${shown(near.point)}` : "the known minimum"}`;
  const lines = [
    Number.isNaN(value)
      ? "Nothing was evaluated."
      : `Value ${brief(value)}${where}${gap}${Number.isFinite(value) ? far : ""}.`,
    `${iterations} ${iterations === 1 ? "iteration" : "iterations"}, ${spent(found)}.`,
    `Stopped by: ${reason} (${detail}).`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** "34 values, 12 gradients" */
export function spent({ evaluations }: Result): string {
  const words = Object.entries(evaluations)
    .filter(([, n]) => n > 0)
    .map(([kind, n]) => `${n} ${n === 1 ? kind : PLURALS[kind]}`);
  return words.length === 0 ? "no evaluations" : words.join(", ");
}

const PLURALS: Readonly<Record<string, string>> = {
  value: "values",
  gradient: "gradients",
  hessian: "Hessians",
  product: "Hessian products",
  residuals: "residual vectors with Jacobians",
  component: "components",
};

/** Calls of every kind, components too. */
const total = ({ evaluations }: TraceEntry) => Object.values(evaluations).reduce((sum, n) => sum + n, 0);

const short = (value: number) => String(Number(value.toPrecision(3)));
const brief = (value: number) => String(Number(value.toPrecision(9)));

function shown(point: ArrayLike<number>): string {
  const few = Array.from({ length: Math.min(point.length, MOST_COORDINATES) }, (_, i) =>
    String(Number(point[i]!.toPrecision(6))),
  );
  return `(${[...few, ...(point.length > MOST_COORDINATES ? [`… ${point.length} in all`] : [])].join(", ")})`;
}
