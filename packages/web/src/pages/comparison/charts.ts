/** The charts of a study's report: each a function of the assessment, for a width. Colours follow the rules' order in the study. */
import * as Plot from "@observablehq/plot";
import type { PlotAtWidth } from "../../charts/plot-figure.ts";
import { measureTitle } from "../runs/axes.ts";
import type { AssessedCondition, AssessedRun, Assessment, Interval } from "./types.ts";

const COLOURS = Array.from({ length: 8 }, (_, k) => `var(--rule-${k})`);

export const ruleColours = (rules: readonly string[]): Plot.ScaleOptions => ({
  domain: [...rules],
  range: rules.map((_, k) => COLOURS[k % COLOURS.length]!),
});

const AXIS = { labelAnchor: "center", labelArrow: "none" } as const;
const number = (value: number) => String(Number(value.toPrecision(3)));

/** Room for the longest name at the left. */
const marginFor = (names: readonly string[]) =>
  Math.min(150, 14 + 6.4 * Math.max(0, ...names.map(({ length }) => length)));

interface Row {
  readonly rule: string;
  readonly mean: number | null;
  readonly interval: Interval | null;
}

/** Differences with their intervals, and the A/A band behind them. */
export function differencesChart(
  rows: readonly Row[],
  band: number | null,
  colours: Plot.ScaleOptions,
  label: string,
): PlotAtWidth {
  const known = rows.filter(({ mean }) => mean !== null);
  return (width) => ({
    width,
    height: 46 + 26 * Math.max(1, rows.length),
    marginLeft: marginFor(rows.map(({ rule }) => rule)),
    marginBottom: 34,
    x: { ...AXIS, label, ticks: 5, tickFormat: number, nice: true },
    y: { domain: rows.map(({ rule }) => rule), label: null },
    color: colours,
    marks: [
      ...(band === null
        ? []
        : [
            Plot.rect([{ x1: -band, x2: band }], {
              x1: "x1",
              x2: "x2",
              fill: "var(--faint)",
              fillOpacity: 0.22,
            }),
          ]),
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.5 }),
      Plot.link(
        known.filter(({ interval }) => interval !== null),
        {
          x1: ({ interval }: Row) => interval!.low,
          x2: ({ interval }: Row) => interval!.high,
          y1: "rule",
          y2: "rule",
          stroke: "rule",
          strokeWidth: 2.5,
        },
      ),
      Plot.dot(known, { x: "mean", y: "rule", fill: "rule", r: 4.5 }),
    ],
  });
}

/** What the best of k trials gives, by rule: medians with 95 %. */
export function tuningChart({ cells, metric }: AssessedCondition, colours: Plot.ScaleOptions): PlotAtWidth {
  const points = cells.flatMap(({ rule, curve }) =>
    (curve?.points ?? []).map((point) => ({ rule, ...point })),
  );
  const known = points.filter(({ median }) => median !== null);
  const values = known.map(({ median }) => median!);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isLog = least > 0 && most > 8 * least;
  const inside = ({ low, high }: { low: number | null; high: number | null }) =>
    low !== null && high !== null && (!isLog || low > 0);
  return (width) => ({
    width,
    height: 210,
    marginLeft: 54,
    marginBottom: 36,
    x: {
      ...AXIS,
      label: "trials",
      ticks: Math.min(8, Math.max(1, ...points.map(({ k }) => k))),
      tickFormat: "d",
    },
    y: {
      type: isLog ? "log" : "linear",
      label: measureTitle(metric.measure),
      labelArrow: "none",
      grid: true,
      ticks: 4,
      tickFormat: number,
    } as Plot.ScaleOptions,
    color: colours,
    marks: [
      Plot.areaY(points.filter(inside), {
        x: "k",
        y1: "low",
        y2: "high",
        fill: "rule",
        z: "rule",
        fillOpacity: 0.14,
      }),
      Plot.line(known, { x: "k", y: "median", stroke: "rule", z: "rule", strokeWidth: 2 }),
    ],
  });
}

/** Learning rates that were tried, with what came of them; those that diverged at the top. */
export function sensitivityChart(
  runs: readonly AssessedRun[],
  condition: number,
  colours: Plot.ScaleOptions,
  measure: string,
): PlotAtWidth {
  const tried = runs.flatMap(({ condition: at, phase, hyper, value, end, rule }) => {
    const lr = hyper.lr;
    return at === condition && phase === "tuning" && typeof lr === "number" && lr > 0
      ? [{ rule, lr, value, lost: value === null || end !== "finished" }]
      : [];
  });
  const held = tried.filter(({ lost }) => !lost).sort((a, b) => a.lr - b.lr);
  const values = held.map(({ value }) => value!);
  const isLog = Math.min(...values) > 0 && Math.max(...values) > 8 * Math.min(...values);
  return (width) => ({
    width,
    height: 210,
    marginLeft: 54,
    marginTop: 26,
    marginBottom: 36,
    x: { ...AXIS, type: "log", label: "learning rate", ticks: 5, tickFormat: "~e" },
    y: {
      type: isLog ? "log" : "linear",
      label: measureTitle(measure),
      labelArrow: "none",
      grid: true,
      ticks: 4,
      tickFormat: number,
    } as Plot.ScaleOptions,
    color: colours,
    marks: [
      Plot.line(held, { x: "lr", y: "value", stroke: "rule", z: "rule", strokeOpacity: 0.45 }),
      Plot.dot(held, { x: "lr", y: "value", fill: "rule", r: 2.8 }),
      Plot.dot(
        tried.filter(({ lost }) => lost),
        { x: "lr", frameAnchor: "top", dy: -12, stroke: "rule", symbol: "times", r: 4 },
      ),
    ],
  });
}

/** Mean score and mean of the middle half, by rule. */
export function scoresChart(
  scores: NonNullable<Assessment["schedules"][number]["scores"]>,
  colours: Plot.ScaleOptions,
): PlotAtWidth {
  const rows = scores.rules.flatMap(({ rule, mean, iqm }) => [
    { rule, kind: "mean", ...mean },
    { rule, kind: "middle half", ...iqm },
  ]);
  const known = rows.filter(({ value }) => value !== null);
  return (width) => ({
    width,
    height: 50 + 40 * scores.rules.length,
    marginLeft: marginFor(scores.rules.map(({ rule }) => rule)),
    marginBottom: 34,
    x: { ...AXIS, label: "score: 0 untrained, 1 the best known", ticks: 6 },
    fy: { domain: scores.rules.map(({ rule }) => rule), label: null },
    y: { domain: ["mean", "middle half"], axis: null },
    color: colours,
    marks: [
      Plot.axisFy({ anchor: "left", label: null }),
      Plot.link(
        known.filter(({ interval }) => interval !== null),
        {
          fy: "rule",
          y1: "kind",
          y2: "kind",
          x1: ({ interval }: (typeof rows)[number]) => interval!.low,
          x2: ({ interval }: (typeof rows)[number]) => interval!.high,
          stroke: "rule",
          strokeWidth: 2.5,
        },
      ),
      Plot.dot(known, { fy: "rule", y: "kind", x: "value", fill: "rule", symbol: "kind", r: 4.5 }),
    ],
  });
}

/** From a rule at its defaults (rows) to another tuned (columns): what it gains. Cells that are not significant are pale and say so by a dot. */
export function switchesChart(
  switches: NonNullable<Assessment["schedules"][number]["switches"]>,
): PlotAtWidth {
  const cells = switches.cells.flatMap((row, i) =>
    row.map((cell, j) => ({ from: switches.rules[i]!, to: switches.rules[j]!, ...cell })),
  );
  const known = cells.filter(({ value }) => value !== null);
  const most = Math.max(1e-9, ...known.map(({ value }) => Math.abs(value!)));
  return (width) => ({
    width: Math.min(width, 140 + 84 * switches.rules.length),
    height: 76 + 34 * switches.rules.length,
    marginLeft: marginFor(switches.rules),
    marginTop: 44,
    x: {
      axis: "top",
      label: "to, tuned",
      domain: switches.rules,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: 40,
    },
    y: { label: null, domain: switches.rules },
    color: { type: "diverging", scheme: "brbg", domain: [-most, most], pivot: 0 } as Plot.ScaleOptions,
    marks: [
      Plot.cell(known, {
        x: "to",
        y: "from",
        fill: "value",
        fillOpacity: ({ significant }: (typeof cells)[number]) => (significant ? 1 : 0.25),
        inset: 1,
      }),
      Plot.text(known, {
        x: "to",
        y: "from",
        text: ({ value, significant }: (typeof cells)[number]) =>
          `${value! > 0 ? "+" : ""}${value!.toFixed(2)}${significant ? "" : " ·"}`,
        fill: ({ significant, value }: (typeof cells)[number]) =>
          significant && Math.abs(value!) > most / 2 ? "white" : "currentColor",
      }),
    ],
  });
}

/** Share of cases in which a rule takes at most τ times the gradients of the fastest. */
export function profileChart(
  { taus, rules }: NonNullable<Assessment["schedules"][number]["profile"]>,
  colours: Plot.ScaleOptions,
): PlotAtWidth {
  const points = rules.flatMap(({ rule, share }) => taus.map((tau, i) => ({ rule, tau, share: share[i]! })));
  return (width) => ({
    width,
    height: 210,
    marginLeft: 54,
    marginBottom: 36,
    x: { ...AXIS, label: "times the fastest", ticks: 5 },
    y: { domain: [0, 1], label: "share of cases", labelArrow: "none", grid: true, ticks: 5 },
    color: colours,
    marks: [
      Plot.line(points, {
        x: "tau",
        y: "share",
        stroke: "rule",
        z: "rule",
        strokeWidth: 2,
        curve: "step-after",
      }),
    ],
  });
}
