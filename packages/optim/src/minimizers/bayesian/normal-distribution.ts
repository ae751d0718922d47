/**
 * The normal distribution where it is small: density, cumulative distribution, and the scaled complementary error function
 * erfcx(x) = exp(x²) erfc(x), which is what is left when a tail's exponential has been taken out. Expected improvement far from
 * the best value lives there, with values down to e^−1000 of which only the logarithm is representable.
 *
 * Source  Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969) 631–637;
 *         coefficients of his CALERF (SPECFUN, netlib).
 */

/** erf(x)/x as a quotient of polynomials in x², for |x| ≤ 0.46875. Highest power first, as all of these. */
const SMALL = {
  above: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  below: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};

/** erfcx(x) in x, for 0.46875 ≤ x ≤ 4. */
const MIDDLE = {
  above: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  below: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
};

/** (1/√π − x erfcx(x)) x² in 1/x², for x > 4. */
const LARGE = {
  above: [
    0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378,
  ],
  below: [
    1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
  ],
};

const ROOT_2 = Math.SQRT2;
const ROOT_PI = Math.sqrt(Math.PI);
export const LOG_ROOT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, one) => sum * x + one, 0);
const quotient = ({ above, below }: typeof SMALL, x: number): number => horner(above, x) / horner(below, x);

/** exp(x²) erfc(x). Overflows below −26.6. Accuracy: 1e-15 relative for x ≥ 0. */
export function erfcx(x: number): number {
  if (x < -0.46875) return 2 * Math.exp(x * x) - erfcx(-x); // erfc(−x) = 2 − erfc(x)
  if (x <= 0.46875) return Math.exp(x * x) * (1 - x * quotient(SMALL, x * x));
  if (x <= 4) return quotient(MIDDLE, x);
  const y = 1 / (x * x);
  return (1 / ROOT_PI - y * quotient(LARGE, y)) / x;
}

/** φ(z) = exp(−z²/2)/√(2π). */
export const density = (z: number): number => Math.exp(-0.5 * z * z - LOG_ROOT_TWO_PI);

/** Φ(z), with full relative accuracy in the lower tail. */
export function cumulative(z: number): number {
  const x = -z / ROOT_2; // Φ(z) = erfc(−z/√2)/2
  if (x <= 0.46875) return x < -0.46875 ? 1 - cumulative(-z) : 0.5 * (1 - x * quotient(SMALL, x * x));
  return 0.5 * Math.exp(-x * x) * erfcx(x);
}

/** Φ(high) − Φ(low), from the side where the two are small, so that their difference keeps its digits. */
export const between = (low: number, high: number): number =>
  low > 0 ? cumulative(-low) - cumulative(-high) : cumulative(high) - cumulative(low);
