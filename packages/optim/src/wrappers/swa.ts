/**
 * Stochastic weight averaging: the plain mean of the parameters after steps start, start + interval, … Before that, the average is the
 * parameters. Pair it with a learning rate that stays high. Batch-norm statistics of the average must be measured anew.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "swa",
  summary: "Evaluate with the mean of the parameters from step start on.",
  hyper: { start: 1, interval: 1 },
  place: "after",
  state: ["average"],
  update: `
    n = floor((t - start) / interval)
    mean_new = average + (theta - average) / (n + 1)
    average = where(t <= start, theta, where(t == start + interval * n, mean_new, average))`,
  view: "average",
  source: "Izmailov et al., arXiv:1803.05407, Algorithm 1; torch.optim.swa_utils.AveragedModel",
});

export const swa = (hyper: { start?: number; interval?: number } = {}): Link => withHyper(declared, hyper);
