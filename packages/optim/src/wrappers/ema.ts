/**
 * Exponential moving average of the parameters, to evaluate with; training goes on from the parameters themselves. As torch's
 * AveragedModel, it starts as a copy of the parameters after the first step.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "ema",
  summary: "Evaluate with an exponential moving average of the parameters.",
  hyper: { averageDecay: 0.999 },
  place: "after",
  state: ["average"],
  update: "average = where(t == 1, theta, averageDecay * average + (1 - averageDecay) * theta)",
  view: "average",
  source: "torch.optim.swa_utils.get_ema_avg_fn with AveragedModel; Polyak & Juditsky 1992",
});

export const ema = (hyper: { averageDecay?: number } = {}): Link => withHyper(declared, hyper);
