/** Scores of rules over cases: mean, interquartile mean, optimality gap, and the probability of improvement on the baseline. */
import {
  eachDraw,
  interquartileMean,
  normalisedScore,
  optimalityGap,
  orderOf,
  orderTogether,
  percentileInterval,
  probabilityOfImprovement,
  RESAMPLES,
  weightedMean,
} from "../statistics/index.ts";
import { type Case, type Draw, offsetsOf, timesDrawn } from "./assess-case.ts";
import { cost } from "./assess-values.ts";
import type { Estimate, Scores } from "./assessment.ts";

/** `scores[rule]`: those of all runs, case after case. */
export const scoresOfRuns = (scaled: readonly Case[], rules: readonly string[]): Float64Array[] =>
  rules.map((_, rule) =>
    Float64Array.from(
      scaled.flatMap(({ condition: { scale }, values }) =>
        values[rule]!.map((value) => normalisedScore(value, scale!.start, scale!.best)),
      ),
    ),
  );

/** Mean, interquartile mean and optimality gap of scores, and the probability of improvement on the baseline, by one bootstrap. */
export function assessScores(
  cases: readonly Case[],
  rules: readonly string[],
  baseline: string,
  draw: Draw,
): Scores {
  const scaled = cases.filter(({ condition }) => condition.scale !== null);
  const scores = scoresOfRuns(scaled, rules);
  const orders = scores.map(orderOf);
  const ones = new Uint16Array(scores[0]?.length ?? 0).fill(1);
  const statistics: ((rule: number, weights?: Uint16Array) => number)[] = [
    (rule, weights = ones) => weightedMean(scores[rule]!, weights),
    (rule, weights) => interquartileMean(scores[rule]!, weights, orders[rule]!),
    (rule, weights) => optimalityGap(scores[rule]!, weights),
  ];
  const [mean, iqm, optimalityGaps] = statistics.map((statistic) =>
    scaled.length === 0
      ? rules.map((): Estimate => ({ value: null, interval: null }))
      : estimates(scaled, rules, statistic, draw),
  );
  const improvement = improvements(cases, rules, baseline, draw);
  return {
    cases: scaled.length,
    ...{ band: null, noise: null }, // filled in by assessStudy, which knows what was searched
    rules: rules.map((rule, k) => ({
      rule,
      mean: mean![k]!,
      iqm: iqm![k]!,
      optimalityGap: optimalityGaps![k]!,
      improvement: improvement[k]!,
    })),
  };
}

/** A statistic of each rule with its interval; all rules share the draws. */
function estimates(
  cases: readonly Case[],
  rules: readonly string[],
  statistic: (rule: number, weights?: Uint16Array) => number,
  { seed, tasksDrawn }: Draw,
): Estimate[] {
  const drawn = rules.map(() => new Float64Array(RESAMPLES));
  eachDraw(
    cases.map(({ stratum }) => stratum),
    seed,
    (weights, draw) => {
      for (let rule = 0; rule < rules.length; rule += 1) drawn[rule]![draw] = statistic(rule, weights);
    },
    { drawStrata: tasksDrawn },
  );
  return rules.map((_, rule) => ({ value: statistic(rule), interval: percentileInterval(drawn[rule]!) }));
}

/** P(a run is better than one of the baseline), mean over cases. */
function improvements(
  cases: readonly Case[],
  rules: readonly string[],
  baseline: string,
  draw: Draw,
): Estimate[] {
  const against = rules.indexOf(baseline);
  if (against < 0) return rules.map(() => ({ value: null, interval: null }));
  const goodness = (at: Case, rule: number) =>
    at.values[rule]!.map((value) => -cost(value, at.condition.metric));
  const merged = rules.map((_, rule) =>
    cases.map((at) => orderTogether(goodness(at, rule), goodness(at, against))),
  );
  const offsets = offsetsOf(cases);
  return estimates(
    cases,
    rules,
    (rule, weights) => {
      let sum = 0;
      for (let k = 0; k < cases.length; k += 1) {
        const times = weights ? timesDrawn(cases[k]!, weights, offsets[k]!) : 1;
        if (times > 0)
          sum += times * probabilityOfImprovement(merged[rule]![k]!, weights, weights ? offsets[k]! : 0);
      }
      return sum / cases.length;
    },
    draw,
  );
}
