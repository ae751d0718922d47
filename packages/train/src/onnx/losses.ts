/**
 * Losses of a model's output against labels, by the names that the command line takes. A file says what a network computes and
 * not what it was trained for, so whoever differentiates it chooses one of these.
 */
import {
  negativeLogLikelihood,
  reduceMean,
  reduceSum,
  reshape,
  type Shape,
  softmaxCrossEntropy,
  type Tensor,
  transpose,
} from "@thalweg/graph";
import { binaryCrossEntropy, countCorrect, huber, meanAbsoluteError, meanSquaredError } from "@thalweg/nn";

export interface OutputLoss {
  readonly formula: string;
  /**
   * "classes": whole numbers, one for each row of the output, or for each place of a sequence or picture. "values": numbers,
   * one for each of the output. "none": the loss is of the output alone.
   */
  readonly labels: "classes" | "values" | "none";
  build(output: Tensor, labels: Tensor): Tensor;
}

export const outputLosses: Readonly<Record<string, OutputLoss>> = {
  "softmax-cross-entropy": {
    formula: "−mean log softmax(output) at the label",
    labels: "classes",
    build: (output, labels) => softmaxCrossEntropy(...classesSecond(output, labels)).loss,
  },
  "negative-log-likelihood": {
    formula: "−mean output at the label, for outputs that are log-probabilities",
    labels: "classes",
    build: (output, labels) => negativeLogLikelihood(...classesSecond(output, labels)),
  },
  "sigmoid-cross-entropy": {
    formula: "−mean label·log σ(output) + (1 − label)·log(1 − σ(output))",
    labels: "values",
    build: binaryCrossEntropy,
  },
  mse: { formula: "mean (output − label)²", labels: "values", build: meanSquaredError },
  mae: { formula: "mean |output − label|", labels: "values", build: meanAbsoluteError },
  huber: {
    formula: "mean of d²/2 where |d| ≤ 1, else |d| − 1/2, with d = output − label",
    labels: "values",
    build: (output, labels) => huber(output, labels),
  },
  mean: { formula: "mean output", labels: "none", build: (output) => reduceMean(output) },
  sum: { formula: "Σ output", labels: "none", build: (output) => reduceSum(output) },
};

/** The shape that labels of an output have; classes of sequences and pictures stand on the last or the second axis. */
export function labelShapes({ labels }: OutputLoss, output: Shape): readonly Shape[] {
  if (labels === "none") return [];
  if (labels === "values") return [output];
  const without = (axis: number) => output.filter((_, k) => k !== axis);
  if (output.length < 2) return [];
  return output.length === 2 ? [without(1)] : [without(output.length - 1), without(1)];
}

/** How many labels stand at the largest output, as a share of all labels. */
export function accuracy(output: Tensor, labels: Tensor): Tensor {
  const [scores, classes] = classesSecond(output, labels);
  const last = [0, ...scores.shape.slice(2).map((_, k) => k + 2), 1];
  return countCorrect(scores.rank === 2 ? scores : transpose(scores, last), classes);
}

/** Scores [N, C] or [N, C, …] and labels [N] or [N, …]; places of sequences become rows, [B, T, C] → [B·T, C]. */
function classesSecond(output: Tensor, labels: Tensor): [Tensor, Tensor] {
  const batch = output.shape.slice(0, -1);
  const classesAreLast = batch.length === labels.rank && batch.every((size, k) => size === labels.shape[k]);
  if (output.rank < 3 || !classesAreLast) return [output, labels];
  return [reshape(output, [labels.size, output.shape.at(-1)!]), reshape(labels, [labels.size])];
}
