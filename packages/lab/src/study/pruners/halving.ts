/**
 * Successive halving in three forms: at each rung the best 1/η go on.
 *
 * synchronous   all trials come to the rung, the best ⌊n η^−(i+1)⌋ of the n that began go on (Jamieson & Talwalkar, arXiv:1502.07943)
 * stopping      a trial is judged once, when it comes to the rung, by those with lower numbers that came there before it
 * promotion     as ASHA promotes when one worker does all jobs: a trial goes on as soon as it is among the best ⌊n/η⌋ of the first n
 *               that came to the rung, so also when later ones have made n larger
 *
 * Sources   Li et al., arXiv:1810.05934, Algorithm 2 (promotion); Optuna's SuccessiveHalvingPruner (stopping: of the first η − 1 to come, whoever
 *           is best so far goes on, since there ⌊n/η⌋ = 0).
 */
import type { Look, Verdict } from "./pruner.ts";

/** Values at the rung of those that came there, by trial number. */
const comers = ({ courses, rung }: Look): { trial: number; value: number }[] =>
  courses.flatMap((course, trial) => {
    const value = course?.values[rung];
    return value === undefined ? [] : [{ trial, value }];
  });

/** Lowest value first; of equal ones the lower number. NaN counts as ∞. */
const byValue = (a: { trial: number; value: number }, b: { trial: number; value: number }): number => {
  const [x, y] = [a, b].map(({ value }) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value));
  return x === y ? a.trial - b.trial : x! < y! ? -1 : 1;
};

/** Synchronous: the best ⌊n η^−(i+1)⌋ of the n trials of the bracket, but one at least. */
export const keepBest =
  (factor: number) =>
  (look: Look): Verdict => {
    const { rung, courses, trial } = look;
    const began = courses.filter((course) => course !== undefined).length;
    const kept = Math.max(1, Math.floor(began / factor ** (rung + 1) + 1e-9));
    const best = comers(look).sort(byValue).slice(0, kept);
    return best.some((one) => one.trial === trial) ? "go on" : "stop";
  };

/** Stopping: among the best ⌊n/η⌋ of those that came so far, itself included; the best of all while that is 0. */
export const stopOnArrival =
  (factor: number) =>
  (look: Look): Verdict => {
    const { courses, trial, rung } = look;
    const values = comers(look)
      .sort(byValue)
      .map(({ value }) => value);
    const worst = values[Math.max(0, Math.floor(values.length / factor) - 1)]!;
    return courses[trial]!.values[rung]! <= worst ? "go on" : "stop";
  };

/** Promotion: among the best ⌊n/η⌋ of the first n that came, for some n. */
export const promote =
  (factor: number) =>
  (look: Look): Verdict =>
    promotions(look, factor, look.rung).includes(look.trial) ? "go on" : "stop";

/** Who is promoted from a rung, in the order of promotion, which is the order of coming to the next rung. */
function promotions(look: Look, factor: number, rung: number): number[] {
  const begun = look.courses.flatMap((course, trial) => (course === undefined ? [] : [trial]));
  const arrivals = rung === 0 ? begun : promotions(look, factor, rung - 1);
  const there: { trial: number; value: number }[] = [];
  const promoted: number[] = [];
  for (const trial of arrivals) {
    const value = look.courses[trial]!.values[rung];
    if (value === undefined) continue; // it diverged on the way, before an earlier look told so
    there.push({ trial, value });
    const best = [...there].sort(byValue).slice(0, Math.floor(there.length / factor));
    for (const one of best) {
      if (Number.isFinite(one.value) && !promoted.includes(one.trial)) promoted.push(one.trial);
    }
  }
  return promoted;
}
