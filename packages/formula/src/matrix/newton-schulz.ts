/**
 * Newton–Schulz iteration: drives the singular values of a matrix towards 1 by products alone.
 *
 *   X₀ = M / (s ‖M‖_F)        A = X Xᵀ        X ← a X + (b A + c A²) X
 *
 * with coefficients (a, b, c) that may change from step to step. A matrix taller than wide is transposed first, so that
 * A is the smaller Gram matrix. The result is not exactly orthogonal: singular values end within about 0.7 … 1.2, which
 * is all that Muon wants. A zero matrix stays zero.
 *
 * Source   standard: K. Jordan et al., Muon, 2024; quintic: microsoft/dion; polar: Polar Express, arXiv:2505.16932.
 * Differs  The authors run it in bfloat16; here it is float32 or float64.
 */

export type Coefficients = readonly (readonly [a: number, b: number, c: number])[];

export interface NewtonSchulz {
  coefficients: Coefficients;
  /** The norm is multiplied by this, so that rounding cannot push a singular value above 1. */
  safety: number;
}

const standard = [3.4445, -4.775, 2.0315] as const;

export const NEWTON_SCHULZ = {
  orthogonalize: { coefficients: [standard, standard, standard, standard, standard], safety: 1 },
  orthogonalizeQuintic: {
    coefficients: [
      [4.0848, -6.8946, 2.927],
      [3.9505, -6.3029, 2.6377],
      [3.7418, -5.5913, 2.3037],
      [2.8769, -3.1427, 1.2046],
      [2.8366, -3.0525, 1.2012],
    ],
    safety: 1,
  },
  orthogonalizePolar: {
    coefficients: [
      [8.156554524902461, -22.48329292557795, 15.878769915207462],
      [4.042929935166739, -2.808917465908714, 0.5000178451051316],
      [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
      [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
      [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
    ],
    safety: 1.02,
  },
} as const satisfies Record<string, NewtonSchulz>;

export type NewtonSchulzName = keyof typeof NEWTON_SCHULZ;

/** Norms below this count as zero (torch clamps them to it). */
export const SMALLEST_NORM = 1e-7;
