/**
 * When a method that never climbs stands still: no lower value for a while. What is left of the decrease is then less than the
 * rounding of f, and going on would spend the budget on noise.
 */
import type { Stop } from "./method.ts";

/** Iterations without a lower value that are looked at patiently: flat stretches of rounding are passed. */
const PATIENCE = 20;

export class Standstill {
  private lowest = Number.POSITIVE_INFINITY;
  private waited = 0;

  /** A Stop when this value is one too many. */
  at(f: number): Stop | undefined {
    if (f < this.lowest) {
      this.lowest = f;
      this.waited = 0;
      return undefined;
    }
    this.waited++;
    if (this.waited < PATIENCE) return undefined;
    return {
      reason: "change below tolerance",
      detail: `the value has not fallen for ${PATIENCE} iterations`,
    };
  }
}
