/**
 * Sobol points, scrambled as Owen does: the other quasi-random sequence of the studies.
 *
 * Coordinate j of point k is the exclusive or of direction numbers v_i, one for each bit i that is set in the Gray code of k. The direction
 * numbers follow from a primitive polynomial over GF(2) and a few odd starting values m_i:
 *
 *   v_i = m_i / 2^i     m_i = 2 a₁ m_{i−1} ⊕ 2² a₂ m_{i−2} ⊕ … ⊕ 2^s m_{i−s} ⊕ m_{i−s}
 *
 * Any 2^m points in a row from 0 fill every box of volume 2^(t−m) with sides 2^−a equally. Owen's scrambling keeps that, and makes each point uniform:
 * each binary digit is flipped by a coin that hangs on all digits before it, so coins form a tree, here drawn as it is walked.
 * Of two studies' points none agrees, and the error of a mean over 2^m points falls faster than with a mere shift.
 *
 * Sources  Joe & Kuo, SIAM J. Sci. Comput. 30 (2008) 2635–2654 (new-joe-kuo-6.21201, its first twenty dimensions); Antonov & Saleev, USSR Comput.
 *          Math. Math. Phys. 19 (1979) 252–256 (Gray code); Owen, in Monte Carlo and Quasi-Monte Carlo Methods (1995) 299–317.
 */
import { stream } from "@thalweg/random";

const BITS = 32;

/** Of each dimension: the polynomial, its coefficients as binary digits from x^s down to 1; and m_1 … m_s. */
const JOE_KUO: readonly (readonly [polynomial: number, start: readonly number[]])[] = [
  [1, [1]],
  [3, [1]],
  [7, [1, 3]],
  [11, [1, 3, 1]],
  [13, [1, 1, 1]],
  [19, [1, 1, 3, 3]],
  [25, [1, 3, 5, 13]],
  [37, [1, 1, 5, 5, 17]],
  [41, [1, 1, 5, 5, 5]],
  [47, [1, 1, 7, 11, 19]],
  [55, [1, 1, 5, 1, 1]],
  [59, [1, 1, 1, 3, 11]],
  [61, [1, 3, 5, 5, 31]],
  [67, [1, 3, 3, 9, 7, 49]],
  [91, [1, 1, 1, 15, 21, 21]],
  [97, [1, 3, 1, 13, 27, 49]],
  [103, [1, 1, 1, 15, 7, 5]],
  [109, [1, 3, 1, 15, 13, 25]],
  [115, [1, 1, 5, 5, 19, 61]],
  [131, [1, 3, 7, 11, 23, 15, 103]],
];

/** The direction numbers of a dimension, as whole numbers below 2^32. */
function directions(dimension: number): Uint32Array {
  const [polynomial, start] = JOE_KUO[dimension]!;
  const degree = 31 - Math.clz32(polynomial);
  const m = [...start];
  if (degree === 0) for (let i = 1; i < BITS; i++) m.push(1); // van der Corput's sequence
  for (let i = m.length; i < BITS; i++) {
    let next = (m[i - degree]! ^ (m[i - degree]! << degree)) >>> 0;
    for (let j = 1; j < degree; j++) {
      if ((polynomial >>> (degree - j)) & 1) next = (next ^ (m[i - j]! << j)) >>> 0;
    }
    m.push(next);
  }
  return Uint32Array.from(m, (value, i) => value << (BITS - 1 - i));
}

const known = new Map<number, Uint32Array>();

/** The binary digits of coordinate `dimension` of point `index`, without scrambling: a whole number below 2^32. */
export function sobolDigits(index: number, dimension: number): number {
  if (JOE_KUO[dimension] === undefined) {
    throw new RangeError(
      `Cannot place point ${index} as Sobol points have at most ${JOE_KUO.length} dimensions: asked for dimension ${dimension + 1}; search fewer hyperparameters or use the random sampler`,
    );
  }
  const v = known.get(dimension) ?? directions(dimension);
  known.set(dimension, v);
  let digits = 0;
  for (let rest = (index ^ (index >>> 1)) >>> 0, i = 0; rest > 0; rest >>>= 1, i++) {
    if (rest & 1) digits ^= v[i]!;
  }
  return digits >>> 0;
}

/**
 * Coordinate `dimension` of point `index` in the study's sequence, in [0, 1): a pure function of its arguments.
 *
 * Errors    RangeError beyond 20 dimensions.
 */
export function sobolCoordinate(studySeed: number, index: number, dimension: number): number {
  const digits = sobolDigits(index, dimension);
  let scrambled = 0;
  for (let place = 0; place < BITS; place++) {
    const before = place === 0 ? 0 : digits >>> (BITS - place); // the digits that the coin hangs on
    const flip = stream(studySeed, "sobol scrambling", dimension, place, before).uniform() < 0.5 ? 1 : 0;
    scrambled = scrambled * 2 + (((digits >>> (BITS - 1 - place)) & 1) ^ flip);
  }
  return scrambled / 2 ** BITS;
}
