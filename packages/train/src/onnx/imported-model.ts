/**
 * A model from a file as something to train: its float initializers are parameters that start from the file's values, running
 * statistics are buffers, and a loss of its output is what is minimised. What was frozen stays a constant of the graph.
 */
import {
  type BuiltModel,
  Graph,
  mul,
  OnnxError,
  type OnnxModel,
  type Shape,
  sizeOf,
  type Tensor,
} from "@thalweg/graph";
import type { Context, Module, ParameterSpec } from "@thalweg/nn";
import { drawLabels, type InputSpec, type Model } from "../program.ts";
import { ExampleInput } from "./example-input.ts";
import { accuracy } from "./losses.ts";
import {
  firstOutput,
  labelShapeOf,
  lossOf,
  lossOutputs,
  type ObjectiveOptions,
  requireLoss,
} from "./objective.ts";

export interface ImportOptions extends Pick<ObjectiveOptions, "loss" | "outputs"> {
  /** One example: its shape, and whether it is numbers or tokens. */
  readonly example: { readonly shape: Shape; readonly dtype: "float32" | "int32" };
  /** Of one example's label; [], by default, for a class. */
  readonly labelShape?: Shape;
  /** How many classes labels tell apart, where they are classes. */
  readonly classes?: number;
  /** Which initializers are not trained. */
  readonly frozen?: (name: string) => boolean;
  /** Whether normalisation and dropout act as in training while the model trains; as the file says by default. */
  readonly training?: boolean;
}

export interface ImportedModel extends Model {
  /** The only batch size that the file takes; undefined when it takes any. */
  readonly onlyBatch: number | undefined;
}

/** Raises RangeError for data that the model does not take, OnnxError for a model that cannot be built. */
export function importedModel(model: OnnxModel, options: ImportOptions): ImportedModel {
  const { example, labelShape = [], loss } = options;
  const { labels: kind } = requireLoss(loss);
  const classes = kind === "classes";
  const importer = new Importer(model, options);
  if (kind !== "none") requireFitting(firstOutput(importer.sample, options), importer.sampleSize, options);
  const module: Module = {
    ...importer.declared,
    forward: (x, context) => firstOutput(importer.build(x, context), options),
  };
  return {
    module,
    onlyBatch: importer.objection === null ? undefined : importer.sampleSize,
    inputs: (batchSize) => {
      const labels: InputSpec = { shape: [batchSize, ...labelShape], dtype: classes ? "int32" : "float32" };
      return { x: { shape: [batchSize, ...example.shape], dtype: example.dtype }, labels };
    },
    measure: (context, { x, labels }) => {
      const built = importer.build(x!, context);
      const total = lossOf(built, options, kind === "none" ? undefined : labels!);
      const outputs = lossOutputs(built, options);
      if (!classes) return { loss: total, outputs };
      const right = accuracy(firstOutput(built, options), labels!);
      return { loss: total, outputs, counts: { accuracy: mul(right, 1 / sizeOf(labelShape)) } };
    },
    ...(loss === "softmax-cross-entropy" && labelShape.length === 0
      ? {
          sampledLoss: (context, { x }, uniform) => {
            const built = importer.build(x!, context);
            const logits = firstOutput(built, options);
            return lossOf(built, options, drawLabels(logits, uniform(logits.shape)));
          },
        }
      : {}),
  };
}

/** Raises RangeError where an output for a batch has no room for the labels. */
function requireFitting(output: Tensor, batchSize: number, options: ImportOptions): void {
  const { labelShape = [], classes = 0, loss } = options;
  const shape = [batchSize, ...labelShape];
  labelShapeOf(output, { ...options, labelShape: shape });
  if (requireLoss(loss).labels !== "classes") return;
  const classesAreLast = output.rank === 2 || `${output.shape.slice(0, -1)}` === `${shape}`;
  const room = classesAreLast ? output.shape.at(-1)! : output.shape[1]!;
  if (room >= classes) return;
  throw new RangeError(
    `Cannot train output ${output} on these labels as they tell ${classes} classes apart: it has ${room}; choose another output, or a model with more classes`,
  );
}

/** Builds the model into the graphs of contexts. */
class Importer {
  /** What is trained, and what is carried along. */
  readonly declared: Pick<Module, "parameters" | "buffers">;
  private readonly model: OnnxModel;
  private readonly options: ImportOptions;
  private readonly input: ExampleInput;
  /** The model on a batch of one, or of the size that the file has. */
  readonly sample: BuiltModel;
  readonly sampleSize: number;
  /** Why batches must have the size that the file fixes; null where they may have another. */
  readonly objection: string | null;

  constructor(model: OnnxModel, options: ImportOptions) {
    this.model = model;
    this.options = options;
    this.input = new ExampleInput(model, options.example.shape);
    this.sampleSize = this.input.fixedBatch ?? 1;
    this.sample = this.buildInto(new Graph(), this.sampleSize, options.training, new Map());
    this.objection = this.input.fixedBatch === undefined ? null : this.objectionTo(this.sampleSize + 1);
    const valuesOf = (name: string) => model.initializers.get(name)!.data;
    this.declared = {
      parameters: [...this.sample.parameters].map(([name, { shape }]) => ({
        name,
        shape,
        kind: kindOf(name, shape),
        initialize: (out) => out.set(valuesOf(name)),
      })),
      buffers: [...this.sample.buffers].map(([name, { shape }]) => ({
        name,
        shape,
        initial: valuesOf(name),
      })),
    };
    const odd = [...this.sample.parameters.values()].find(({ dtype }) => dtype !== "float32");
    if (odd === undefined) return;
    throw new RangeError(
      `Cannot train ${odd} as parameters must be float32: convert the model, or freeze it`,
    );
  }

  /** The model on a batch x [B, …example], with the context's parameters, buffers and noise. */
  build(x: Tensor, context: Context): BuiltModel {
    const { declared, input, options } = this;
    const batchSize = x.shape[0]!;
    if (batchSize !== this.sampleSize && this.objection !== null) {
      throw new RangeError(
        `Cannot build the model for batches of ${batchSize} as the file was exported for ${this.sampleSize}, and takes no other (${this.objection}): export it with a symbolic batch axis, dynamic_axes={"${input.name}": {0: "batch"}}`,
      );
    }
    const bind = input.feed(x);
    for (const { name } of declared.parameters) bind.set(name, context.parameter(name));
    for (const { name } of declared.buffers) bind.set(name, context.buffer(name));
    for (const [name, { shape }] of context.training ? this.noises(batchSize) : []) {
      bind.set(name, context.noise(`${name}/noise`, shape));
    }
    const training = context.training ? options.training : false;
    const built = this.buildInto(context.graph, batchSize, training, bind);
    if (context.training) for (const [name, next] of built.updates) context.updateBuffer(name, next);
    return built;
  }

  /** What goes wrong with batches of another size than the file fixes. */
  private objectionTo(batchSize: number): string | null {
    try {
      const built = this.buildInto(new Graph(), batchSize, this.options.training, new Map());
      const output = firstOutput(built, this.options);
      return output.shape[0] === batchSize ? null : `it gives ${output} for ${batchSize}`;
    } catch (error) {
      if (error instanceof OnnxError) return error.message;
      throw error;
    }
  }

  /** Noise that is drawn for a batch, by the names of the nodes that drop. */
  private noises(batchSize: number): BuiltModel["noises"] {
    const { sample, sampleSize, options } = this;
    if (sample.noises.size === 0 || batchSize === sampleSize) return sample.noises;
    return this.buildInto(new Graph(), batchSize, options.training, new Map()).noises;
  }

  private buildInto(
    graph: Graph,
    batchSize: number,
    training: boolean | undefined,
    bind: ReadonlyMap<string, Tensor>,
  ) {
    const { frozen = () => false } = this.options;
    return this.model.build({
      ...this.input.sizes(batchSize),
      parameters: (name, from) => from === "initializer" && !frozen(name),
      ...(training === undefined ? {} : { training }),
      ...{ graph, bind },
    });
  }
}

/** Names are all that a file tells of what a tensor does. */
const kindOf = (name: string, shape: Shape): ParameterSpec["kind"] =>
  shape.length > 1 ? "weight" : /bias/i.test(name) ? "bias" : "scale";
