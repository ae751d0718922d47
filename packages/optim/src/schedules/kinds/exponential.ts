import { type CurveBase, decayRate, fraction, type Kind, past, positive } from "../kind.ts";

export interface ExponentialCurve extends CurveBase {
  readonly kind: "exponential";
  /** One of gamma and rate is there, the other is not. */
  readonly gamma?: number;
  readonly rate?: number;
  /** Absent: 1. */
  readonly every?: number;
  readonly stairs?: "no" | "yes";
  /** Absent: 0. */
  readonly floor?: number;
}

/**
 * The same ratio from each step to the next, given as gamma or as the rate r of e^(−rk).
 *
 * Differs  optax and Keras divide the step by transition_steps or decay_steps, `every`; staircase=True is
 *          `stairs=yes`, and optax's end_value, a lower bound and not a limit, is the floor.
 */
export const exponential: Kind<ExponentialCurve> = {
  summary: "multiplied by gamma at every step, or e^(−rate·k)",
  formula: String.raw`f(k) = \max(\mathrm{floor}, \mathrm{gamma}^{k / \mathrm{every}}), \quad \mathrm{gamma} = e^{-\mathrm{rate}}`,
  source: "torch.optim.lr_scheduler.ExponentialLR; optax.exponential_decay; Keras ExponentialDecay",
  parameters: [
    {
      name: "gamma",
      meaning: "factor over every steps",
      takes: { number: decayRate },
      default: { derived: "e^−rate", from: () => undefined },
    },
    {
      name: "rate",
      meaning: "instead of gamma: r in e^(−r·k/every)",
      takes: { number: positive },
      default: { derived: "−ln gamma", from: () => undefined },
    },
    {
      name: "every",
      meaning: "steps over which it falls by gamma",
      takes: { number: positive },
      default: { derived: "1", from: () => undefined },
    },
    {
      name: "stairs",
      meaning: "whether it falls only at whole multiples of every",
      takes: { words: ["no", "yes"] },
      default: { derived: "no", from: () => undefined },
    },
    {
      name: "floor",
      meaning: "never below this",
      takes: { number: fraction },
      default: { derived: "0", from: () => undefined },
    },
    past,
  ],
  factor({ gamma, rate, every = 1, stairs, floor = 0 }, k) {
    const p = stairs === "yes" ? Math.floor(k / every) : k / every;
    return Math.max(floor, gamma === undefined ? Math.exp(-rate! * p) : gamma ** p);
  },
  refuse({ gamma, rate }) {
    if ((gamma === undefined) !== (rate === undefined)) return undefined;
    const found = gamma === undefined ? "neither is given" : `gamma = ${gamma} and rate = ${rate} are given`;
    return {
      parameter: gamma === undefined ? "steps" : "rate",
      reason: `exponential needs gamma (factor from one step to the next) or rate (as in e^(−rate·k)), one of the two: ${found}`,
    };
  },
};
