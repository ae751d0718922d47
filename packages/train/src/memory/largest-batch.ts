/** The largest batch that fits: memory grows with the batch and never falls, so that the answer is found by halving. */
import { type MemoryPlan, type MemoryRequest, planMemory } from "./plan.ts";

/** Beyond it a batch is no batch any more; a model whose memory does not depend on it would be searched for ever. */
const MOST = 2 ** 24;

export interface LargestBatch {
  readonly batchSize: number;
  readonly plan: MemoryPlan;
}

/**
 * The largest batch whose plan takes at most `available` bytes. Raises RangeError where not even a batch of one fits, and for a
 * memory that is none.
 */
export function largestBatch(request: Omit<MemoryRequest, "batchSize">, available: number): LargestBatch {
  if (!(available > 0)) {
    throw new RangeError(
      `Cannot find the largest batch as the memory must be above 0 bytes: current value is ${available}`,
    );
  }
  const plan = (batchSize: number) => planMemory({ ...request, batchSize });
  let fits: LargestBatch = { batchSize: 1, plan: plan(1) };
  if (fits.plan.total > available) {
    throw new RangeError(
      `Cannot fit a batch of 1 as it must take at most ${available} bytes: it takes ${fits.plan.total}, ${fixedBytes(fits.plan)} of them whatever the batch; shard it over ranks, checkpoint its blocks, or choose a rule with less state`,
    );
  }
  let tooLarge = MOST + 1;
  for (let [guess, tries] = [2, 1]; tooLarge - fits.batchSize > 1; tries++) {
    const found = { batchSize: guess, plan: plan(guess) };
    const slope = (found.plan.total - fits.plan.total) / (guess - fits.batchSize);
    if (found.plan.total <= available) fits = found;
    else tooLarge = guess;
    // memory is nearly a straight line, so that a few steps along it suffice; where it has corners, halving goes on
    const along = fits.batchSize + Math.floor((available - fits.plan.total) / Math.max(slope, 1));
    const half = Math.floor((fits.batchSize + tooLarge) / 2);
    guess = Math.max(fits.batchSize + 1, Math.min(tries > STRAIGHT ? half : along, tooLarge - 1));
  }
  return fits;
}

/** Steps along the line before halving. */
const STRAIGHT = 6;

const fixedBytes = ({ bytes }: MemoryPlan): number =>
  bytes.parameters + bytes.masters + bytes.gradients + bytes.state + bytes.buffers;
