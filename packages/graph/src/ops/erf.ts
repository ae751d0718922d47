/**
 * The error function in float64, for the reference interpreter only.
 *
 *   |x| < 2.5:  erf x = 2/√π · exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5…(2n+1))            all terms positive: no cancellation
 *   otherwise:  erfc x = exp(−x²)/√π · 1/(x + ½/(x + 1/(x + ³⁄₂/(x + …))))      evaluated backwards, 60 levels
 *
 * Source   Abramowitz & Stegun, 7.1.6 and 7.1.14. Accuracy: 1e-15 absolute.
 */
export function erfOf(x: number): number {
  const z = Math.abs(x);
  if (!(z < 2.5)) {
    if (Number.isNaN(x)) return Number.NaN;
    let tail = z;
    for (let level = 60; level >= 1; level--) tail = z + level / 2 / tail;
    return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * tail));
  }
  let term = z;
  let sum = z;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
}
