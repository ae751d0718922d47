/**
 * What is minimised of a model from a file: a loss of one of its outputs, appended to the graph that the model was built into.
 */
import { add, type BuiltModel, type DType, mul, type Shape, type Tensor } from "@thalweg/graph";
import { labelShapes, type OutputLoss, outputLosses } from "./losses.ts";

export interface ObjectiveOptions {
  /** A name of `outputLosses`. */
  readonly loss: string;
  /** The outputs that the loss is of, with weights; the model's first by default. All have the same labels. */
  readonly outputs?: Readonly<Record<string, number>>;
  /** The name of the input that labels are fed by, "labels" by default. */
  readonly labels?: string;
  /** Shape of the labels, where the output leaves a choice. */
  readonly labelShape?: Shape;
}

export interface Objective {
  /** Σ weight · loss of an output. */
  readonly loss: Tensor;
  /** The first of the outputs. */
  readonly output: Tensor;
  /** Undefined where the loss has none. */
  readonly labels: Tensor | undefined;
}

/** Append the loss, with an input for the labels. Raises RangeError for what is not there, and for labels that do not fit. */
export function appendLoss(built: BuiltModel, options: ObjectiveOptions): Objective {
  const { labels: name = "labels" } = options;
  const { labels: kind } = requireLoss(options.loss);
  const output = firstOutput(built, options);
  const shape = labelShapeOf(output, options);
  const labels = kind === "none" ? undefined : built.graph.input(name, shape, LABEL_DTYPES[kind]);
  return { output, labels, loss: lossOf(built, options, labels) };
}

/** The loss against labels that are in the graph already; without labels for losses that have none. */
export function lossOf(built: BuiltModel, options: ObjectiveOptions, labels: Tensor | undefined): Tensor {
  const { build } = requireLoss(options.loss);
  const terms = weightsOf(built, options).map(([name, weight]) => {
    const output = requireOutput(built, name);
    const loss = build(output, labels ?? output);
    return weight === 1 ? loss : mul(loss, weight);
  });
  return terms.reduce((sum, term) => add(sum, term));
}

export const firstOutput = (built: BuiltModel, options: ObjectiveOptions): Tensor =>
  requireOutput(built, weightsOf(built, options)[0]![0]);

/** All that the loss is of. */
export const lossOutputs = (built: BuiltModel, options: ObjectiveOptions): Tensor[] =>
  weightsOf(built, options).map(([name]) => requireOutput(built, name));

const weightsOf = ({ outputs }: BuiltModel, options: ObjectiveOptions): [name: string, weight: number][] =>
  options.outputs === undefined ? [[[...outputs.keys()][0]!, 1]] : Object.entries(options.outputs);

/** The shape that the labels have, which must be the one that was given, if one was. */
export function labelShapeOf(output: Tensor, { loss, labelShape: given }: ObjectiveOptions): Shape {
  const kind = requireLoss(loss);
  if (kind.labels === "none") return [];
  const shapes = labelShapes(kind, output.shape);
  const shape = given === undefined ? shapes[0] : shapes.find((one) => `${one}` === `${given}`);
  if (shape !== undefined) return shape;
  const wanted = shapes.map((one) => `[${one}]`).join(" or ") || "an output with an axis of classes";
  throw new RangeError(
    `Cannot take the loss ${loss} of output ${output} as it needs labels of shape ${wanted}: ${given ? `found [${given}]` : "choose another loss"}`,
  );
}

const LABEL_DTYPES: Readonly<Record<"classes" | "values", DType>> = { classes: "int64", values: "float32" };

/** The loss of that name; raises RangeError where there is none. */
export function requireLoss(name: string): OutputLoss {
  const loss = Object.hasOwn(outputLosses, name) ? outputLosses[name] : undefined;
  if (loss !== undefined) return loss;
  throw new RangeError(
    `Cannot take the loss ${name} as it must be one of ${Object.keys(outputLosses).join(", ")}`,
  );
}

function requireOutput({ outputs }: BuiltModel, name: string): Tensor {
  const output = outputs.get(name);
  if (output !== undefined) return output;
  throw new RangeError(
    `Cannot take a loss of output ${name} as the model has none of that name: it has ${[...outputs.keys()].join(", ")}`,
  );
}
