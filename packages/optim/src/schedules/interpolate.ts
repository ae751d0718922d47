/**
 * The two ways in which a curve goes from one value to the next: in a straight line, or along half a cosine.
 *
 * Both take the step k and the length T apart instead of k/T, as T − k is then exact: near the end of a long
 * curve (1 + cos πk/T)/2 would lose all its digits by cancellation, and the tail of a run is where they count.
 */

/** a + (b − a) k/T: exactly a at k = 0 and b at k = T. */
export function linearly(a: number, b: number, k: number, T: number): number {
  return (a * (T - k) + b * k) / T;
}

/**
 * (1 + cos πk/T) / 2, falling from exactly 1 at k = 0 to exactly 0 at k = T.
 *
 * Accuracy  a few ulp everywhere: the second half is written sin²(π(T−k)/2T), which does not cancel.
 */
export function halfCosine(k: number, T: number): number {
  if (2 * k <= T) return (1 + Math.cos(Math.PI * (k / T))) / 2;
  const s = Math.sin(Math.PI * ((T - k) / (2 * T)));
  return s * s;
}

/** b + (a − b)(1 + cos πk/T)/2: exactly a at k = 0 and b at k = T. */
export function alongCosine(a: number, b: number, k: number, T: number): number {
  return a * halfCosine(k, T) + b * halfCosine(T - k, T);
}
