/** What methods with a strong-Wolfe search share: the first step, and constants that go together. */

/** The step at which a parabola with this slope would fall as much as the last step did, and 1 at most; as in SciPy. */
export function firstStep(f: number, before: number, slope: number): number {
  const step = Math.min(1, (1.01 * 2 * (f - before)) / slope);
  return step > 0 ? step : 1;
}

/** Steps that satisfy both conditions are sure to exist only when c₁ < c₂. */
export function checkWolfe(name: string, { c1, c2 }: { c1: number; c2: number }): void {
  if (c1 < c2) return;
  throw new RangeError(`Cannot use ${name} as c1 must be less than c2: current values are ${c1} and ${c2}`);
}
