/**
 * How the known tools smooth the losses of a range test, each with the rule that ends their test.
 *
 *   fastai            m ← β m + (1−β) ℓ from m = 0, s = m/(1−βᵗ)       β = 0.98, ends when s > 4 · best
 *   torch-lr-finder   s ← 0.05 ℓ + 0.95 s from s = ℓ₀                   ends when s > 5 · best; ignite does the same
 *   Lightning         as fastai with 1−βᵗ⁺¹: the first value is 0.505 ℓ  ends when s > 4 · best, not at the first step
 *   keras_lr_finder   s = ℓ                                              ends when ℓ > 4 · best, or is NaN
 *
 * A smoother is a reducer with its own state, so that the test itself can ask whether anyone would still go on.
 *
 * Sources: fastai `callback/schedule.py`, `learner.py` (AvgSmoothLoss); davidtvs/pytorch-lr-finder; pytorch/ignite
 * `handlers/lr_finder.py`; Lightning `tuner/lr_finder.py`; surmenok/keras_lr_finder.
 */

export interface Smoother {
  /** Take the next loss; the smoothed one. */
  next(loss: number): number;
}

export interface Convention {
  readonly smoother: () => Smoother;
  /** The test ends when the smoothed loss exceeds this multiple of the best so far. */
  readonly stopFactor: number;
  /** Whether a NaN ends the test; where it does not, all that follows is NaN. */
  readonly stopsAtNaN?: boolean;
}

/** s_t = m_t / (1 − β^(t+shift)), t from 1. */
const debiased = (beta: number, shift: number) => (): Smoother => {
  let mean = 0;
  let t = 0;
  return {
    next(loss) {
      t++;
      mean = beta * mean + (1 - beta) * loss;
      return mean / (1 - beta ** (t + shift));
    },
  };
};

const fromFirst = (weight: number) => (): Smoother => {
  let smoothed: number | undefined;
  return {
    next(loss) {
      smoothed = smoothed === undefined ? loss : weight * loss + (1 - weight) * smoothed;
      return smoothed;
    },
  };
};

const raw = (): Smoother => ({ next: (loss) => loss });

export const conventions = {
  fastai: { smoother: debiased(0.98, 0), stopFactor: 4 },
  "torch-lr-finder": { smoother: fromFirst(0.05), stopFactor: 5 },
  lightning: { smoother: debiased(0.98, 1), stopFactor: 4 },
  keras: { smoother: raw, stopFactor: 4, stopsAtNaN: true },
} as const satisfies Record<string, Convention>;

/** Says of each loss in turn whether the tool would end its test after it. */
export function stopper({ smoother, stopFactor, stopsAtNaN = false }: Convention): (loss: number) => boolean {
  const { next } = smoother();
  let best = Number.POSITIVE_INFINITY;
  let stopped = false;
  return (loss) => {
    const smoothed = next(loss);
    if (smoothed > stopFactor * best || (stopsAtNaN && Number.isNaN(loss))) stopped = true;
    if (smoothed < best) best = smoothed;
    return stopped;
  };
}

/** The curve as a tool would have recorded it: smoothed, up to and with the loss that ended its test. */
export function smoothedCurve(convention: Convention, losses: readonly number[]): number[] {
  const { next } = convention.smoother();
  const stops = stopper(convention);
  const curve: number[] = [];
  for (const loss of losses) {
    curve.push(next(loss));
    if (stops(loss)) break;
  }
  return curve;
}
