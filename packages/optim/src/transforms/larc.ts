/**
 * LARC: a learning rate per tensor for any rule, by scaling the gradient: `larc` never above the rule's own learning
 * rate, `larcScaling` as a factor of it. apex takes the weight decay over from the rule while it wraps it; so does
 * `withLarc`. In a chain, the decay is the link's own, and the rule's should be 0. A tensor whose norm or whose
 * gradient's norm is 0 is left as it is, without decay.
 */
import { chain, gradientTransform, type Link, type Rule, withHyper } from "../rule.ts";

const SOURCE = "You, Gitman & Ginsburg 2017, arXiv:1708.03888; NVIDIA apex.parallel.LARC";
const HYPER = { trustCoefficient: 0.02, eps: 1e-8, weightDecay: 0 };
const RATIO = "trustCoefficient * norm(theta) / (norm(g) + weightDecay * norm(theta) + eps)";
const APPLY = "g = where(norm(theta) > 0 and norm(g) > 0, ratio * (g + weightDecay * theta), g)";

const clipping = gradientTransform({
  name: "larc",
  summary: "Shrink each tensor's gradient so that its rate is at most relative to the tensor's size.",
  hyper: HYPER,
  uses: ["lr"],
  update: `ratio = min(${RATIO} / lr, 1)\n${APPLY}`,
  source: SOURCE,
});

const scaling = gradientTransform({
  name: "larcScaling",
  summary: "Scale each tensor's gradient relative to the tensor's size: LARS for any rule.",
  hyper: HYPER,
  update: `ratio = ${RATIO}\n${APPLY}`,
  source: `${SOURCE} with clip=False`,
});

export interface LarcHyper {
  trustCoefficient?: number;
  eps?: number;
  weightDecay?: number;
}

export const larc = (hyper: LarcHyper = {}): Link => withHyper(clipping, { ...hyper });
export const larcScaling = (hyper: LarcHyper = {}): Link => withHyper(scaling, { ...hyper });

/**
 * A rule inside LARC, as apex's wrapper: the rule's weight decay becomes LARC's. Raises TypeError for a rule without lr.
 *
 * @example withLarc(adamw) // = chain(larc({ weightDecay: 0.01 }), withHyper(adamw, { weightDecay: 0 }))
 */
export function withLarc(rule: Rule, { clip = true, ...hyper }: LarcHyper & { clip?: boolean } = {}): Rule {
  const link = clip ? larc : larcScaling;
  const { weightDecay } = rule.hyper;
  if (weightDecay === undefined) return chain(link(hyper), rule);
  return chain(link({ weightDecay, ...hyper }), withHyper(rule, { weightDecay: 0 }));
}
