/**
 * A model from a file as a training graph: an ONNX model that gives the loss and its gradient for every parameter, for any
 * runtime to run.
 *
 *   inputs   those of the model, `labels`, and the parameters by their names. Their values in the file are the default, which the
 *            runtime's C, C++, C# and Python interfaces can overrule; for its JavaScript interface they must be plain inputs
 *   outputs  `loss`, `gradient/NAME` for each parameter, and `update/NAME` for each running statistic that training moves
 */
import { type BuildOptions, gradients, type OnnxModel, serialize, type Tensor } from "@thalweg/graph";
import { runNode } from "./model-file.ts";
import { appendLoss, type Objective, type ObjectiveOptions } from "./objective.ts";

export interface DifferentiationOptions extends ObjectiveOptions {
  /** Values of the model's symbolic sizes: `{ batch: 32 }`. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** The batch size of a model whose file fixes another one. */
  readonly batch?: number;
  /** Whether normalisation and dropout act as in training; as the file says by default. */
  readonly training?: boolean;
  /** Which initializers get a gradient; all by default. The others are constants. */
  readonly parameters?: (name: string) => boolean;
}

export interface TrainingGraphOptions extends DifferentiationOptions {
  /** Parameters without values, to be fed at each run. */
  readonly plainInputs?: boolean;
}

/** A model in a graph, with its loss and the gradients of its parameters. */
export interface DifferentiatedModel extends Objective {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly buffers: ReadonlyMap<string, Tensor>;
  readonly noises: ReadonlyMap<string, Tensor>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Build, append the loss, differentiate. Raises OnnxError or RangeError where that cannot be done. */
export async function differentiate(
  model: OnnxModel,
  options: DifferentiationOptions,
): Promise<DifferentiatedModel> {
  const { sizes, batch, training, parameters: chosen = () => true } = options;
  const build: BuildOptions = {
    parameters: (name, from) => from === "initializer" && chosen(name),
    ...(sizes && { sizes }),
    ...(batch === undefined ? {} : { batch }),
    ...(training === undefined ? {} : { training }),
  };
  await model.learnSizes(runNode, build);
  const built = model.build(build);
  const objective = appendLoss(built, options);
  const { inputs, parameters, buffers, noises, updates } = built;
  const slopes = gradients(objective.loss, [...parameters.values()]);
  const outputs = Object.fromEntries([
    ["loss", objective.loss],
    ...[...parameters.keys()].map((name, k) => [`gradient/${name}`, slopes[k]!] as const),
    ...[...updates].map(([name, next]) => [`update/${name}`, next] as const),
  ]);
  return { ...objective, inputs, parameters, buffers, noises, outputs };
}

/** The bytes of the training graph. */
export async function trainingGraph(model: OnnxModel, options: TrainingGraphOptions): Promise<Uint8Array> {
  const { inputs, labels, parameters, buffers, noises, outputs } = await differentiate(model, options);
  const own = [...inputs.values(), ...(labels ? [labels] : []), ...noises.values()];
  const stored = [...parameters, ...buffers];
  const values = stored.map(([name, tensor]) => [tensor, model.initializers.get(name)!.data] as const);
  return serialize({
    inputs: [...own, ...stored.map(([, tensor]) => tensor)],
    outputs,
    ...(options.plainInputs ? {} : { initializers: new Map(values) }),
  });
}
