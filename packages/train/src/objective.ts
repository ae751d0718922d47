/**
 * A network's loss as an objective of its flat parameter vector, so that every minimizer of `@thalweg/optim` can train it: with
 * value, gradient, Hessian products, and the batches as components of a finite sum.
 *
 *   f(θ) = (1/K) Σ L(θ; batch k)
 *
 * Kernels compute in float32: a loss near 1 is known to 6e-8, and θ is rounded on the way in. Methods end there by standing still,
 * not by a gradient of 1e-8. The noise of dropout is the same at every evaluation, and running means stay where they are: a
 * function must give the same answer for the same θ.
 */
import type { AsyncObjective, Vector } from "@thalweg/optim";
import { type HessianProgram, hessianByDifferences } from "./hessian-product.ts";
import type { ParameterVector } from "./parameter-vector.ts";
import type { TrainingProgram } from "./program.ts";

export interface LossOptions {
  readonly name?: string;
  readonly program: TrainingProgram;
  /** The one that the program computes on: θ and ∇θ there are those of the last evaluation. */
  readonly vector: ParameterVector;
  /** Exact products, on the memory of the program's batch; without it they are central differences of gradients. */
  readonly hessian?: HessianProgram;
  /** Several batches, filled in turn; what the program's batch holds when absent. */
  readonly batches?: { readonly count: number; readonly fill: (k: number) => void };
  /** Picks the noise. */
  readonly step?: number;
}

/**
 * The loss as a function. Afterwards write what was found into the vector: `vector.parameters.set(result.point)`.
 *
 * Raises RangeError for no batches, and for a Hessian program with a batch of its own.
 *
 * @example const result = await minimizeAsync(minimizers.lbfgs, lossObjective({ program, vector }), vector.parameters)
 */
export function lossObjective(options: LossOptions): AsyncObjective {
  const { name = "loss", program, vector, hessian, batches, step = 0 } = options;
  const { parameters, gradients, buffers, size } = vector;
  checkOptions(options);
  const count = batches?.count ?? 1;
  const everything = Array.from({ length: count }, (_, k) => k);
  const still = buffers.slice();
  const write = (at: Vector) => {
    parameters.set(at); // float32
    buffers.set(still);
  };

  /** The mean loss over some batches; writes the mean gradient. */
  async function mean(indices: ArrayLike<number>, at: Vector, into?: Vector): Promise<number> {
    into?.fill(0);
    const { length } = indices;
    let sum = 0;
    for (let b = 0; b < length; b++) {
      batches?.fill(indices[b]!);
      write(at);
      sum += (await program.run(step)) / length;
      if (into !== undefined) for (let i = 0; i < size; i++) into[i]! += gradients[i]! / length;
    }
    buffers.set(still);
    return sum;
  }

  async function productOfBatch(direction: Vector): Promise<Float32Array> {
    if (hessian === undefined) return hessianByDifferences(program, vector, direction, step);
    hessian.direction.set(direction);
    return hessian.run(step);
  }

  return {
    name,
    dimension: size,
    value: (at) => mean(everything, at),
    gradient: (at, into) => mean(everything, at, into),
    product: async (at, direction, into) => {
      into.fill(0);
      for (const k of everything) {
        batches?.fill(k);
        write(at);
        const part = await productOfBatch(direction);
        for (let i = 0; i < size; i++) into[i]! += part[i]! / count;
      }
    },
    ...(count > 1 && { components: { count, gradient: mean } }),
  };
}

function checkOptions({ program, hessian, batches }: LossOptions): void {
  if (batches !== undefined && !(Number.isSafeInteger(batches.count) && batches.count >= 1)) {
    throw new RangeError(
      `Cannot build the objective of a loss as batches.count must be a whole number >= 1: current value is ${batches.count}`,
    );
  }
  if (hessian !== undefined && hessian.batch !== program.batch) {
    throw new RangeError(
      "Cannot build the objective of a loss as the Hessian program must compute on the training program's batch: create it with { batch: program.batch }",
    );
  }
}
