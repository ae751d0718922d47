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
import type { FitOptions, Updates } from "../fit.ts";
import type { ParameterVector } from "../parameter-vector.ts";
import type { Batch } from "../program.ts";
import { type RateRange, testRates } from "./rates.ts";
import { conventions, stopper } from "./smoothing.ts";

export interface RangeTestOptions extends RateRange {
  readonly vector: Pick<ParameterVector, "parameters" | "gradients" | "buffers">;
  /** Usually a TrainingProgram; its dropout noise is a function of the step, so there is no random state to restore. */
  readonly program: { readonly batch: Batch; run(step: number): Promise<number> };
  readonly optimizer: Updates;
  /**
   * The `lr` that the optimizer was built with: rates are reached by factors of it, as a schedule would. What a rule reads from the
   * unscheduled rate (`lrPeak`) sees this one.
   */
  readonly baseRate: number;
  /** Put the batch of a step, counted from 0, into the program's memory. */
  fill(step: number, batch: Batch): void;
  /** Gradients besides that of the step's batch, for rules that ask for them; see `fit`. */
  readonly gradients?: FitOptions["gradients"];
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
 * Cost  `steps` training steps, and two copies of parameters, gradients, buffers and state.
 */
export async function rangeTest(options: RangeTestOptions): Promise<RangeTest> {
  const rates = [...testRates(options)];
  return undisturbed(options, () => sweep(options, rates, { first: 0, stopsWhenDiverged: true }));
}

/**
 * Train one step at each of the rates, beginning with step number `first`, and record the losses. A loss that is not finite
 * ends the sweep before its update.
 */
export async function sweep(
  options: RangeTestOptions,
  rates: readonly number[],
  { first, stopsWhenDiverged = false }: { first: number; stopsWhenDiverged?: boolean },
): Promise<RangeTest> {
  const { program, optimizer, baseRate, fill, signal } = options;
  const stops = stopsWhenDiverged ? Object.values(conventions).map(stopper) : [];
  const losses: number[] = [];
  const record = (end: RangeTest["end"]): RangeTest => ({ rates, losses, end });
  const factors = { lr: 1 };
  for (const [i, rate] of rates.entries()) {
    if (signal?.aborted) return record("interrupted");
    const step = first + i;
    factors.lr = rate / baseRate;
    fill(step, program.batch);
    const before = await lookAround(options, step, factors);
    const after = await program.run(step);
    const loss = before ?? after;
    losses.push(loss);
    if (!(Number.isFinite(loss) && Number.isFinite(after))) return record("non-finite");
    const votes = stops.filter((stop) => stop(loss)); // all are asked: each keeps its own average
    if (stopsWhenDiverged && votes.length === stops.length) return record("diverged");
    await optimizer.step(factors);
  }
  return record("finished");
}

/** What a rule with several gradients does before its update, as in `fit`; the loss of the batch if that took its gradient. */
async function lookAround(
  { program, optimizer, gradients = {} }: RangeTestOptions,
  step: number,
  factors: Readonly<Record<string, number>>,
): Promise<number | undefined> {
  let loss: number | undefined;
  for (const phase of optimizer.phasesDue()) {
    if (phase.gradient === "batch") {
      const found = await program.run(step);
      loss ??= found;
    } else {
      const evaluate = gradients[phase.gradient];
      if (evaluate === undefined) {
        throw new RangeError(
          `Cannot test learning rates as the rule asks for a gradient of the kind "${phase.gradient}", which is not given: pass it in \`gradients\``,
        );
      }
      await evaluate(step);
    }
    await optimizer.prepare(phase, factors);
  }
  return loss;
}

/** Do something with the training state, and put all that a training step changes back as it was, also after an error. */
export async function undisturbed<T>(
  options: RangeTestOptions,
  work: (rewind: () => void) => Promise<T>,
): Promise<T> {
  const { vector, optimizer, baseRate } = options;
  if (!(baseRate > 0 && baseRate < Infinity)) {
    throw new RangeError(
      `Cannot test learning rates as baseRate must be the optimizer's own lr, positive and finite: current value is ${baseRate}`,
    );
  }
  const vectors = [vector.parameters, vector.gradients, vector.buffers];
  const copies = vectors.map((values) => values.slice());
  const state = optimizer.state();
  const rewind = () => {
    vectors.forEach((values, i) => {
      values.set(copies[i]!);
    });
    optimizer.load(state);
  };
  try {
    return await work(rewind);
  } finally {
    rewind();
  }
}
