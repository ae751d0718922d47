/** Gradients of single examples, one program run for each: for any network, at the cost of small batches. */
import type { BatchValues } from "@thalweg/data";
import type { Batch, Model, ParameterVector } from "@thalweg/train";
import { FlatProgram } from "../curvature/flat-program.ts";
import { type Samples, samplesOf } from "../curvature/sampled-loss.ts";

export interface ExampleGradients {
  readonly gradients: readonly Float32Array[];
  readonly losses: readonly number[];
}

/** Numbers that all gradients of examples may have together: 64 MiB. */
const MOST_NUMBERS = 2 ** 24;

export class ExampleGradientProgram {
  private readonly program: FlatProgram;

  private constructor(program: FlatProgram) {
    this.program = program;
  }

  static async create(model: Model, vector: ParameterVector): Promise<ExampleGradientProgram> {
    return new ExampleGradientProgram(
      await FlatProgram.create({ model, vector, batchSize: 1, derivative: "gradient" }),
    );
  }

  /** Of each sample, at the θ that the vector holds now. */
  async of(samples: Samples): Promise<ExampleGradients> {
    const gradients: Float32Array[] = [];
    const losses: number[] = [];
    for (let i = 0; i < samples.count; i++) {
      samples.fill(i, 1, this.program.batch);
      gradients.push((await this.program.run()).slice());
      losses.push(this.program.loss);
    }
    return { gradients, losses };
  }

  /** So that what is slow once, such as buffers of ONNX Runtime, is no cost of a measurement. */
  async warm(): Promise<void> {
    await this.program.run();
  }

  release(): Promise<void> {
    return this.program.release();
  }
}

/** The first examples of a batch, as they are now: so many, or as many as memory has room for gradients of. */
export function firstOf(model: Model, batch: Batch, most: number, parameters = 1): Samples {
  const one = Object.entries(model.inputs(1)).map(
    ([name, { shape }]) => [name, shape.reduce((a, b) => a * b, 1)] as const,
  );
  const [[first, size]] = one as [readonly [string, number]];
  const fit = Math.max(2, Math.floor(MOST_NUMBERS / parameters));
  const count = Math.min(most, fit, batch[first]!.length / size);
  return samplesOf(
    Object.fromEntries(one.map(([name, each]) => [name, batch[name]!.slice(0, count * each) as BatchValues])),
    count,
  );
}
