/**
 * Layers without a kernel: linear relu flatten dropout, and sequential, which chains modules.
 * Shapes: B is the batch, F features. Semantics, names and defaults are torch.nn's.
 */
import {
  cast,
  flatten as flattenAxes,
  gemm,
  greaterOrEqual,
  mul,
  relu as rectify,
  type Tensor,
} from "@thalweg/graph";
import { layerBias, layerWeight } from "./initializers.ts";
import { type Initializer, type Module, type ParameterSpec, within } from "./module.ts";

/** A module of one function, with nothing to learn. */
export const lambda = (forward: Module["forward"]): Module => ({ parameters: [], buffers: [], forward });

export const relu = (): Module => lambda((x) => rectify(x));

/** [B, …] → [B, F]. */
export const flatten = (): Module => lambda((x) => flattenAxes(x, 1));

export interface LinearOptions {
  readonly bias?: boolean;
  readonly weight?: Initializer;
}

/** y = x Wᵀ + b:  [B, inputs] → [B, outputs], weight [outputs, inputs]. */
export function linear(inputs: number, outputs: number, options: LinearOptions = {}): Module {
  requireCounts("linear", { inputs, outputs });
  const { bias = true, weight = layerWeight } = options;
  const parameters: ParameterSpec[] = [
    { name: "weight", shape: [outputs, inputs], initialize: weight, kind: "weight" },
  ];
  if (bias) parameters.push({ name: "bias", shape: [outputs], initialize: layerBias(inputs), kind: "bias" });
  return {
    parameters,
    buffers: [],
    forward: (x, context) =>
      gemm(x, context.parameter("weight"), { transB: 1, ...(bias && { addend: context.parameter("bias") }) }),
  };
}

/**
 * While training, each value is dropped with probability p and the others are scaled up, so that the mean stays:
 *
 *   y = x · [noise ≥ p] / (1 − p)           noise uniform in [0, 1), so a value is kept with probability 1 − p exactly
 *
 * Source: Srivastava et al., JMLR 15, 2014, in the inverted form. Otherwise the identity.
 */
export function dropout(p = 0.5): Module {
  if (!(p >= 0 && p < 1))
    throw new RangeError(`Cannot build dropout as p must be in [0, 1): current value is ${p}`);
  return lambda((x, context) => {
    if (!context.training || p === 0) return x;
    const kept = cast(greaterOrEqual(context.noise("noise", x.shape), p), x.dtype);
    return mul(x, mul(kept, 1 / (1 - p)));
  });
}

/** Modules one after another; the k-th one's names are prefixed with `k.`. */
export function sequential(...modules: readonly Module[]): Module {
  const renamed = <S extends { name: string }>(k: number, specs: readonly S[]): S[] =>
    specs.map((spec) => ({ ...spec, name: `${k}.${spec.name}` }));
  return {
    parameters: modules.flatMap((module, k) => renamed(k, module.parameters)),
    buffers: modules.flatMap((module, k) => renamed(k, module.buffers)),
    forward: (x, context) =>
      modules.reduce<Tensor>(
        (input, module, k) =>
          context.graph.scope(String(k), () => module.forward(input, within(context, String(k)))),
        x,
      ),
  };
}

/** Sizes of a layer must be whole numbers, 1 or more. */
export function requireCounts(layer: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || !(value >= 1)) {
      throw new RangeError(
        `Cannot build ${layer} as ${name} must be a whole number, 1 or more: current value is ${value}`,
      );
    }
  }
}
