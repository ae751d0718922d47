/**
 * What is tuned for each rule, the same on every task: the learning rate, over the range in which practice finds it. Trial
 * 0 of a search is the rule's default. Ranges follow "modern" in the benchmark protocol: four decades for rules whose
 * step is scaled by the gradient, and as many where it is normalised, further down.
 */
import type { Rule } from "@thalweg/optim";
import type { Space } from "../samplers/index.ts";

const rate = (low: number, high: number): Space => ({ lr: { low, high, log: true } });

const SPACES: Readonly<Record<string, Space>> = {
  sgd: rate(1e-3, 3),
  momentum: rate(1e-4, 1),
  nesterov: rate(1e-4, 1),
  adagrad: rate(1e-4, 1),
  rmsprop: rate(1e-5, 1e-1),
  adam: rate(1e-5, 1e-1),
  adamw: rate(1e-5, 1e-1),
  lion: rate(1e-5, 1e-2),
};

/** The space of a rule: its own row, or two decades each way around its default learning rate. */
export function spaceOf(rule: Rule): Space {
  const lr = rule.hyper.lr;
  return SPACES[rule.name] ?? (lr === undefined ? {} : rate(lr / 100, lr * 100));
}
