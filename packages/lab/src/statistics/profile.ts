/**
 * Performance profiles: on how many tasks a rule is at most τ times slower than the fastest.
 *
 *   r[s,w] = t[s,w] / min over s of t[s,w]      ρ_s(τ) = share of tasks w with r[s,w] ≤ τ      B_s = 1/(r−1) ∫₁^r ρ_s,  r = 4
 *
 * A task that a rule does not reach has t = ∞ and stays in; one that nobody reaches counts 0 for all. The integral has a closed form,
 * B_s = mean over w of max(0, r − r[s,w]) / (r − 1); AlgoPerf publishes a trapezoid over 100 points instead, which is a little larger.
 * Sources: Dolan & Moré, Math. Program. 91 (2002); Dahl et al., arXiv:2306.07179, §4.3; mlcommons/algorithmic-efficiency, scoring.
 */

export const LARGEST_RATIO = 4;
/** numpy's linspace(1, 4, 100). */
export const PROFILE_TAUS: readonly number[] = Array.from(
  { length: 100 },
  (_, k) => 1 + (k * (LARGEST_RATIO - 1)) / 99,
);

/** How many times slower than the fastest, per rule and task: `times[rule][task]`; ∞ where the task was not reached. */
export function ratiosToFastest(times: readonly ArrayLike<number>[]): Float64Array[] {
  const tasks = times[0]?.length ?? 0;
  const fastest = Array.from({ length: tasks }, (_, w) => Math.min(...times.map((of) => of[w]!)));
  return times.map((of) =>
    Float64Array.from({ length: tasks }, (_, w) =>
      Number.isFinite(of[w]!) ? of[w]! / fastest[w]! : Number.POSITIVE_INFINITY,
    ),
  );
}

/** ρ(τ): share of tasks with a ratio of at most τ. */
export function profileAt(ratiosOfRule: ArrayLike<number>, tau: number): number {
  let count = 0;
  for (let w = 0; w < ratiosOfRule.length; w += 1) if (ratiosOfRule[w]! <= tau) count += 1;
  return count / ratiosOfRule.length;
}

/** B_s, the mean height of the profile over [1, 4], in closed form. */
export function profileScore(ratiosOfRule: ArrayLike<number>): number {
  let sum = 0;
  for (let w = 0; w < ratiosOfRule.length; w += 1) sum += Math.max(0, LARGEST_RATIO - ratiosOfRule[w]!);
  return sum / (ratiosOfRule.length * (LARGEST_RATIO - 1));
}

/** The same as AlgoPerf publishes it: trapezoid over 100 points. */
export function algoperfScore(ratiosOfRule: ArrayLike<number>): number {
  const heights = PROFILE_TAUS.map((tau) => profileAt(ratiosOfRule, tau));
  const step = (LARGEST_RATIO - 1) / (PROFILE_TAUS.length - 1);
  const inner = heights.slice(1, -1).reduce((sum, height) => sum + height, 0);
  return (step * (inner + (heights[0]! + heights.at(-1)!) / 2)) / (LARGEST_RATIO - 1);
}
