/**
 * Loss and gradient of a model from a file, on one batch of given arrays: what `thalweg gradient` computes. For training, where one
 * program runs many times, see `imported-model.ts`.
 */
import type { NpyArray } from "@thalweg/data";
import type { OnnxModel, Shape } from "@thalweg/graph";
import { stream } from "@thalweg/random";
import { BoundSession, type Values } from "../session.ts";
import { allocate, fitArray, solveSizes } from "./arrays.ts";
import { outputLosses } from "./losses.ts";
import { type DifferentiationOptions, differentiate } from "./training-graph.ts";

export interface GradientOptions extends DifferentiationOptions {
  /** Arrays by the names of the model's inputs, and the labels by theirs. */
  readonly arrays: ReadonlyMap<string, NpyArray>;
  /** Drives dropout's noise; 0 by default. */
  readonly seed?: number;
  readonly threads?: number;
}

export interface LossAndGradient {
  readonly loss: number;
  /** By the initializers' names, in the order in which the model uses them. */
  readonly gradients: ReadonlyMap<string, { readonly shape: Shape; readonly data: Values }>;
}

export async function lossAndGradient(model: OnnxModel, options: GradientOptions): Promise<LossAndGradient> {
  const compute = await prepareGradient(model, options);
  return compute();
}

/**
 * What computes it, once. Raises RangeError for arrays that do not fit the model, OnnxError for a model that cannot be
 * differentiated.
 */
export async function prepareGradient(
  model: OnnxModel,
  options: GradientOptions,
): Promise<() => Promise<LossAndGradient>> {
  const { arrays, seed = 0, threads = 1, labels: labelName = "labels", loss } = options;
  const find = (name: string, what: string): NpyArray => {
    const array = arrays.get(name);
    if (array !== undefined) return array;
    throw new RangeError(
      `Cannot compute the gradient as ${what} must be given as an array named ${name}: there are ${[...arrays.keys()].join(", ") || "none"}`,
    );
  };
  const inputs = new Map(model.inputs.map(({ name }) => [name, find(name, "the model's input")]));
  const labels = outputLosses[loss]?.labels === "none" ? undefined : find(labelName, "the labels");
  const net = await differentiate(model, {
    ...options,
    ...solveSizes(model, inputs, options.sizes),
    ...(labels && { labelShape: labels.shape }),
  });
  const reads = new Map<string, Values>();
  for (const [name, tensor] of net.inputs) reads.set(name, fitArray(inputs.get(name)!, tensor));
  if (net.labels) reads.set(net.labels.name, fitArray(labels!, net.labels));
  for (const name of [...net.parameters.keys(), ...net.buffers.keys()]) {
    reads.set(name, model.initializers.get(name)!.data as Values);
  }
  [...net.noises.values()].forEach(({ name, size }, k) => {
    const values = new Float32Array(size);
    stream(seed, "noise", k).fillUniform(values, 0, 1);
    reads.set(name, values);
  });
  const writes = new Map(Object.entries(net.outputs).map(([name, tensor]) => [name, allocate(tensor)]));
  const session = await BoundSession.create({ outputs: net.outputs, reads, writes, threads });
  return async () => {
    try {
      await session.run();
    } finally {
      await session.release();
    }
    const gradients = [...net.parameters].map(
      ([name, { shape }]) => [name, { shape, data: writes.get(`gradient/${name}`)! }] as const,
    );
    return { loss: Number(writes.get("loss")![0]), gradients: new Map(gradients) };
  };
}
