/**
 * Gradient accumulation: k micro-batches of equal size make one step on the mean of their gradients. The optimizer reads
 * the mean and counts a step for every k of them; nothing else changes, so that clipping, noise and phases see the mean.
 *
 *   ḡ = (g₁ + … + gₖ) · (1/k)     summed in the precision of the vectors, in order
 */
import type { FloatArray } from "@thalweg/formula";

export interface AccumulationOptions<A extends FloatArray> {
  /** What each micro-batch's gradient is written into. */
  from: A;
  /** What the optimizer reads: the mean, once it is complete. */
  into: A;
  /** Micro-batches per step. */
  k: number;
}

export class Accumulation<A extends FloatArray> {
  private readonly from: A;
  private readonly into: A;
  private readonly k: number;
  private taken = 0;

  /** Raises RangeError when k is no count, or the vectors differ in length or are one. */
  constructor({ from, into, k }: AccumulationOptions<A>) {
    if (!(Number.isSafeInteger(k) && k >= 1)) {
      throw new RangeError(
        `Cannot accumulate gradients as k must be a whole number, at least 1: current value is ${k}`,
      );
    }
    if (from.length !== into.length || (from.buffer === into.buffer && from.byteOffset === into.byteOffset)) {
      throw new RangeError(
        `Cannot accumulate gradients as it needs two vectors of one length: they have ${from.length} and ${into.length} elements`,
      );
    }
    this.from = from;
    this.into = into;
    this.k = k;
  }

  /** Take the micro-batch's gradient. True when the mean is complete: now step, or prepare a phase. */
  add(): boolean {
    const { from, into, k } = this;
    if (this.taken === 0) into.set(from);
    else for (let i = 0; i < into.length; i++) into[i] = into[i]! + from[i]!;
    this.taken++;
    if (this.taken < k) return false;
    if (k > 1) for (let i = 0; i < into.length; i++) into[i] = into[i]! * (1 / k);
    this.taken = 0;
    return true;
  }

  /** Micro-batches taken since the last step; the sum of their gradients lies in `into`. */
  get pending(): number {
    return this.taken;
  }

  /** Continue where another accumulation stood: the caller has put its `into` back. Raises RangeError when it is no count below k. */
  resume(pending: number): void {
    if (!(Number.isSafeInteger(pending) && pending >= 0 && pending < this.k)) {
      throw new RangeError(
        `Cannot resume an accumulation as the micro-batches taken must be in [0, ${this.k}): current value is ${pending}`,
      );
    }
    this.taken = pending;
  }
}
