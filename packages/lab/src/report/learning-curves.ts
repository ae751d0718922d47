/**
 * Learning curves: test loss and test error over gradient evaluations, log scale, one line per rule with a band from worst to best seed.
 *
 * Lines are means over the runs that finished; a run that diverged is drawn by itself, thin and dashed, to the cross where it ended, and
 * takes no part in the mean. Error rather than accuracy, because on a log scale 1.8 and 2.1 per cent are apart while 98.2 and 97.9 are not.
 */
import * as Plot from "@observablehq/plot";
import { drawBoth, isNarrow, logTicks, spread } from "./chart.ts";
import type { Comparison, Evaluation, RuleResult, Run } from "./comparison.ts";
import * as format from "./format.ts";
import { html, type Markup } from "./html.ts";
import { ruleColour } from "./style.ts";

interface Quantity {
  title: string;
  of(evaluation: Evaluation): number | null;
}

/** One rule after so many gradient evaluations, over its finished runs. */
export interface CurvePoint {
  gradients: number;
  mean: number;
  low: number;
  high: number;
}

interface TracePoint {
  gradients: number;
  value: number;
}

export function learningCurves(comparison: Comparison): Markup {
  const quantities: Quantity[] = [
    { title: `Test loss, ${comparison.task.lossUnit}`, of: ({ testLoss }) => testLoss },
    {
      title: "Test error, %",
      of: ({ testAccuracy }) => (testAccuracy === null ? null : 100 * (1 - testAccuracy)),
    },
  ];
  return html`<div class="pair">${quantities.map((quantity) => curves(comparison, quantity))}</div>`;
}

function curves({ rules, task }: Comparison, quantity: Quantity): Markup {
  const end = Math.max(task.steps, ...rules.flatMap(({ runs }) => runs.map(({ gradients }) => gradients)));
  const drawn = rules.map((rule, index) => ({
    rule,
    colour: ruleColour(index),
    points: curve(rule, quantity.of),
    lost: rule.runs.filter(({ status }) => status === "diverged").map((run) => trace(run, quantity.of)),
  }));
  const values = drawn.flatMap(({ points, lost }) => [
    ...points.flatMap(({ low, high }) => [low, high]),
    ...lost.flat().map(({ value }) => value),
  ]);
  if (values.length === 0) return html`<p class="note">${quantity.title}: no run was evaluated.</p>`;
  const settled = drawn.flatMap(({ points }) =>
    points.filter(({ gradients }) => gradients >= end / 20).map(({ high }) => high),
  );
  const domain = [
    Math.min(...values) * 0.93,
    1.3 * Math.max(...(settled.length > 0 ? settled : values)),
  ] as const;
  const longest = Math.max(...rules.map(({ name }) => name.length));
  const labelWidth = Math.min(190, Math.max(92, 7 * longest + 20)); // px
  const options = (width: number): Plot.PlotOptions => {
    const height = isNarrow(width) ? 300 : 360;
    const margins = { marginTop: 30, marginBottom: 34, marginLeft: 44, marginRight: labelWidth };
    const scale = logScale(domain, height, margins);
    const labelled = drawn.flatMap(({ rule, colour, points }) => {
      const last = points.at(-1);
      return last ? [{ rule, colour, last }] : [];
    });
    const heights = spread(
      labelled.map(({ last }) => scale.pixel(last.mean)),
      15,
      height - margins.marginBottom,
    );
    return {
      width,
      height,
      ...margins,
      x: {
        domain: [0, end],
        label: null,
        ticks: isNarrow(width) ? 3 : 5,
        tickFormat: format.count,
        tickSize: 4,
      },
      y: {
        type: "log",
        domain: [...domain],
        label: null,
        ticks: logTicks(...domain),
        tickFormat: (y: number) => String(Number(y.toPrecision(3))),
        tickSize: 0,
        grid: true,
      },
      marks: [
        Plot.text([quantity.title], {
          frameAnchor: "top-left",
          dy: -24,
          dx: -44,
          textAnchor: "start",
          fontWeight: 600,
          fill: "currentColor",
        }),
        Plot.text(["gradient evaluations →"], {
          frameAnchor: "bottom-right",
          dy: 32,
          dx: 4,
          textAnchor: "end",
          fill: "var(--muted)",
        }),
        ...drawn.flatMap(({ rule, colour, points, lost }) => [
          Plot.areaY(points, {
            x: "gradients",
            y1: "low",
            y2: "high",
            fill: colour,
            fillOpacity: 0.14,
            clip: true,
          }),
          Plot.lineY(points, { x: "gradients", y: "mean", stroke: colour, strokeWidth: 1.8, clip: true }),
          ...lost.flatMap((ended) => [
            Plot.lineY(ended, {
              x: "gradients",
              y: "value",
              stroke: colour,
              strokeWidth: 1,
              strokeDasharray: "3 3",
              clip: true,
            }),
            Plot.dot(leaving(ended, domain[1]), {
              x: "gradients",
              y: "value",
              stroke: colour,
              symbol: "times",
              r: 5,
              strokeWidth: 2,
              title: () => `${rule.name}: a run diverged here`,
            }),
          ]),
          Plot.dot(thinned(points.filter(({ mean }) => mean <= domain[1])), {
            x: "gradients",
            y: "mean",
            r: 5,
            fill: "transparent",
            title: ({ gradients, mean, low, high }: CurvePoint) =>
              `${rule.name}, ${format.count(gradients)} gradients: ${mean.toPrecision(3)}, seeds from ${low.toPrecision(3)} to ${high.toPrecision(3)}`,
          }),
        ]),
        ...labelled.flatMap(({ rule, colour, last }, k) => {
          const at = scale.value(heights[k] ?? 0);
          return [
            Plot.link([last], {
              x1: "gradients",
              y1: "mean",
              x2: end * (isNarrow(width) ? 1.06 : 1.03),
              y2: at,
              stroke: colour,
              strokeOpacity: 0.6,
            }),
            Plot.text([rule.name], {
              x: end * (isNarrow(width) ? 1.06 : 1.03),
              y: at,
              dx: 4,
              textAnchor: "start",
              fill: colour,
              fontWeight: 600,
            }),
          ];
        }),
      ],
    };
  };
  return html`<figure>${drawBoth(options, `${quantity.title} over gradient evaluations for ${rules.map(({ name }) => name).join(", ")}`)}</figure>`;
}

/** Mean, smallest and largest value over the finished runs, after each number of gradients at which all of them were evaluated. */
export function curve(rule: RuleResult, of: Quantity["of"]): CurvePoint[] {
  const runs = rule.runs.filter(({ status }) => status === "finished");
  const byCost = new Map<number, number[]>();
  for (const { gradients, value } of runs.flatMap((run) => trace(run, of))) {
    const values = byCost.get(gradients);
    if (values) values.push(value);
    else byCost.set(gradients, [value]);
  }
  return [...byCost]
    .filter(([, values]) => values.length === runs.length)
    .map(([gradients, values]) => ({
      gradients,
      mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
    }))
    .sort((a, b) => a.gradients - b.gradients);
}

/** What a log axis can show of one run: its positive finite values. */
function trace(run: Run, of: Quantity["of"]): TracePoint[] {
  return run.evaluations.flatMap((evaluation) => {
    const value = of(evaluation);
    return value !== null && value > 0 && Number.isFinite(value)
      ? [{ gradients: evaluation.gradients, value }]
      : [];
  });
}

/** Invisible dots carry the hover texts; forty per line are enough for any mouse and keep the page small. */
const thinned = (points: readonly CurvePoint[]): CurvePoint[] =>
  points.filter((_, k) => (points.length - 1 - k) % Math.ceil(points.length / 40) === 0);

/** Where a run leaves the picture: its last point, or where its line last crosses the top edge. */
function leaving(points: readonly TracePoint[], top: number): TracePoint[] {
  const inside = points.findLastIndex(({ value }) => value <= top);
  const last = points[inside];
  const next = points[inside + 1];
  if (!last) return points.slice(-1).map(({ gradients }) => ({ gradients, value: top }));
  if (!next) return [last];
  const share = Math.log(top / last.value) / Math.log(next.value / last.value);
  return [{ gradients: last.gradients + share * (next.gradients - last.gradients), value: top }];
}

/** Plot's own log scale, needed before it exists to place the labels. */
function logScale(
  [low, high]: readonly [number, number],
  height: number,
  { marginTop, marginBottom }: { marginTop: number; marginBottom: number },
) {
  const span = height - marginTop - marginBottom;
  return {
    pixel: (value: number) => marginTop + span * (1 - Math.log(value / low) / Math.log(high / low)),
    value: (pixel: number) => low * (high / low) ** (1 - (pixel - marginTop) / span),
  };
}
