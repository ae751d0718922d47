/**
 * The loss of fixed samples as a function of the parameters, with all derivatives that curvature is measured by:
 *
 *   L(θ) = (1/n) Σ ℓᵢ(θ)        ∇L        H v        G v
 *
 * Samples are computed in chunks, the last at its true size, and what chunks give is averaged by their sizes in float64: the Hessian
 * here is that of the mean loss, whatever the chunk. Each derivative is compiled when it is first asked for.
 */
import type { BatchValues } from "@thalweg/data";
import type { Batch, Model, ParameterVector } from "@thalweg/train";
import { type Examples, fillExamples } from "../evaluate/examples.ts";
import { type Derivative, FlatProgram, type ModelForm } from "./flat-program.ts";
import type { CurvatureOperator } from "./operator.ts";

export interface Samples {
  readonly count: number;
  /** Write samples from `first` on, as many as `rows`, into a batch of that size. */
  fill(first: number, rows: number, batch: Batch): void;
}

export interface SampledLossOptions {
  readonly model: Model;
  /** θ is read from it at every call. */
  readonly vector: ParameterVector;
  readonly samples: Samples;
  /** Samples that are computed at once; 500 by default. */
  readonly chunk?: number;
  readonly threads?: number;
  /** Of the model; "evaluation" by default. In training form the loss depends on the chunk, as that is what is normalised. */
  readonly form?: ModelForm;
}

export class SampledLoss {
  readonly vector: ParameterVector;
  readonly samples: Samples;
  private readonly options: SampledLossOptions;
  private readonly chunk: number;
  private readonly programs = new Map<string, FlatProgram>();
  /** For each size, which sample its batch begins with now: one batch serves all derivatives. */
  private readonly filled = new Map<number, { batch: Batch; first: number }>();

  /** Raises RangeError for no samples, and for a chunk that is no whole number. */
  constructor(options: SampledLossOptions) {
    const { samples, vector, chunk = 500 } = options;
    for (const [name, value] of Object.entries({ "the number of samples": samples.count, chunk })) {
      if (Number.isSafeInteger(value) && value >= 1) continue;
      throw new RangeError(
        `Cannot measure curvature as ${name} must be a whole number, at least 1: current value is ${value}`,
      );
    }
    this.options = options;
    this.samples = samples;
    this.vector = vector;
    this.chunk = Math.min(chunk, samples.count);
  }

  /** L(θ) */
  async value(): Promise<number> {
    let loss = 0;
    await this.overChunks("loss", undefined, new Float64Array(0), (program, share) => {
      loss += share * program.loss;
    });
    return loss;
  }

  /** L(θ); writes ∇L(θ). */
  async gradient(into: Float64Array): Promise<number> {
    let loss = 0;
    await this.overChunks("gradient", undefined, into, (program, share) => {
      loss += share * program.loss;
    });
    return loss;
  }

  /** Second derivatives of L at the θ that the vector holds when a product is asked for. */
  hessian(): CurvatureOperator {
    return this.operator("hessian");
  }

  /** Jᵀ H_L J: the Hessian without the curvature of the network itself. Products raise RangeError where the model names no outputs. */
  gaussNewton(): CurvatureOperator {
    return this.operator("gaussNewton");
  }

  /** The samples are others now. */
  refill(): void {
    for (const state of this.filled.values()) state.first = -1;
  }

  async release(): Promise<void> {
    const programs = [...this.programs.values()];
    this.programs.clear();
    this.filled.clear();
    for (const program of programs) await program.release();
  }

  private operator(derivative: Derivative): CurvatureOperator {
    const { size, segments } = this.vector;
    return { dimension: size, segments, apply: (v, into) => this.overChunks(derivative, v, into) };
  }

  private async overChunks(
    derivative: Derivative,
    direction: Float32Array | undefined,
    into: Float64Array,
    each?: (program: FlatProgram, share: number) => void,
  ): Promise<void> {
    const { samples, chunk } = this;
    into.fill(0);
    for (let first = 0; first < samples.count; first += chunk) {
      const rows = Math.min(chunk, samples.count - first);
      const program = await this.programFor(derivative, rows);
      this.fill(first, rows, program.batch);
      if (direction !== undefined) program.direction.set(direction);
      const result = await program.run();
      const share = rows / samples.count;
      for (let i = 0; i < into.length; i++) into[i]! += share * result[i]!;
      each?.(program, share);
    }
  }

  private async programFor(derivative: Derivative, batchSize: number): Promise<FlatProgram> {
    const key = `${derivative} of ${batchSize}`;
    const known = this.programs.get(key);
    if (known !== undefined) return known;
    const { model, vector, threads = 1, form = "evaluation" } = this.options;
    const batch = this.filled.get(batchSize)?.batch;
    const program = await FlatProgram.create({
      ...{ model, vector, batchSize, derivative, threads, form },
      ...(batch && { batch }),
    });
    this.programs.set(key, program);
    if (batch === undefined) this.filled.set(batchSize, { batch: program.batch, first: -1 });
    return program;
  }

  private fill(first: number, rows: number, batch: Batch): void {
    const state = this.filled.get(rows)!;
    if (state.first === first) return;
    this.samples.fill(first, rows, batch);
    state.first = first;
  }
}

/** Samples that are there as arrays, by the names of the model's inputs, one after the other. Raises RangeError for unequal counts. */
export function samplesOf(values: Readonly<Record<string, BatchValues>>, count: number): Samples {
  const sizes = Object.entries(values).map(([name, array]) => {
    if (array.length % count === 0) return [name, array.length / count] as const;
    throw new RangeError(
      `Cannot take ${count} samples as each must have equally many numbers: ${name} has ${array.length}`,
    );
  });
  return {
    count,
    fill: (first, rows, batch) => {
      for (const [name, size] of sizes) {
        batch[name]!.set(values[name]!.subarray(first * size, (first + rows) * size) as never);
      }
    },
  };
}

/** Examples of a split, in their order. */
export const samplesFrom = (examples: Examples): Samples => ({
  count: examples.indices.length,
  fill: (first, _, batch) => fillExamples(examples, first, batch),
});
