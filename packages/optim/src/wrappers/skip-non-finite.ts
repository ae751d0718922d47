/**
 * Steps whose gradient is not finite change nothing: neither parameters nor state nor the step count. They are counted, and
 * after `limit` of them in a row training is not merely unlucky.
 *
 * Source   optax.apply_if_finite
 * Differs  beyond the limit optax applies the step, NaN and all; here that is `beyond: "accept"`, and the default an error.
 */
import type { FloatArray } from "@thalweg/formula";
import { NonFiniteGradientError } from "../finite.ts";
import type { Optimizer } from "../optimizer.ts";

export interface SkipOptions {
  /** Steps in a row that may be skipped. */
  limit?: number;
  /** What to do with the next one: raise NonFiniteGradientError, or take the step nevertheless. */
  beyond?: "raise" | "accept";
}

export class SkipNonFinite<A extends FloatArray> {
  /** Gradients so far that were not finite. */
  total = 0;
  /** Those of them since the last finite one. */
  consecutive = 0;
  private readonly optimizer: Optimizer<A>;
  private readonly limit: number;
  private readonly beyond: "raise" | "accept";

  /**
   * Raises RangeError when the limit is no count, TypeError for rules that want gradients before their update: what a
   * phase has done to the parameters cannot be undone by leaving out the rest of the step.
   */
  constructor(optimizer: Optimizer<A>, { limit = 5, beyond = "raise" }: SkipOptions = {}) {
    if (!(Number.isSafeInteger(limit) && limit >= 0)) {
      throw new RangeError(
        `Cannot skip steps as limit must be a whole number, not negative: current value is ${limit}`,
      );
    }
    if (optimizer.hasPhases) {
      throw new TypeError(
        'Cannot skip steps of a rule with several gradients per step, as its first phase has moved the parameters by then: make the optimizer with check: "finite"',
      );
    }
    this.optimizer = optimizer;
    this.limit = limit;
    this.beyond = beyond;
  }

  /** Take a step if its gradient is finite. Returns whether it was taken. */
  step(factors?: Readonly<Record<string, number>>): boolean | Promise<boolean> {
    const found = this.optimizer.firstNonFinite();
    if (found === undefined) this.consecutive = 0;
    else {
      this.consecutive++;
      this.total++;
      if (this.consecutive <= this.limit) return false;
      if (this.beyond === "raise") throw new NonFiniteGradientError(this.optimizer.stepCount + 1, found);
    }
    const rest = this.optimizer.step(factors);
    return rest === undefined ? true : rest.then(() => true);
  }
}
