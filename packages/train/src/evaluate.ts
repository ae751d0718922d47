/** Measures over a whole split: every image once, the last batch at its true size, so that means are exact. */
import { type BatchOptions, type BatchValues, SequentialBatches, type Split } from "@thalweg/data";
import { alone, type Communicator } from "./parallel/communicator.ts";
import type { ParameterVector } from "./parameter-vector.ts";
import { EvaluationProgram, type Model } from "./program.ts";

export interface EvaluatorOptions extends BatchOptions {
  model: Model;
  vector: ParameterVector;
  split: Split;
  threads?: number;
  /** Ranks that share the work, each with some of the batches; all get the result. */
  communicator?: Communicator;
}

/** Computes a model's measures on one split with the parameters of the moment. */
export class Evaluator {
  private readonly batches: SequentialBatches;
  private readonly count: number;
  private readonly whole: EvaluationProgram;
  private readonly rest: EvaluationProgram | undefined;
  private readonly communicator: Communicator;
  private readonly summarize: (means: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
  /** Room for a last batch that is not full. */
  private readonly tail: { x: BatchValues; labels: BatchValues } | undefined;

  private constructor(
    batches: SequentialBatches,
    count: number,
    whole: EvaluationProgram,
    rest: EvaluationProgram | undefined,
    { communicator = alone, model, split }: EvaluatorOptions,
  ) {
    this.communicator = communicator;
    const { lowestLoss } = split;
    this.summarize = (means) => ({
      ...(lowestLoss !== undefined && { excess: means.loss! - lowestLoss }),
      ...model.summarize?.(means),
    });
    this.batches = batches;
    this.count = count;
    this.whole = whole;
    this.rest = rest;
    if (rest === undefined) return;
    const { x, labels } = images(whole);
    this.tail = { x: x.slice(), labels: labels.slice() };
  }

  static async create(options: EvaluatorOptions): Promise<Evaluator> {
    const { split, indices, model, vector, threads = 1 } = options;
    const count = indices?.length ?? split.count;
    const batchSize = Math.min(options.batchSize, count);
    const batches = new SequentialBatches(split, { ...options, batchSize });
    const program = (size: number) => EvaluationProgram.create({ model, vector, batchSize: size, threads });
    const remainder = count % batchSize;
    return new Evaluator(
      batches,
      count,
      await program(batchSize),
      remainder === 0 ? undefined : await program(remainder),
      options,
    );
  }

  /**
   * The mean loss over the split and the mean of each count, exact; what the model makes of these; and `excess`, how far the loss is
   * above the lowest that can be expected, where the split knows it.
   */
  async run(): Promise<Record<string, number>> {
    const { communicator, count, whole } = this;
    const names = whole.measures;
    const sums = new Float64Array(names.length);
    for (let batch = communicator.rank; batch < this.batches.count; batch += communicator.size) {
      const rows = this.fill(batch);
      const program = rows === whole.batchSize ? whole : this.rest!;
      const { loss, ...counts } = await program.run();
      const measured: Record<string, number> = { loss: loss * rows, ...counts };
      names.forEach((name, i) => {
        sums[i]! += measured[name]!;
      });
    }
    await communicator.allReduce(sums, "sum");
    const means = Object.fromEntries(names.map((name, i) => [name, sums[i]! / count]));
    return { ...means, ...this.summarize(means) };
  }

  private fill(batch: number): number {
    const isRest = this.rest !== undefined && batch === this.batches.count - 1;
    const { x, labels } = isRest ? this.tail! : images(this.whole);
    const rows = this.batches.fill(batch, x, labels);
    if (isRest) {
      const rest = images(this.rest!);
      rest.x.set(x.subarray(0, rest.x.length));
      rest.labels.set(labels.subarray(0, rest.labels.length));
    }
    return rows;
  }

  async release(): Promise<void> {
    await this.whole.release();
    await this.rest?.release();
  }
}

/** The batch of a program whose model learns labels from examples. */
export function images({ batch }: { batch: EvaluationProgram["batch"] }): {
  x: BatchValues;
  labels: BatchValues;
} {
  return { x: batch.x as BatchValues, labels: batch.labels as BatchValues };
}
