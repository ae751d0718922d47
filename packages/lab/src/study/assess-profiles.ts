/** Profiles over cases: how many runs reach a score, and on how many tasks a rule is how many times slower than the fastest. */
import {
  algoperfScore,
  eachDraw,
  orderOf,
  PROFILE_TAUS,
  percentileInterval,
  profileAt,
  profileScore,
  RESAMPLES,
  ratiosToFastest,
} from "../statistics/index.ts";
import { type Case, type Draw, offsetsOf, timesDrawn } from "./assess-case.ts";
import { scoresOfRuns } from "./assess-scores.ts";
import type { Profile, ScoreProfile } from "./assessment.ts";

/** Fewer draws where a whole curve is resampled. */
const PROFILE_DRAWS = RESAMPLES / 10;

/** Thresholds from the worst score to the best, and how many runs reach each; the band from seeds and searches resampled. */
export function scoreProfileOf(
  cases: readonly Case[],
  rules: readonly string[],
  { seed, tasksDrawn }: Draw,
): ScoreProfile | null {
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
    { draws: PROFILE_DRAWS, drawStrata: tasksDrawn },
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

/** `null` where no task has a target that every run was timed to. */
export function profileOf(
  all: readonly Case[],
  rules: readonly string[],
  { seed, tasksDrawn }: Draw,
): Profile | null {
  const cases = all.filter(({ times }) => times !== null);
  if (cases.length === 0) return null;
  const orders = rules.map((_, rule) => cases.map(({ times }) => orderOf(times![rule]!)));
  const offsets = offsetsOf(cases);
  const medians = (weights?: Uint16Array) =>
    rules.map((_, rule) =>
      cases.map(({ times }, k) => weightedMedian(times![rule]!, orders[rule]![k]!, weights, offsets[k]!)),
    );
  const drawnShares = rules.map(() => PROFILE_TAUS.map(() => new Float64Array(PROFILE_DRAWS)));
  const drawnScores = rules.map(() => new Float64Array(PROFILE_DRAWS));
  eachDraw(
    cases.map(({ stratum }) => stratum),
    seed,
    (weights, draw) => {
      const times = cases.map((one, k) => timesDrawn(one, weights, offsets[k]!));
      ratiosToFastest(medians(weights)).forEach((once, rule) => {
        const of = tasksDrawn ? repeated(once, times) : once;
        drawnScores[rule]![draw] = profileScore(of);
        PROFILE_TAUS.forEach((tau, k) => {
          drawnShares[rule]![k]![draw] = profileAt(of, tau);
        });
      });
    },
    { draws: PROFILE_DRAWS, drawStrata: tasksDrawn },
  );
  const found = ratiosToFastest(medians());
  return {
    taus: PROFILE_TAUS,
    cases: cases.length,
    rules: rules.map((rule, k) => {
      const bounds = drawnShares[k]!.map(percentileInterval);
      return {
        rule,
        share: PROFILE_TAUS.map((tau) => profileAt(found[k]!, tau)),
        low: bounds.map((interval) => interval?.low ?? 0),
        high: bounds.map((interval) => interval?.high ?? 1),
        score: { value: profileScore(found[k]!), interval: percentileInterval(drawnScores[k]!) },
        trapezoid: algoperfScore(found[k]!),
      };
    }),
  };
}

/** Each value as often as its case was drawn. */
const repeated = (values: Float64Array, times: readonly number[]): number[] =>
  [...values].flatMap((value, k) => Array<number>(times[k]!).fill(value));

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
