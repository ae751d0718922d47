/**
 * Schedule-free learning: no learning rate schedule, but an average of the path that is as good as the end of a schedule,
 * at every step. Gradients are taken at y, between the fast iterate z and the average x:
 *
 *   z ← z - η u      x ← (1 - c) x + c z      y = (1 - β) z + β x
 *
 * theta is y; only z is kept beside it, and x is the *view*: evaluate there, after recomputing batch norm's statistics.
 * As x = y + (1 - 1/β)(z - y), momentum (or beta1) must not be 0. Weights c favour steps of a large learning rate, so
 * that the warm-up (inside the rule: warmupSteps) counts little.
 */
import { type Rule, rule } from "../../rule.ts";
import { lines } from "../lines.ts";

const SOURCE = "Defazio et al., arXiv:2405.15682, Algorithm 1; facebookresearch/schedule_free";
const AVERAGE = { weightDecay: 0, r: 0, weightLrPower: 2 };
const STATE = { z: { initial: "theta" }, lrMax: { shape: "scalar" }, W: { shape: "scalar" } } as const;

const WARMUP = "rate = lr * min(1, t / warmupSteps)";
/** From the step u and its learning rate; beta is the share of the average in y. */
const move = (beta: string) =>
  lines(
    "lrMax = max(lrMax, rate)",
    "w = t^r * lrMax^weightLrPower",
    "W = W + w",
    "c = where(W > 0, w / W, 0)",
    `theta = theta + c * (z - theta) - rate * (1 - ${beta} * (1 - c)) * u`,
    "z = z - rate * u",
  );
const average = (beta: string) => `theta + (1 - 1 / ${beta}) * (z - theta)`;

export const scheduleFreeSgd = rule({
  name: "schedule-free-sgd",
  summary: "Gradient descent that averages its path instead of lowering its learning rate.",
  hyper: { lr: 1, momentum: 0.9, warmupSteps: 0, ...AVERAGE },
  nonzero: ["momentum"],
  state: STATE,
  update: lines("u = g + weightDecay * theta", WARMUP, move("momentum")),
  view: average("momentum"),
  source: `${SOURCE}, SGDScheduleFree`,
});

/** With `inner` momentum the step is an average of gradients, as in AdamW itself. */
export function scheduleFreeAdamwWith({ inner = false } = {}): Rule {
  return rule({
    name: "schedule-free-adamw",
    summary: "AdamW that averages its path instead of lowering its learning rate.",
    hyper: {
      lr: 0.0025,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      warmupSteps: 0,
      ...AVERAGE,
      ...(inner ? { innerMomentum: 0.9 } : {}),
    },
    nonzero: ["beta1"],
    state: { v: {}, ...(inner ? { m: {} } : {}), ...STATE },
    update: lines(
      "v = beta2 * v + (1 - beta2) * g^2",
      inner && "m = innerMomentum * m + (1 - innerMomentum) * g",
      inner && "g = m / (1 - innerMomentum^t)",
      "u = g / (sqrt(v / (1 - beta2^t)) + eps) + weightDecay * theta",
      WARMUP,
      move("beta1"),
    ),
    view: average("beta1"),
    source: `${SOURCE}, AdamWScheduleFree`,
  });
}

export const scheduleFreeAdamw = scheduleFreeAdamwWith();

/** RAdam's rectification is the warm-up; while it is undefined a step does nothing, or if not `silent` is sgd's. */
export function scheduleFreeRadamWith({ silent = true } = {}): Rule {
  return rule({
    name: "schedule-free-radam",
    summary: "RAdam that averages its path instead of lowering its learning rate.",
    hyper: { lr: 0.0025, beta1: 0.9, beta2: 0.999, eps: 1e-8, ...AVERAGE },
    nonzero: ["beta1"],
    state: { v: {}, ...STATE },
    update: lines(
      "v = beta2 * v + (1 - beta2) * g^2",
      "rhoMax = 2 / (1 - beta2) - 1",
      "rho = rhoMax - 2 * t * beta2^t / (1 - beta2^t)",
      "rect = sqrt((rho - 4) * (rho - 2) * rhoMax / ((rhoMax - 4) * (rhoMax - 2) * rho))",
      "u = where(rho > 4, g / (sqrt(v / (1 - beta2^t)) + eps), g) + weightDecay * theta",
      `rate = lr * where(rho > 4, rect, ${silent ? 0 : 1})`,
      move("beta1"),
    ),
    view: average("beta1"),
    source: `${SOURCE}, RAdamScheduleFree`,
  });
}

export const scheduleFreeRadam = scheduleFreeRadamWith();
