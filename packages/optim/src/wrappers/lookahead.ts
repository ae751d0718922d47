/**
 * Fast weights explore for `interval` steps; then slow weights go a part of the way after them, and the fast ones start again from
 * there. The rule's own state is kept.
 *
 * Differs  timm's slow weights start where the fast ones are at the first synchronisation, which then does nothing.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "lookahead",
  summary: "Every interval steps, go back a part of the way to where the interval started.",
  hyper: { interval: 6, slowStep: 0.5 },
  place: "after",
  state: { slow: { initial: "theta" } },
  update: `
    slow = where(t == interval * floor(t / interval), slow + slowStep * (theta - slow), slow)
    theta = where(t == interval * floor(t / interval), slow, theta)`,
  source: "Zhang, Lucas, Hinton & Ba, arXiv:1907.08610, Algorithm 1 (k, alpha); optax.lookahead",
});

export const lookahead = (hyper: { interval?: number; slowStep?: number } = {}): Link =>
  withHyper(declared, hyper);
