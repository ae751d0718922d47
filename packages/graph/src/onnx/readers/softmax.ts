/** Softmax and its logarithm along an axis, and the losses made of them. Class weights that the file holds are constants. */
import * as ops from "../../ops/index.ts";
import type { NodeView, Readers } from "../node.ts";

function lossOptions(node: NodeView): ops.LossOptions {
  const reduction = node.string("reduction", "mean");
  if (reduction !== "mean" && reduction !== "sum" && reduction !== "none") {
    throw node.refuse(`reduction must be "mean", "sum" or "none"`, `found "${reduction}"`);
  }
  return {
    reduction,
    weight: node.fixed(2),
    ignore: node.hasAttribute("ignore_index") ? node.int("ignore_index") : undefined,
  };
}

export const softmax: Readers = {
  Softmax: (node) => ops.softmax(node.input(0), node.int("axis", -1)),
  LogSoftmax: (node) => ops.logSoftmax(node.input(0), node.int("axis", -1)),
  NegativeLogLikelihoodLoss: (node) =>
    ops.negativeLogLikelihood(node.input(0), node.input(1), lossOptions(node)),
  SoftmaxCrossEntropyLoss: (node) => {
    const { loss, logp } = ops.softmaxCrossEntropy(node.input(0), node.input(1), lossOptions(node));
    return [loss, logp];
  },
};
