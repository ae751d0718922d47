import { type CurveBase, type Kind, past, positive } from "../kind.ts";

export interface DecreasingCurve extends CurveBase {
  readonly kind: "decreasing";
  readonly mu: number;
}

/**
 * The step with which SGD converges at O(1/k) on a smooth, μ-strongly convex function whose stochastic gradients
 * are bounded by σ in mean square: E f(x) − f* ≤ Lσ²/(2μ²(k+1)).
 *
 * Units   with mu given, f is the rate itself and the base is 1; by default mu = ½, f(0) = 1 and the base is
 *         1/(2μ).
 */
export const decreasing: Kind<DecreasingCurve> = {
  summary: "the decreasing step of SGD's sublinear convergence on strongly convex functions",
  formula: String.raw`f(k) = \frac{2k + 1}{2 \mathrm{mu} (k + 1)^2}`,
  source: "Karimi, Nutini & Schmidt, arXiv:1608.04644, theorem 4",
  parameters: [
    { name: "mu", meaning: "constant of strong convexity", takes: { number: positive }, default: 0.5 },
    past,
  ],
  factor: ({ mu }, k) => (2 * k + 1) / (2 * mu * (k + 1) ** 2),
};
