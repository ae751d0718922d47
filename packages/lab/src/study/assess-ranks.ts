/** Ranks of rules over cases, and what tests of ranks can and cannot tell with so many of both. */
import {
  criticalDifference,
  friedman,
  holm,
  meanRanks,
  median,
  normalisedScore,
  pairsNeeded,
  rankGroups,
  ranksOf,
  signedRankP,
  smallestP,
} from "../statistics/index.ts";
import type { Case } from "./assess-case.ts";
import { cost } from "./assess-values.ts";
import type { Ranks } from "./assessment.ts";

/** By the median over all final runs, in which one that did not finish is worst. `null` below two rules. */
export function assessRanks(cases: readonly Case[], rules: readonly string[]): Ranks | null {
  const k = rules.length;
  if (k < 2) return null;
  const medians = cases.map(({ values, condition }) =>
    values.map((runs) => median(runs.map((value) => cost(value, condition.metric)))),
  );
  const ranks = medians.map(ranksOf);
  const means = meanRanks(ranks);
  const difference = criticalDifference(k, cases.length);
  const pairs = rules.flatMap((_, a) => rules.slice(a + 1).map((_, b) => [a, a + 1 + b] as const));
  const scored = cases.flatMap(({ condition: { scale, metric } }, c) =>
    scale ? [{ scale, metric, medians: medians[c]! }] : [],
  );
  const scores = scored.map(({ scale, metric, medians: of }) =>
    of.map((value) => normalisedScore(metric.better === "lower" ? value : -value, scale.start, scale.best)),
  );
  const p = pairs.map(([a, b]) =>
    scores.length === 0 ? 1 : signedRankP(scores.map((row) => row[a]! - row[b]!)),
  );
  const adjusted = holm(p);
  return {
    cases: cases.length,
    rules: rules.map((rule, j) => ({ rule, meanRank: means[j]! })),
    friedman: friedman(ranks),
    criticalDifference: difference,
    groups: rankGroups(means, difference).map((group) => group.map((index) => rules[index]!)),
    wilcoxon: pairs.map(([a, b], i) => ({ a: rules[a]!, b: rules[b]!, p: p[i]!, pHolm: adjusted[i]! })),
    attainableP: Math.min(1, pairs.length * smallestP(scores.length)),
    casesNeeded: pairsNeeded(pairs.length),
  };
}
