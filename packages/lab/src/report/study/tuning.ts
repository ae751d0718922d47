/**
 * Tuning curves: the metric that the best of k trials gives, for every budget from one pool; one figure per condition.
 *
 * Lines are medians over all choices of k trials, in which a trial that diverged is the worst; strips are 95 % intervals with the pool
 * resampled. Where a line is missing at its left end, more than half of the choices of so few trials have nothing but diverged ones.
 */
import * as Plot from "@observablehq/plot";
import type { AssessedCondition, TuningPoint } from "../../study/assessment.ts";
import { drawBoth, isNarrow, logTicks, spread } from "../chart.ts";
import { html, type Markup } from "../html.ts";
import { lineStyle, type RuleColours } from "./colours.ts";
import { metricName } from "./names.ts";

/** Where labels begin, in widths of the axis. */
const LABELS_AT = 1.04;

/** Above so many lines their strips would hide each other. */
const MOST_STRIPS = 5;

export function tuningFigure(condition: AssessedCondition, name: string, colours: RuleColours): Markup {
  const { metric } = condition;
  const lines = condition.cells.flatMap(({ rule, curve }) => {
    const points = curve?.points.filter(({ median }) => median !== null) ?? [];
    return points.length === 0 ? [] : [{ rule, ...lineStyle(colours, rule), points, kind: curve!.kind }];
  });
  if (lines.length === 0)
    return html`<figure><h3>${name}</h3><p class="note">No search has two trials that ended at their last step.</p></figure>`;
  const domain = extent(
    lines.flatMap(({ points }) => points),
    metric.better,
  );
  const isLog = domain[0] > 0 && domain[1] / domain[0] > 5;
  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ k }) => k)));
  const labelWidth = Math.min(180, 24 + 7 * Math.max(...lines.map(({ rule }) => rule.length)));
  const title = `${name}: ${metricName(metric)}`;
  const options = (width: number): Plot.PlotOptions => {
    const height = Math.max(isNarrow(width) ? 260 : 280, 70 + 14 * lines.length);
    const margins = { marginTop: 30, marginBottom: 34, marginLeft: 50, marginRight: labelWidth };
    const scale = scaleOf(domain, isLog, height, margins);
    const ends = lines.map(({ points }) => points.at(-1)!);
    const heights = spread(
      ends.map(({ median }) => scale.pixel(Math.min(domain[1], Math.max(domain[0], median!)))),
      14,
      height - margins.marginBottom,
    );
    return {
      ...{ width, height, ...margins },
      x: {
        domain: [1, Math.max(2, most)],
        label: null,
        ticks: isNarrow(width) ? 4 : 6,
        tickFormat: String,
        tickSize: 4,
      },
      y: {
        ...{ type: isLog ? "log" : "linear", domain: [...domain], label: null, tickSize: 0, grid: true },
        ...(isLog ? { ticks: logTicks(...domain) } : { ticks: 5 }),
        tickFormat: (y: number) => String(Number(y.toPrecision(3))).replace("-", "−"),
      },
      marks: [
        Plot.text([title], {
          ...{
            frameAnchor: "top-left",
            dx: -50,
            dy: -24,
            textAnchor: "start",
            fontWeight: 600,
            fill: "currentColor",
          },
        }),
        Plot.text(["trials →"], {
          ...{ frameAnchor: "bottom-right", dy: 32, textAnchor: "end", fill: "var(--muted)" },
        }),
        ...(lines.length > MOST_STRIPS ? [] : lines).map(({ points, stroke }) =>
          Plot.areaY(
            points.filter(({ low, high }) => low !== null && high !== null),
            { x: "k", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.13, clip: true },
          ),
        ),
        ...lines.map(({ points, rule, kind, ...style }) =>
          Plot.lineY(points, { x: "k", y: "median", ...style, strokeWidth: 1.8, clip: true }),
        ),
        ...lines.map(({ points, rule }) =>
          Plot.dot(
            points.filter(({ median }) => median! >= domain[0] && median! <= domain[1]),
            {
              ...{ x: "k", y: "median", r: 5, fill: "transparent" },
              title: ({ k, median, low, high }: TuningPoint) =>
                `${rule}, best of ${k}: ${short(median)} [${short(low)}, ${short(high)}]`,
            },
          ),
        ),
        ...lines.flatMap(({ rule, stroke }, k) => {
          const y = scale.value(heights[k]!);
          return [
            Plot.link([ends[k]!], {
              ...{
                x1: "k",
                y1: ({ median }: TuningPoint) => Math.min(domain[1], Math.max(domain[0], median!)),
              },
              ...{ x2: most * LABELS_AT, y2: y, stroke, strokeOpacity: 0.6 },
            }),
            Plot.text([rule], {
              x: most * LABELS_AT,
              y,
              dx: 3,
              textAnchor: "start",
              fill: stroke,
              fontWeight: 600,
            }),
          ];
        }),
      ],
    };
  };
  return html`<figure>${drawBoth(options, `${title}, median of the best of k trials: ${lines.map(({ rule, points }) => `${rule} ${short(points.at(-1)!.median)} with ${points.at(-1)!.k}`).join("; ")}`)}</figure>`;
}

/** From the best to what the curves have come down to by a fifth of the budget; what lies beyond leaves the picture. */
function extent(points: readonly TuningPoint[], better: "lower" | "higher"): readonly [number, number] {
  const medians = points.map(({ median }) => median!);
  const settled = points
    .filter(({ k }) => k >= Math.max(...points.map((p) => p.k)) / 5)
    .map(({ median }) => median!);
  const sorted = settled.sort((a, b) => a - b);
  const usual = sorted[Math.floor((better === "lower" ? 0.9 : 0.1) * (sorted.length - 1))]!;
  const best = better === "lower" ? Math.min(...medians) : Math.max(...medians);
  const room = 0.08 * Math.abs(usual - best) || 0.05 * Math.abs(best) || 1;
  return better === "lower"
    ? [best - (best > 0 ? Math.min(room, 0.2 * best) : room), usual + 3 * room]
    : [usual - 3 * room, best + room];
}

/** Plot's own vertical scale, needed before it exists to place the labels. */
function scaleOf(
  [low, high]: readonly [number, number],
  isLog: boolean,
  height: number,
  { marginTop, marginBottom }: { marginTop: number; marginBottom: number },
) {
  const span = height - marginTop - marginBottom;
  const share = (y: number) => (isLog ? Math.log(y / low) / Math.log(high / low) : (y - low) / (high - low));
  const at = (s: number) => (isLog ? low * (high / low) ** s : low + s * (high - low));
  return {
    pixel: (value: number) => marginTop + span * (1 - share(value)),
    value: (pixel: number) => at(1 - (pixel - marginTop) / span),
  };
}

const short = (value: number | null): string => (value === null ? "∞" : String(Number(value.toPrecision(4))));
