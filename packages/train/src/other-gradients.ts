/**
 * Gradients that some rules want besides that of the step's batch, in the form in which `fit` and range tests take them.
 *
 *   sampled-labels   of the batch at hand, with labels drawn from the model's own softmax: stream(seed, "labels", step)
 *   full             the mean over all images that are trained on, to the last: the rest that fills no batch counts in proportion
 *
 * Both leave the batch at hand and the model's buffers (running means) as they are. Dropout drops in the full gradient too, as
 * it does in the loss that is trained.
 */

import { type Normalization, SequentialBatches, type Split } from "@thalweg/data";
import type { GradientKind } from "@thalweg/formula";
import { images } from "./evaluate.ts";
import type { FitOptions } from "./fit.ts";
import type { ParameterVector } from "./parameter-vector.ts";
import { type Model, TrainingProgram } from "./program.ts";

export interface OtherGradientsOptions {
  /** Which are wanted: "batch" is `fit`'s own business. */
  kinds: readonly GradientKind[];
  model: Model;
  vector: ParameterVector;
  /** Whose batch is at hand. */
  program: TrainingProgram;
  seed: number;
  /** What is trained on. */
  split: Split;
  indices?: Uint32Array;
  normalization: Normalization;
  threads?: number;
}

export interface OtherGradients {
  readonly gradients: NonNullable<FitOptions["gradients"]>;
  release(): Promise<void>;
}

/** Compile what the kinds need. Raises RangeError for a model that cannot sample labels when it should. */
export async function otherGradients(options: OtherGradientsOptions): Promise<OtherGradients> {
  const made = await Promise.all(
    (["sampled-labels", "full"] as const)
      .filter((kind) => options.kinds.includes(kind))
      .map(async (kind) => [kind, await MAKERS[kind](options)] as const),
  );
  return {
    gradients: Object.fromEntries(made.map(([kind, { run }]) => [kind, run])),
    release: async () => {
      for (const [, { release }] of made) await release();
    },
  };
}

interface OtherGradient {
  run(step: number): Promise<number>;
  release(): Promise<void>;
}

const MAKERS = { "sampled-labels": ofSampledLabels, full: ofEverything };

async function ofSampledLabels(options: OtherGradientsOptions): Promise<OtherGradient> {
  const { batch, batchSize } = options.program;
  const program = await TrainingProgram.create({
    ...options,
    ...{ batch, batchSize, labels: "sampled", updatesBuffers: false },
  });
  const run = async (step: number) => {
    await program.run(step);
    return 1;
  };
  return { run, release: () => program.release() };
}

async function ofEverything(options: OtherGradientsOptions): Promise<OtherGradient> {
  const { split, indices, vector, program } = options;
  const count = indices?.length ?? split.count;
  const batchSize = Math.min(program.batchSize, count);
  const create = (size: number) =>
    TrainingProgram.create({ ...options, batchSize: size, updatesBuffers: false });
  const remainder = count % batchSize;
  const whole = await create(batchSize);
  const rest = remainder === 0 ? undefined : await create(remainder);
  const batches = new SequentialBatches(split, { ...options, batchSize });
  const sum = new Float64Array(vector.size);
  const { x, labels } = images(whole);
  const last = { x: x.slice(), labels: labels.slice() };

  /** Fill the program that fits a batch; how many images there are. */
  const fill = (batch: number): { of: TrainingProgram; rows: number } => {
    const isRest = rest !== undefined && batch === batches.count - 1;
    const { x, labels } = isRest ? last : images(whole);
    const rows = batches.fill(batch, x, labels);
    if (!isRest) return { of: whole, rows };
    const partial = images(rest);
    partial.x.set(x.subarray(0, partial.x.length));
    partial.labels.set(labels.subarray(0, partial.labels.length));
    return { of: rest, rows };
  };
  const run = async (step: number) => {
    const { gradients } = vector;
    sum.fill(0);
    for (let batch = 0; batch < batches.count; batch++) {
      const { of, rows } = fill(batch);
      await of.run(step * batches.count + batch);
      for (let i = 0; i < sum.length; i++) sum[i]! += gradients[i]! * rows;
    }
    for (let i = 0; i < sum.length; i++) gradients[i] = sum[i]! / count;
    return batches.count;
  };
  const release = async () => {
    await whole.release();
    await rest?.release();
  };
  return { run, release };
}
