/**
 * The curvature that stochastic steps meet: of each batch the curvature of its own loss along its own gradient.
 *
 *   E over batches of  gᵀ H_B g / gᵀg        g = ∇L_B
 *
 * In small-batch training it is this, not λ₁ of the whole loss, that rises to 2/η. For one batch of all samples it is the curvature
 * along the gradient. A batch whose gradient is zero has no direction, and does not count.
 *
 * Source  Andreyev & Beneventano, "Edge of stochastic stability", arXiv:2412.20553.
 */

import { dot } from "@thalweg/optim";
import type { Model, ParameterVector } from "@thalweg/train";
import { FlatProgram } from "./flat-program.ts";
import type { Samples } from "./sampled-loss.ts";
import type { Estimate } from "./trace.ts";

export interface BatchSharpnessOptions {
  readonly model: Model;
  readonly vector: ParameterVector;
  /** Batches are taken from them one after the other, in their order. */
  readonly samples: Samples;
  readonly batchSize: number;
  /** How many batches; as many as the samples fill by default. */
  readonly batches?: number;
}

/** Measure it. Raises RangeError for batches that the samples do not fill; the error of a single batch is NaN. */
export async function batchSharpness(options: BatchSharpnessOptions): Promise<Estimate> {
  const { model, vector, samples, batchSize } = options;
  const { batches = Math.floor(samples.count / batchSize) } = options;
  const whole = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (!(whole(batchSize) && whole(batches) && batches * batchSize <= samples.count)) {
    throw new RangeError(
      `Cannot measure the sharpness of batches as the samples must fill one or more: ${batches} of ${batchSize} are wanted, and there are ${samples.count} samples`,
    );
  }
  const gradient = await FlatProgram.create({ model, vector, batchSize, derivative: "gradient" });
  const hessian = await FlatProgram.create({
    ...{ model, vector, batchSize, batch: gradient.batch },
    derivative: "hessian",
  });
  try {
    const curvatures: number[] = [];
    for (let k = 0; k < batches; k++) {
      samples.fill(k * batchSize, batchSize, gradient.batch);
      const g = await gradient.run();
      const length = Math.sqrt(dot(g, g));
      if (length === 0) continue;
      for (let i = 0; i < g.length; i++) hessian.direction[i] = g[i]! / length;
      curvatures.push(dot(hessian.direction, await hessian.run()));
    }
    const n = curvatures.length;
    const value = curvatures.reduce((sum, x) => sum + x, 0) / n;
    const squares = curvatures.reduce((sum, x) => sum + (x - value) ** 2, 0);
    return { value, standardError: Math.sqrt(squares / (n * (n - 1))) };
  } finally {
    await gradient.release();
    await hessian.release();
  }
}
