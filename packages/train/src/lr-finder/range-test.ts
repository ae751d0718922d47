/**
 * The learning-rate range test: train for some steps while the rate rises from far too small to far too large, and record
 * the loss of each batch. Afterwards parameters, buffers, gradients and the optimizer's state are what they were, bit for bit.
 *
 * What is recorded are the losses as they are. Smoothing, stopping and suggesting are readings of the recording, one for each
 * known tool (smoothing.ts, methods.ts), so all of them read the same run. The test goes on until each of these tools would have
 * ended it, or the loss is not finite; a test that diverges is the normal case, not an error.
 *
 * Source: Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186, §3.3.
 */
import type { Optimizer } from "@thalweg/optim";
import type { ParameterVector } from "../parameter-vector.ts";
import type { Batch } from "../program.ts";
import { type RateRange, testRates } from "./rates.ts";
import { conventions, stopper } from "./smoothing.ts";

export interface RangeTestOptions extends RateRange {
  readonly vector: ParameterVector;
  /** Usually a TrainingProgram; its dropout noise is a function of the step, so there is no random state to restore. */
  readonly program: { readonly batch: Batch; run(step: number): Promise<number> };
  readonly optimizer: Optimizer<Float32Array>;
  /** The `lr` that the optimizer was built with: rates are reached by factors of it. */
  readonly baseRate: number;
  /** Put the batch of a step, counted from 0, into the program's memory. */
  fill(step: number, batch: Batch): void;
  /** Ends the test after the step at hand; everything is restored. */
  readonly signal?: AbortSignal;
}

/** A range test as plain data. */
export interface RangeTest {
  /** The rates of all planned steps. */
  readonly rates: readonly number[];
  /** Mean loss of each step's batch, before the update at that rate; shorter than `rates` when the test ended early. */
  readonly losses: readonly number[];
  /** "diverged": every known tool would have ended here. "non-finite": the last loss is NaN or infinite. */
  readonly end: "finished" | "diverged" | "non-finite" | "interrupted";
}

/**
 * Run the test. Raises RangeError for a range that is none (see `testRates`) or a base rate that is not positive.
 *
 * Cost     `steps` training steps, and two copies of parameters, gradients, buffers and state.
 * Differs  torch-lr-finder and Lightning append the loss and the rate of the same step, as here; keras_lr_finder too.
 */
export async function rangeTest(options: RangeTestOptions): Promise<RangeTest> {
  const { vector, program, optimizer, baseRate, fill, signal } = options;
  const rates = testRates(options);
  if (!(baseRate > 0 && baseRate < Infinity)) {
    throw new RangeError(
      `Cannot test learning rates as baseRate must be the optimizer's own lr, positive and finite: current value is ${baseRate}`,
    );
  }
  const restore = snapshot(vector, optimizer);
  const stops = Object.values(conventions).map(stopper);
  const losses: number[] = [];
  const record = (end: RangeTest["end"]): RangeTest => ({ rates: [...rates], losses, end });
  const factors = { lr: 1 };
  try {
    for (let step = 0; step < rates.length; step++) {
      if (signal?.aborted) return record("interrupted");
      fill(step, program.batch);
      const loss = await program.run(step);
      losses.push(loss);
      if (!Number.isFinite(loss)) return record("non-finite");
      const votes = stops.filter((stop) => stop(loss));
      if (votes.length === stops.length) return record("diverged");
      factors.lr = rates[step]! / baseRate;
      optimizer.step(factors);
    }
    return record("finished");
  } finally {
    restore();
  }
}

/** A copy of all that a training step changes, and the way back. */
function snapshot(vector: ParameterVector, optimizer: Optimizer<Float32Array>): () => void {
  const vectors = [vector.parameters, vector.gradients, vector.buffers];
  const copies = vectors.map((values) => values.slice());
  const state = optimizer.state();
  return () => {
    vectors.forEach((values, i) => {
      values.set(copies[i]!);
    });
    optimizer.load(state);
  };
}
