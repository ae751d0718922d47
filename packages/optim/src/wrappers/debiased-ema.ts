/**
 * Exponential moving average that starts at zero and is divided by the weight it has gathered, as Adam's moments are: early on it is a
 * plain mean of the parameters, where ema still holds on to the first of them.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "debiasedEma",
  summary: "Evaluate with an exponential moving average of the parameters, corrected for its start.",
  hyper: { averageDecay: 0.999 },
  place: "after",
  state: ["average"],
  update: "average = averageDecay * average + (1 - averageDecay) * theta",
  view: "average / (1 - averageDecay^t)",
  source: "optax.ema with debias=True; Kingma & Ba, arXiv:1412.6980, section 3",
});

export const debiasedEma = (hyper: { averageDecay?: number } = {}): Link => withHyper(declared, hyper);
