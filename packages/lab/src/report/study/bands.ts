/** A/A bands and paired differences: one panel of rows per condition. */
import { seedValues } from "../../study/assess-cell.ts";
import type { AssessedCondition, Difference } from "../../study/assessment.ts";
import { html, type Markup } from "../html.ts";
import { colourOf, type RuleColours } from "./colours.ts";
import { metricName } from "./names.ts";
import { type RowEntry, rowFigure, smallRows } from "./rows.ts";

/** How far apart two searches of each rule came out. */
export function bandFigure({ band, metric }: AssessedCondition, name: string, colours: RuleColours): Markup {
  if (band === null)
    return html`<figure><h3>${name}</h3><p class="note">Nothing was searched twice here.</p></figure>`;
  const entries = band.differences.map(
    ({ rule, mean, interval }): RowEntry => ({
      ...{
        name: rule,
        colour: colourOf(colours, rule),
        value: mean,
        interval,
        filled: false,
        missing: "a run did not finish",
      },
      hint: `${rule}: ${mean === null ? "no mean" : `A minus A′ ${short(mean)}`}`,
    }),
  );
  const width = band.halfWidth === null ? "no band" : `±${short(band.halfWidth)}`;
  return html`<figure>${smallRows({ title: `${name}, ${width}`, entries, band: band.halfWidth, isDifference: true })}<figcaption>${metricName(metric)}</figcaption></figure>`;
}

/** Each rule against the baseline, seed by seed, over the A/A band of the two. */
export function differenceFigure(
  { differences, metric, cells }: Pick<AssessedCondition, "differences" | "metric" | "cells">,
  name: string,
  baseline: string,
  colours: RuleColours,
): Markup {
  const entries = differences.map((difference) => ({
    ...entry(difference, colours),
    points: apart(cells, difference.rule, baseline),
  }));
  const title = `${name}: ${metricName(metric)}, minus ${baseline}`;
  return html`<figure>${rowFigure({ title, entries, better: metric.better, isDifference: true })}</figure>`;
}

/** Seed by seed, where both finished. */
function apart(cells: AssessedCondition["cells"], rule: string, minus: string): number[] {
  const [a, b] = [rule, minus].map((name) => cells.find((cell) => cell.rule === name));
  if (!a || !b) return [];
  const other = seedValues(b);
  return [...seedValues(a)]
    .map(([seed, value]) => value - (other.get(seed) ?? Number.NaN))
    .filter(Number.isFinite);
}

function entry(
  { rule, mean, interval, side, reason, lost, n, band }: Difference,
  colours: RuleColours,
): RowEntry {
  return {
    ...{ name: rule, colour: colourOf(colours, rule), value: mean, interval, band },
    filled: side !== "not distinguishable",
    missing: lost > 0 ? `did not finish on ${lost} of ${n} seeds` : "the baseline did not finish",
    hint: `${rule}: ${mean === null ? "no mean" : short(mean)}, ${side}; ${reason}`,
  };
}

const short = (value: number): string => String(Number(value.toPrecision(3))).replace("-", "−");
