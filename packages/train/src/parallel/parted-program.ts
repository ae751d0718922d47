/**
 * A training program for batches that are computed in parts: each rank takes `accumulate` of them, one after the other, and the loss and
 * the gradient are the means over all parts of all ranks. So the result is that of the whole batch, to rounding.
 *
 *   g = 1/(N·k) · Σ_ranks Σ_parts g_part        part r·k + m of N·k is the m-th of rank r
 *
 * One all-reduce of the whole gradient vector follows the backward pass, which ONNX Runtime computes in one call: there is nothing to
 * overlap it with. Batch statistics are those of each part; the running statistics are averaged over the ranks at each step.
 *
 * It stands in for a TrainingProgram in `fit`, and fills its own batches, as only it knows how many parts there are.
 */
import { Accumulation } from "@thalweg/optim";
import type { ParameterVector } from "../parameter-vector.ts";
import type { Batch, TrainingProgram } from "../program.ts";
import type { Communicator } from "./communicator.ts";

export interface PartedProgramOptions {
  /** Of one part's size, made for so many parts; writes into the vector. */
  readonly program: Pick<TrainingProgram, "batch" | "run">;
  readonly vector: Pick<ParameterVector, "gradients" | "buffers">;
  readonly communicator: Communicator;
  /** Parts that each rank computes in a step, one by default. */
  readonly accumulate?: number;
  /** Put one part of a step's batch into the program's memory. */
  fill(step: number, batch: Batch, part: number): void;
}

export class PartedProgram {
  /** Nothing to fill from outside: pass `fill: () => {}` to `fit`. */
  readonly batch: Batch = {};
  private readonly options: PartedProgramOptions;
  private readonly accumulate: number;
  private readonly mean: Float32Array | undefined;
  private readonly accumulation: Accumulation<Float32Array> | undefined;

  constructor(options: PartedProgramOptions) {
    const { vector, accumulate = 1 } = options;
    this.options = options;
    this.accumulate = accumulate;
    if (accumulate === 1) return;
    this.mean = new Float32Array(vector.gradients.length);
    this.accumulation = new Accumulation({ from: vector.gradients, into: this.mean, k: accumulate });
  }

  /** The mean loss of a step's batch; its gradient is written into the parameter vector, on all ranks. */
  async run(step: number): Promise<number> {
    const { program, vector, communicator, fill } = this.options;
    const { accumulate, accumulation, mean } = this;
    const loss = Float64Array.of(0);
    for (let m = 0; m < accumulate; m++) {
      const part = communicator.rank * accumulate + m;
      fill(step, program.batch, part);
      loss[0]! += (await program.run(step, part)) / accumulate;
      accumulation?.add();
    }
    if (mean !== undefined) vector.gradients.set(mean);
    await averageOverRanks(vector.gradients, communicator);
    await averageOverRanks(vector.buffers, communicator);
    await averageOverRanks(loss, communicator);
    return loss[0]!;
  }
}

/** Replace values by their mean over the ranks. */
export async function averageOverRanks(
  values: Float32Array | Float64Array,
  communicator: Communicator,
): Promise<void> {
  const { size } = communicator;
  if (size === 1 || values.length === 0) return;
  await communicator.allReduce(values, "sum");
  const share = 1 / size;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! * share;
}
