/** Two rules of a study on the seeds they share: under one condition, or by their mean score over all conditions of a schedule. */
import { normalisedScore } from "../statistics/index.ts";
import { bandBetween } from "./assess-bands.ts";
import { seedValues } from "./assess-cell.ts";
import type { Pairing } from "./assess-differences.ts";
import type { AssessedCondition, Band } from "./assessment.ts";

/** `null` where one of them has no runs under the condition. */
export function pairUnder(
  condition: AssessedCondition,
  rule: string,
  minus: string,
  searched: ReadonlySet<string>,
): Pairing | null {
  const { cells, metric, band } = condition;
  const [a, b] = [rule, minus].map((name) => cells.find((cell) => cell.rule === name));
  if (!a || !b) return null;
  const [ofA, ofB] = [seedValues(a), seedValues(b)];
  const seeds = [...ofA.keys()].filter((seed) => ofB.has(seed)).sort((x, y) => x - y);
  return {
    rule,
    minus,
    values: seeds.map((seed) => ofA.get(seed)!),
    minusValues: seeds.map((seed) => ofB.get(seed)!),
    better: metric.better,
    band: bandBetween(band, [rule, minus], searched),
  };
}

/** By the mean score over the conditions that have a scale and both rules; `null` where there are none. A score is better when it is higher. */
export function pairOverall(
  conditions: readonly AssessedCondition[],
  rule: string,
  minus: string,
  noise: Band | null,
  searched: ReadonlySet<string>,
): Pairing | null {
  const cases = conditions.flatMap(({ cells, scale }) => {
    const [a, b] = [rule, minus].map((name) => cells.find((cell) => cell.rule === name));
    if (!a || !b || scale === null) return [];
    return [[a, b].map((cell) => scoresOf(cell, scale))];
  });
  if (cases.length === 0) return null;
  const [first, ...others] = cases.flat();
  const seeds = [...first!.keys()].filter((seed) => others.every((of) => of.has(seed))).sort((x, y) => x - y);
  const mean = (side: number) =>
    seeds.map((seed) => cases.reduce((sum, pair) => sum + pair[side]!.get(seed)!, 0) / cases.length);
  return {
    rule,
    minus,
    values: mean(0),
    minusValues: mean(1),
    better: "higher",
    band: bandBetween(noise, [rule, minus], searched),
  };
}

/** Per seed the mean score over searches; a run that did not finish scores 0. */
function scoresOf(
  { searches, points }: AssessedCondition["cells"][number],
  { start, best }: NonNullable<AssessedCondition["scale"]>,
): Map<number, number> {
  return seedValues({
    searches,
    points: points.map((point) => ({ ...point, value: normalisedScore(point.value, start, best) })),
  });
}
