/**
 * Batches whose size changes over the run, as a pure function of (seed, step): `Batches` for a batch-size schedule.
 *
 * An epoch's order is that of `Batches`, from stream(seed, "order", epoch), and a batch never spans two epochs: where the images
 * left in an epoch do not fill the next batch, they are dropped, and the batch begins the next epoch. So with one size for all
 * steps, both give the same bits. Dropped images do not count as seen.
 *
 * Where a step lies is a closed form within each stage of equal steps: what is left of the epoch in which the stage begins holds ⌊(n − o)/B⌋
 * of its batches, and each epoch after it ⌊n/B⌋.
 */
import { stream } from "@thalweg/random";
import { type BatchOptions, type BatchValues, ImageWriter } from "./batches.ts";
import type { Split } from "./dataset.ts";

/** Steps of one size, from `firstStep` to the next stage; @thalweg/train lays schedules out so. */
export interface SizeStage {
  readonly firstStep: number;
  readonly batchSize: number;
}

/** Where the batch of a step lies. */
export interface BatchPlace {
  readonly batchSize: number;
  readonly epoch: number;
  /** Of its first image, in the epoch's order. */
  readonly offset: number;
}

interface PlacedStage extends SizeStage {
  readonly epoch: number;
  readonly offset: number;
}

/**
 * @example
 *   const { stages } = parseBatchSchedule("ramp(32, 512, examples=100000)");
 *   const batches = new VaryingBatches(mnist.train, { stages, seed: 1, normalization: mnist });
 *   batches.fill(step, x, labels); // x [batches.batchSize(step), 784]
 */
export class VaryingBatches {
  private readonly stages: readonly PlacedStage[];
  private readonly seed: number;
  private readonly writer: ImageWriter;
  private epoch = -1;
  private order: Uint32Array = new Uint32Array(0);

  /** Raises RangeError for stages that are out of order, or a batch larger than an epoch. */
  constructor(
    split: Split,
    options: Omit<BatchOptions, "batchSize"> & {
      readonly stages: readonly SizeStage[];
      readonly seed: number;
    },
  ) {
    const { stages, seed } = options;
    this.writer = new ImageWriter(split, { ...options, batchSize: 1 });
    this.seed = seed;
    this.stages = placeStages(stages, this.writer.indices.length);
  }

  batchSize(step: number): number {
    return this.place(step).batchSize;
  }

  /** Epoch and offset of a step, counted from 0. */
  place(step: number): BatchPlace {
    if (!(Number.isSafeInteger(step) && step >= 0)) {
      throw new RangeError(
        `Cannot place a batch as step must be a whole number from 0: current value is ${step}`,
      );
    }
    const stage = this.stages.findLast(({ firstStep }) => firstStep <= step)!;
    return advance(stage, step - stage.firstStep, this.writer.indices.length);
  }

  /** Write the batch of a step into x [batchSize(step), size] and labels [batchSize(step)]. */
  fill(step: number, x: BatchValues, labels: BatchValues): void {
    const { batchSize, epoch, offset } = this.place(step);
    const { writer } = this;
    writer.checkBuffers(x, labels, batchSize, `batch of step ${step}`);
    if (epoch !== this.epoch) {
      this.order = stream(this.seed, "order", epoch).permutation(writer.indices.length);
      this.epoch = epoch;
    }
    for (let row = 0; row < batchSize; row++) {
      writer.write(writer.indices[this.order[offset + row]!]!, row, x, labels);
    }
  }
}

/** `steps` batches on from where a stage begins, in epochs of n images. */
function advance({ batchSize, epoch, offset }: PlacedStage, steps: number, n: number): BatchPlace {
  const first = Math.floor((n - offset) / batchSize);
  if (steps < first) return { batchSize, epoch, offset: offset + steps * batchSize };
  const perEpoch = Math.floor(n / batchSize);
  const later = steps - first;
  return {
    batchSize,
    epoch: epoch + 1 + Math.floor(later / perEpoch),
    offset: (later % perEpoch) * batchSize,
  };
}

function placeStages(stages: readonly SizeStage[], n: number): PlacedStage[] {
  if (stages[0]?.firstStep !== 0)
    throw new RangeError("Cannot make batches as the first stage must begin at step 0");
  const placed: PlacedStage[] = [];
  for (const { firstStep, batchSize } of stages) {
    if (!(Number.isSafeInteger(batchSize) && batchSize >= 1 && batchSize <= n)) {
      throw new RangeError(
        `Cannot make batches as every size must be a whole number from 1 to the number of images, ${n}: current value is ${batchSize}`,
      );
    }
    const last = placed.at(-1);
    if (last !== undefined && !(Number.isSafeInteger(firstStep) && firstStep > last.firstStep)) {
      throw new RangeError(
        `Cannot make batches as stages must begin one after the other: step ${firstStep} comes after ${last.firstStep}`,
      );
    }
    placed.push({ firstStep, batchSize, ...next(last, firstStep, n) });
  }
  return placed;
}

/** Where the stage before ends: its next batch might not fit any more, but a smaller one may. */
function next(
  last: PlacedStage | undefined,
  firstStep: number,
  n: number,
): { epoch: number; offset: number } {
  if (last === undefined) return { epoch: 0, offset: 0 };
  const { batchSize, epoch, offset } = advance(last, firstStep - last.firstStep - 1, n);
  return { epoch, offset: offset + batchSize };
}
