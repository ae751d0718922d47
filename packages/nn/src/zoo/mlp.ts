/** Logistic regression and the multilayer perceptron. Names are those of torch.nn.Linear and of a torch.nn.Sequential of layers. */
import { flatten as flattenOf } from "@thalweg/graph";
import { type Activation, activation } from "../activations.ts";
import { sequential } from "../composition.ts";
import { layerWeight, zeros } from "../initializers.ts";
import { dropout, linear } from "../layers.ts";
import type { Initializer, Module } from "../module.ts";

/** The same module for inputs [B, ...], whose axes become one. */
const flattened = (module: Module): Module => ({
  ...module,
  forward: (x, context) => module.forward(flattenOf(x, 1), context),
});

/** logits = W x + b, starting at zero, as the problem is convex. [B, ...] with `features` values → [B, classes]. */
export const logisticRegression = (features: number, classes: number): Module =>
  flattened(linear(features, classes, { weight: zeros, bias: zeros }));

export interface MlpOptions {
  /** Values per example of the input, of each hidden layer, and of the output. */
  readonly sizes: readonly number[];
  /** Default "relu". */
  readonly activation?: Activation;
  /** After each activation. Default 0, which leaves it out. */
  readonly dropout?: number;
  readonly bias?: boolean | Initializer;
  readonly weight?: Initializer;
}

/** Linear layers with an activation between them: [B, ...] → [B, last size]. Names 0.weight, 2.weight, … (3 apart with dropout). */
export function mlp(options: MlpOptions): Module {
  const { sizes, activation: name = "relu", dropout: p = 0, bias = true, weight = layerWeight } = options;
  if (sizes.length < 2) {
    throw new RangeError(
      `Cannot build mlp as sizes must hold an input's and an output's at least: found [${sizes.join(", ")}]`,
    );
  }
  const layers = sizes.slice(1).flatMap((outputs, k) => {
    const between = k === sizes.length - 2 ? [] : [activation(name), ...(p > 0 ? [dropout(p)] : [])];
    return [linear(sizes[k]!, outputs, { bias, weight }), ...between];
  });
  return flattened(sequential(...layers));
}
