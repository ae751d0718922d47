/**
 * What is measured of each example, where training measures a mean: the loss of every row, whether it is right, and how undecided the
 * prediction is. From these each point of a landscape has a mean and its standard error, and one per class, from one forward pass.
 */
import {
  abs,
  add,
  argMax,
  cast,
  concat,
  equal,
  exp,
  greater,
  log,
  logSoftmax,
  min,
  mul,
  neg,
  oneHot,
  reduceMean,
  reduceSum,
  reshape,
  sigmoid,
  slice,
  sub,
  type Tensor,
} from "@thalweg/graph";
import type { Context } from "@thalweg/nn";
import type { Model } from "@thalweg/train";

type Batch = Readonly<Record<string, Tensor>>;

/** float32 [B] each: `loss`, and others by name, of which landscapes have the means. */
export interface Rows {
  readonly loss: Tensor;
  readonly [name: string]: Tensor;
}

/** A model whose examples are measured one by one. */
export interface RowModel extends Pick<Model, "module" | "inputs"> {
  rows(context: Context, batch: Batch): Rows;
  /** How many classes the labels tell apart, where each example has one of them; left out, there are no classes. */
  readonly classes?: number;
}

/** Losses by the names that `outputLosses` of @thalweg/train has for their means. */
const ROW_LOSSES: Readonly<Record<string, (output: Tensor, labels: Tensor) => Rows>> = {
  "softmax-cross-entropy": (output, labels) => ofLogits(logSoftmax(output), labels),
  "negative-log-likelihood": (output, labels) => ofLogits(output, labels),
  "binary-cross-entropy": ofLogit,
  mse: (output, labels) => ofDifferences(output, labels, (d) => mul(d, d)),
  mae: (output, labels) => ofDifferences(output, labels, abs),
  huber: (output, labels) => ofDifferences(output, labels, huber),
};

/** min(|d|, 1) (|d| − min(|d|, 1)/2) */
function huber(d: Tensor): Tensor {
  const size = abs(d);
  const near = min(size, 1);
  return mul(near, sub(size, mul(near, 0.5)));
}

/** log p [B, C] or [B, T, C] and labels [B] or [B, T]; of sequences, the mean over their places. */
function ofLogits(logp: Tensor, labels: Tensor): Rows {
  const C = logp.shape.at(-1)!;
  const B = labels.shape[0]!;
  const N = labels.size;
  const rows = reshape(logp, [N, C]);
  const one = logp.graph.constant(1);
  const target = oneHot(reshape(labels, [N]), C, one);
  const perExample = (values: Tensor) => (N === B ? values : reduceMean(reshape(values, [B, N / B]), [1]));
  return {
    loss: perExample(neg(reduceSum(mul(rows, target), [1]))),
    accuracy: perExample(cast(equal(argMax(rows, 1), cast(reshape(labels, [N]), "int64")), "float32")),
    entropy: perExample(neg(reduceSum(mul(exp(rows), rows), [1]))),
  };
}

/** One logit for each example, z [B, 1], and labels 0 and 1. */
function ofLogit(z: Tensor, labels: Tensor): Rows {
  const B = labels.size;
  const target = reshape(cast(labels, "float32"), [B, 1]);
  const p = sigmoid(z);
  const [yes, no] = [neg(logSigmoid(z)), neg(logSigmoid(neg(z)))]; // −log p and −log (1 − p)
  return {
    loss: reshape(add(mul(target, yes), mul(sub(1, target), no)), [B]),
    accuracy: reshape(cast(equal(cast(greater(z, 0), "float32"), target), "float32"), [B]),
    entropy: reshape(add(mul(p, yes), mul(sub(1, p), no)), [B]),
  };
}

/** log σ(z) = min(z, 0) − log(1 + e^−|z|) */
const logSigmoid = (z: Tensor): Tensor => sub(min(z, 0), log(add(exp(neg(abs(z))), 1)));

function ofDifferences(output: Tensor, labels: Tensor, term: (d: Tensor) => Tensor): Rows {
  const B = output.shape[0]!;
  const terms = term(sub(output, reshape(labels, output.shape)));
  return { loss: reduceMean(reshape(terms, [B, terms.size / B]), [1]) };
}

export interface RowOptions {
  /** One of `rowLosses`. */
  readonly loss: string;
  /** How many classes there are. */
  readonly classes?: number;
  /** What is measured besides the loss; all that there is by default. */
  readonly measures?: readonly string[];
}

/** The name of `ownRows`, beside those of the losses that are known. */
export const OWN_LOSS = "own";
export const rowLosses: readonly string[] = [...Object.keys(ROW_LOSSES), OWN_LOSS];

/**
 * A model with a loss of its own, measured by it: each example is a batch of one, side by side in one graph. For any loss that is a mean
 * over examples; the graph grows with the batch, so batches must be small.
 */
export const ownRows = ({
  module,
  inputs,
  measure,
}: Pick<Model, "module" | "inputs" | "measure">): RowModel => ({
  module,
  inputs,
  rows: (context, batch) => {
    const entries = Object.entries(batch);
    const count = entries[0]![1].shape[0]!;
    const losses = Array.from({ length: count }, (_, i) => {
      const one = entries.map(([name, all]) => [name, slice(all, [i], [i + 1], [0])] as const);
      return reshape(measure(context, Object.fromEntries(one)).loss, [1]);
    });
    return { loss: concat(losses, 0) };
  },
});

/** A model measured example by example by one of the known losses of its module's output. Raises RangeError for another. */
export function rowModel(
  model: Pick<Model, "module" | "inputs"> & Partial<Pick<Model, "measure">>,
  options: RowOptions,
): RowModel {
  const { loss, classes, measures } = options;
  const { measure } = model;
  if (loss === OWN_LOSS && measure !== undefined) return ownRows({ ...model, measure });
  const build = ROW_LOSSES[loss];
  if (build === undefined) {
    throw new RangeError(
      `Cannot measure examples one by one as the loss must be one of ${rowLosses.join(", ")}: it is ${loss}`,
    );
  }
  const { module, inputs } = model;
  return {
    module,
    inputs,
    ...(classes !== undefined && classes > 0 && { classes }),
    rows: (context, { x, labels }) => {
      const all = build(module.forward(x!, context), labels!);
      const wanted = Object.entries(all).filter(
        ([name]) => name === "loss" || (measures?.includes(name) ?? true),
      );
      return Object.fromEntries(wanted) as unknown as Rows;
    },
  };
}
