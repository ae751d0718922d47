/**
 * All conditions of one schedule together: scores, probability of improvement, profiles, ranks and switches.
 *
 * A *case* is a condition in which every rule has final runs on some common seeds. Tasks are fixed: resampled are seeds and searches,
 * together for all rules (`stratified.ts`), so an interval here says how sure one can be about these tasks, not about others.
 */
import {
  algoperfScore,
  bootstrapMean,
  eachDraw,
  interquartileMean,
  merge,
  normalisedScore,
  optimalityGap,
  orderOf,
  percentileInterval,
  probabilityOfImprovement,
  profileScore,
  RESAMPLES,
  ratios,
  type Stratum,
  share,
  TAUS,
  weightedMean,
} from "../statistics/index.ts";
import type { ConditionLines } from "./assess-index.ts";
import { assessRanks } from "./assess-ranks.ts";
import { cost } from "./assess-values.ts";
import type {
  AssessedCondition,
  AssessedSchedule,
  Estimate,
  Profile,
  ScoreProfile,
  Scores,
  Switches,
} from "./assessment.ts";

/** A condition with the runs of all rules on common seeds. */
export interface Case {
  condition: AssessedCondition;
  stratum: Stratum;
  /** `values[rule][search × seeds + seed]`; NaN where a run did not finish. */
  values: number[][];
  /** Gradients to the target, in the same places; `null` where it was not measured. */
  times: number[][] | null;
}

/** Fewer draws where a whole curve is resampled. */
const PROFILE_DRAWS = RESAMPLES / 10;

export function assessSchedule(
  schedule: string,
  conditions: readonly AssessedCondition[],
  lines: readonly ConditionLines[],
  baseline: string,
  seed: number,
): Omit<AssessedSchedule, "differences"> {
  const mine = conditions.flatMap((condition, k) =>
    condition.schedule === schedule ? [{ condition, lines: lines[k]! }] : [],
  );
  const rules = [...new Set(mine.flatMap(({ condition }) => condition.cells.map(({ rule }) => rule)))];
  const cases = mine.flatMap(({ condition, lines: of }) => caseOf(condition, of, rules) ?? []);
  const notes = [
    ...(cases.length < mine.length
      ? [
          `${mine.length - cases.length} of ${mine.length} conditions have no seed yet that every rule has run on, and are left out`,
        ]
      : []),
    ...withoutScale(cases),
  ];
  const common = {
    schedule,
    rules,
    cases: cases.map(({ condition: { task, batchSize, steps } }) => ({ task, schedule, batchSize, steps })),
    notes,
  };
  if (cases.length === 0) {
    return { ...common, scores: null, scoreProfile: null, profile: null, ranks: null, switches: null };
  }
  return {
    ...common,
    scores: scoresOf(cases, rules, baseline, seed),
    scoreProfile: scoreProfileOf(cases, rules, seed),
    profile: profileOf(cases, rules, seed),
    ranks: assessRanks(cases, rules),
    switches: switchesOf(mine, rules, seed),
  };
}

function withoutScale(cases: readonly Case[]): string[] {
  const tasks = new Set(
    cases.filter(({ condition }) => condition.scale === null).map(({ condition }) => condition.task),
  );
  return tasks.size === 0 ? [] : [`${[...tasks].join(", ")}: no best value is known, so there are no scores`];
}

function caseOf(condition: AssessedCondition, lines: ConditionLines, rules: readonly string[]): Case | null {
  const cells = rules.map((rule) => condition.cells.find((cell) => cell.rule === rule));
  if (cells.some((cell) => cell === undefined)) return null;
  const searches = Math.min(...cells.map((cell) => cell!.searches.length));
  const grids = cells.map((cell) => {
    const grid = new Map(
      cell!.points.map(({ replicate, seed, value }) => [`${replicate}/${seed}`, value ?? Number.NaN]),
    );
    return grid;
  });
  const replicates = Array.from({ length: searches }, (_, replicate) => replicate);
  const seeds = [...new Set(cells[0]!.points.map(({ seed }) => seed))]
    .filter((seed) => grids.every((grid) => replicates.every((r) => grid.has(`${r}/${seed}`))))
    .sort((a, b) => a - b);
  if (seeds.length === 0 || searches === 0) return null;
  const places = replicates.flatMap((r) => seeds.map((seed) => `${r}/${seed}`));
  const timed = rules.map((rule) => {
    const { finals } = lines.cells.find((cell) => cell.rule === rule)!;
    return new Map(
      finals.map(({ trial, result }) => [`${trial.replicate}/${trial.seed}`, result.gradientsToTarget]),
    );
  });
  const isTimed =
    condition.metric.target !== undefined &&
    timed.every((of) => places.every((at) => of.get(at) !== undefined));
  return {
    condition,
    stratum: { searches, seeds: seeds.length },
    values: grids.map((grid) => places.map((at) => grid.get(at)!)),
    times: isTimed ? timed.map((of) => places.map((at) => of.get(at) ?? Number.POSITIVE_INFINITY)) : null,
  };
}

/** `scores[rule]`: those of all runs, case after case. */
const scoresOfRuns = (scaled: readonly Case[], rules: readonly string[]): Float64Array[] =>
  rules.map((_, rule) =>
    Float64Array.from(
      scaled.flatMap(({ condition: { scale }, values }) =>
        values[rule]!.map((value) => normalisedScore(value, scale!.start, scale!.best)),
      ),
    ),
  );

/** Mean, interquartile mean and optimality gap of scores, and the probability of improvement on the baseline, by one bootstrap. */
function scoresOf(cases: readonly Case[], rules: readonly string[], baseline: string, seed: number): Scores {
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
      : estimates(scaled, rules, statistic, seed),
  );
  const improvement = improvements(cases, rules, baseline, seed);
  return {
    cases: scaled.length,
    band: null, // filled in by assessStudy, which knows what was searched
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
  seed: number,
): Estimate[] {
  const drawn = rules.map(() => new Float64Array(RESAMPLES));
  eachDraw(
    cases.map(({ stratum }) => stratum),
    seed,
    (weights, draw) => {
      for (let rule = 0; rule < rules.length; rule += 1) drawn[rule]![draw] = statistic(rule, weights);
    },
  );
  return rules.map((_, rule) => ({ value: statistic(rule), interval: percentileInterval(drawn[rule]!) }));
}

/** P(a run is better than one of the baseline), mean over cases. */
function improvements(
  cases: readonly Case[],
  rules: readonly string[],
  baseline: string,
  seed: number,
): Estimate[] {
  const against = rules.indexOf(baseline);
  if (against < 0) return rules.map(() => ({ value: null, interval: null }));
  const goodness = (at: Case, rule: number) =>
    at.values[rule]!.map((value) => -cost(value, at.condition.metric));
  const merged = rules.map((_, rule) => cases.map((at) => merge(goodness(at, rule), goodness(at, against))));
  const offsets = cases.map((_, k) =>
    cases.slice(0, k).reduce((sum, { stratum }) => sum + stratum.searches * stratum.seeds, 0),
  );
  return estimates(
    cases,
    rules,
    (rule, weights) => {
      let sum = 0;
      for (let k = 0; k < cases.length; k += 1) {
        sum += probabilityOfImprovement(merged[rule]![k]!, weights, weights ? offsets[k]! : 0);
      }
      return sum / cases.length;
    },
    seed,
  );
}

/** Thresholds from the worst score to the best, and how many runs reach each; the band from seeds and searches resampled. */
function scoreProfileOf(cases: readonly Case[], rules: readonly string[], seed: number): ScoreProfile | null {
  const scaled = cases.filter(({ condition }) => condition.scale !== null);
  if (scaled.length === 0) return null;
  const scores = scoresOfRuns(scaled, rules);
  const worst = Math.min(...scores.map((of) => Math.min(...of)));
  const best = Math.max(...scores.map((of) => Math.max(...of)));
  const taus = Array.from({ length: SCORE_TAUS }, (_, k) => worst + ((best - worst) * k) / (SCORE_TAUS - 1));
  const reached = scores.map((of) =>
    Uint8Array.from(of, (score) => taus.filter((tau) => score >= tau).length),
  );
  const drawn = rules.map(() => taus.map(() => new Float64Array(PROFILE_DRAWS)));
  const shareAt = (rule: number, into: Float64Array, weights?: Uint16Array) => {
    into.fill(0);
    const levels = reached[rule]!;
    for (let run = 0; run < levels.length; run += 1) into[levels[run]!]! += weights ? weights[run]! : 1;
    for (let k = SCORE_TAUS - 1; k >= 0; k -= 1) into[k]! += into[k + 1]!; // into[k]: runs that reach at least k thresholds
    return into;
  };
  const counts = new Float64Array(SCORE_TAUS + 1);
  eachDraw(
    scaled.map(({ stratum }) => stratum),
    seed,
    (weights, draw) => {
      for (let rule = 0; rule < rules.length; rule += 1) {
        shareAt(rule, counts, weights);
        for (let k = 0; k < SCORE_TAUS; k += 1) drawn[rule]![k]![draw] = counts[k + 1]! / counts[0]!;
      }
    },
    PROFILE_DRAWS,
  );
  return {
    taus,
    rules: rules.map((rule, r) => {
      const bounds = drawn[r]!.map(percentileInterval);
      const found = shareAt(r, counts);
      return {
        rule,
        share: taus.map((_, k) => found[k + 1]! / found[0]!),
        low: bounds.map((interval) => interval!.low),
        high: bounds.map((interval) => interval!.high),
      };
    }),
  };
}

/** Thresholds of a profile of scores. */
const SCORE_TAUS = 101;

function profileOf(all: readonly Case[], rules: readonly string[], seed: number): Profile | null {
  const cases = all.filter(({ times }) => times !== null);
  if (cases.length === 0) return null;
  const orders = rules.map((_, rule) => cases.map(({ times }) => orderOf(times![rule]!)));
  const offsets = cases.map((_, k) =>
    cases.slice(0, k).reduce((sum, { stratum }) => sum + stratum.searches * stratum.seeds, 0),
  );
  const medians = (weights?: Uint16Array) =>
    rules.map((_, rule) =>
      cases.map(({ times }, k) => weightedMedian(times![rule]!, orders[rule]![k]!, weights, offsets[k]!)),
    );
  const drawnShares = rules.map(() => TAUS.map(() => new Float64Array(PROFILE_DRAWS)));
  const drawnScores = rules.map(() => new Float64Array(PROFILE_DRAWS));
  eachDraw(
    cases.map(({ stratum }) => stratum),
    seed,
    (weights, draw) => {
      ratios(medians(weights)).forEach((of, rule) => {
        drawnScores[rule]![draw] = profileScore(of);
        TAUS.forEach((tau, k) => {
          drawnShares[rule]![k]![draw] = share(of, tau);
        });
      });
    },
    PROFILE_DRAWS,
  );
  const found = ratios(medians());
  return {
    taus: TAUS,
    cases: cases.length,
    rules: rules.map((rule, k) => {
      const bounds = drawnShares[k]!.map(percentileInterval);
      return {
        rule,
        share: TAUS.map((tau) => share(found[k]!, tau)),
        low: bounds.map((interval) => interval?.low ?? 0),
        high: bounds.map((interval) => interval?.high ?? 1),
        score: { value: profileScore(found[k]!), interval: percentileInterval(drawnScores[k]!) },
        trapezoid: algoperfScore(found[k]!),
      };
    }),
  };
}

/** Of values that stand `weights[offset + i]` times each; infinities take part. */
function weightedMedian(
  values: readonly number[],
  order: Uint32Array,
  weights?: Uint16Array,
  offset = 0,
): number {
  let total = 0;
  for (let i = 0; i < values.length; i += 1) total += weights ? weights[offset + i]! : 1;
  let sum = 0;
  for (let j = 0; j < order.length; j += 1) {
    const weight = weights ? weights[offset + order[j]!]! : 1;
    sum += weight;
    if (2 * sum > total) return values[order[j]!]!;
    if (2 * sum < total || weight === 0) continue;
    const next = order.slice(j + 1).find((i) => (weights ? weights[offset + i]! : 1) > 0)!;
    const [low, high] = [values[order[j]!]!, values[next]!];
    return low === high ? low : (low + high) / 2;
  }
  return Number.NaN;
}

/** From rule i at its defaults, one run per task, to rule j tuned: mean gain in score over the cases that have a scale. */
function switchesOf(
  mine: readonly { condition: AssessedCondition; lines: ConditionLines }[],
  rules: readonly string[],
  seed: number,
): Switches | null {
  const scaled = mine.filter(({ condition }) => condition.scale !== null);
  const from = scaled.map(({ condition: { scale }, lines }) =>
    rules.map((rule) => {
      const cell = lines.cells.find((one) => one.rule === rule);
      const trial = cell?.pool.find(({ replicate, number }) => replicate === 0 && number === 0);
      if (!trial || !cell!.atDefaults) return null;
      return normalisedScore(trial.value, scale!.start, scale!.best);
    }),
  );
  const to = scaled.map(({ condition: { cells, scale } }) =>
    rules.map((rule) => {
      const points = cells.find((cell) => cell.rule === rule)?.points ?? [];
      if (points.length === 0) return null;
      const sum = points.reduce((s, { value }) => s + normalisedScore(value, scale!.start, scale!.best), 0);
      return sum / points.length;
    }),
  );
  if (!from.some((row) => row.some((score) => score !== null))) return null;
  const cells = rules.map((_, i) =>
    rules.map((_, j) => {
      const gains = scaled.flatMap((_, k) => {
        const [before, after] = [from[k]![i]!, to[k]![j]!];
        return before === null || after === null ? [] : [after - before];
      });
      if (gains.length === 0) return { value: null, interval: null, significant: false };
      const { mean, interval } = bootstrapMean(gains, seed);
      const excludesZero = interval !== null && (interval.low > 0 || interval.high < 0);
      return { value: mean, interval, significant: excludesZero && gains.length >= FEWEST_CASES };
    }),
  );
  return { cases: scaled.length, rules, cells };
}

/** Below it an interval over cases is too narrow to be believed. */
const FEWEST_CASES = 5;
