/**
 * Gradients that are not finite: a NaN or an infinity spreads to every parameter that a global norm touches, and then to
 * all of them. It is found before it is used and named; it never becomes zero in silence.
 */
import type { FloatArray } from "@thalweg/formula";

/** Where a gradient is not finite. */
export interface NonFinite {
  parameter: string;
  /** Index in the tensor, row-major. */
  index: number;
  value: number;
}

/** A step that was not taken, since a gradient is not finite. Nothing has changed. */
export class NonFiniteGradientError extends RangeError {
  override name = "NonFiniteGradientError";
  readonly step: number;
  readonly parameter: string;

  constructor(step: number, { parameter, index, value }: NonFinite) {
    super(
      `Cannot take step ${step} as every gradient must be finite: element ${index} of the gradient of "${parameter}" is ${value}; lower the learning rate, clip, or look at that step's batch`,
    );
    this.step = step;
    this.parameter = parameter;
  }
}

/** The first element that is not finite, in the order of the tensors. */
export function firstNonFinite(
  tensors: readonly { name: string; slots: Readonly<Record<string, FloatArray>> }[],
): NonFinite | undefined {
  for (const { name, slots } of tensors) {
    const g = slots.g!;
    if (allFinite(g)) continue;
    const index = g.findIndex((x) => !Number.isFinite(x));
    return { parameter: name, index, value: g[index]! };
  }
  return undefined;
}

/** 0 · x is NaN for NaN and infinities, and a sum keeps it: one pass without branches. */
function allFinite(vector: FloatArray): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += 0 * vector[i]!;
  return sum === 0;
}
