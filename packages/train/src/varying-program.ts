/**
 * A training program for a changing batch size: one compiled program for each size, made when the size is first met.
 *
 * Graphs have fixed shapes, so each size needs a program of its own; all of them read the same parameters and write the same
 * gradient. The last few are kept: a ramp with many sizes passes each of them once, and programs hold memory.
 * It stands in for a TrainingProgram in `fit` and in range tests. It fills its own batches, as only it knows where they lie.
 */

import type { ParameterVector } from "./parameter-vector.ts";
import type { Model } from "./program.ts";
import { type Batch, TrainingProgram } from "./program.ts";

export interface VaryingProgramOptions {
  readonly model: Model;
  readonly vector: ParameterVector;
  readonly seed: number;
  /** The size of a step's batch, as a schedule's `batchSize`. */
  batchSize(step: number): number;
  /** Put the batch of a step into a program's memory, which has that size. */
  fill(step: number, batch: Batch): void;
  readonly threads?: number;
  /** Programs to keep; 4 by default. */
  readonly keep?: number;
}

export class VaryingProgram {
  /** Nothing to fill from outside: pass `fill: () => {}` to `fit`. */
  readonly batch: Batch = {};
  private readonly options: VaryingProgramOptions;
  /** In the order of their last use. */
  private readonly programs = new Map<number, TrainingProgram>();

  constructor(options: VaryingProgramOptions) {
    const { keep = 4 } = options;
    if (!(Number.isSafeInteger(keep) && keep >= 1)) {
      throw new RangeError(
        `Cannot vary the batch size as keep must be a whole number, at least 1: current value is ${keep}`,
      );
    }
    this.options = options;
  }

  /** Batch sizes with a compiled program at hand. */
  get sizes(): number[] {
    return [...this.programs.keys()];
  }

  /** Fill the batch of a step, and compute its mean loss and gradient. */
  async run(step: number): Promise<number> {
    const { batchSize, fill } = this.options;
    const program = await this.programFor(batchSize(step));
    fill(step, program.batch);
    return program.run(step);
  }

  async release(): Promise<void> {
    const programs = [...this.programs.values()];
    this.programs.clear();
    await Promise.all(programs.map((program) => program.release()));
  }

  private async programFor(batchSize: number): Promise<TrainingProgram> {
    const { model, vector, seed, threads = 1, keep = 4 } = this.options;
    const found = this.programs.get(batchSize);
    const program = found ?? (await TrainingProgram.create({ model, vector, batchSize, seed, threads }));
    this.programs.delete(batchSize);
    this.programs.set(batchSize, program);
    for (const [size, old] of this.programs) {
      if (this.programs.size <= keep) break;
      this.programs.delete(size);
      await old.release();
    }
    return program;
  }
}
