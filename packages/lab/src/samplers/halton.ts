/**
 * Halton points, scrambled and shifted: the quasi-random sequence of the studies.
 *
 * Coordinate j of point k is the radical inverse of k in the j-th prime base: 1 = 1₂ → 0.1₂ = 0.5, 2 = 10₂ → 0.01₂ = 0.25, 3 = 11₂ → 0.75. In larger
 * bases the first points of two coordinates climb together, so the digits are scrambled: each digit position has a
 * random permutation that fixes 0 (in base 2 that leaves the digits as they are). Then each study shifts every coordinate modulo 1, so two
 * studies try different points of the same even spread. Any first 2^m values of coordinate 0, the learning rate's, are evenly spaced
 * on the circle, which a uniform draw is far from.
 *
 * Sources   Halton, Numerische Mathematik 2 (1960) 84–90; Braaten & Weller, J. Comput. Phys. 33 (1979) 249–258 (scrambling);
 *           Cranley & Patterson, SIAM J. Numer. Anal. 13 (1976) 904–914 (shift); Bousquet et al., arXiv:1706.03200 (why for tuning).
 */
import { stream } from "@thalweg/random";

/** Bases of the coordinates. Beyond twenty, scrambled Halton points are no better than random ones at any affordable budget. */
export const BASES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71] as const;

/**
 * Coordinate `dimension` of point `index` in the study's sequence, in [0, 1): a pure function of its arguments.
 *
 * Errors    RangeError beyond 20 dimensions.
 */
export function haltonCoordinate(studySeed: number, index: number, dimension: number): number {
  const base = BASES[dimension];
  if (base === undefined) {
    throw new RangeError(
      `Cannot place point ${index} as Halton points have at most ${BASES.length} dimensions: asked for dimension ${dimension + 1}; search fewer hyperparameters or use the random sampler`,
    );
  }
  const shift = stream(studySeed, "halton shift", dimension).uniform();
  const scrambled = radicalInverse(index, base, (digit, position) =>
    digit === 0 ? 0 : 1 + (digitPermutation(studySeed, dimension, position, base)[digit - 1] ?? 0),
  );
  return (scrambled + shift) % 1;
}

/**
 * The van der Corput radical inverse: the digits of `index` mirrored at the point, Σ σ(dᵢ) base^(−i−1).
 *
 * @param permute  σ, applied to digit d at position i (0 is the last digit of `index`); the identity when absent
 */
export function radicalInverse(
  index: number,
  base: number,
  permute: (digit: number, position: number) => number = (digit) => digit,
): number {
  let value = 0;
  let scale = 1 / base;
  for (
    let rest = index, position = 0;
    rest > 0;
    rest = Math.floor(rest / base), position += 1, scale /= base
  ) {
    value += permute(rest % base, position) * scale;
  }
  return value;
}

/** Permutation of the base − 1 non-zero digits (as 0 … base − 2) at one position. */
function digitPermutation(studySeed: number, dimension: number, position: number, base: number): Uint32Array {
  return stream(studySeed, "halton digits", dimension, position).permutation(base - 1);
}
