/**
 * Normalisation and dropout, which act differently in training: batch normalisation then uses the batch's statistics and gives
 * new running ones, dropout draws noise.
 */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Readers } from "../node.ts";

/**
 *   running ← running · momentum + batch · (1 − momentum)        with the biased variance, as ONNX defines it
 *
 * Before opset 14 a node was in training mode when it listed more than one output.
 */
function batchNormalization(node: NodeView): readonly Tensor[] {
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((k) => node.input(k)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const epsilon = node.float("epsilon", 1e-5);
  const momentum = node.float("momentum", 0.9);
  const fileSays = node.opset < 14 ? node.hasOutput(1) : node.int("training_mode", 0) === 1;
  if (!node.training(fileSays)) {
    return [
      ops.batchNormalization(x, { scale, bias, mean, variance }, epsilon),
      mean,
      variance,
      mean,
      variance,
    ];
  }
  const batch = ops.normalizeBatch(x, { scale, bias }, epsilon);
  const follow = (running: Tensor, now: Tensor) =>
    ops.add(ops.mul(running, momentum), ops.mul(now, 1 - momentum));
  const next = [follow(mean, batch.mean), follow(variance, batch.variance)] as const;
  node.update(3, next[0]);
  node.update(4, next[1]);
  return [batch.output, ...next, batch.mean, batch.variance];
}

/** Scale and bias repeated to the shape of a row, which ONNX lets them broadcast to. */
function layerNormalization(node: NodeView): readonly Tensor[] {
  const x = node.input(0);
  const axis = node.int("axis", -1);
  const row = x.shape.slice(axis);
  const bias = node.optional(2);
  const parameters = { scale: ops.expand(node.input(1), row), bias: bias && ops.expand(bias, row) };
  const { output, mean, inverse } = ops.layerNormalization(x, parameters, {
    axis,
    epsilon: node.float("epsilon", 1e-5),
  });
  return [output, mean, inverse];
}

/** Before opset 21 there was one scale and one bias per group. */
function groupNormalization(node: NodeView): Tensor {
  const x = node.input(0);
  const groups = node.int("num_groups");
  const channels = x.shape[1] ?? 0;
  const perChannel = (value: Tensor) =>
    node.opset >= 21
      ? value
      : ops.reshape(ops.expand(ops.reshape(value, [groups, 1]), [groups, channels / groups]), [channels]);
  const parameters = { scale: perChannel(node.input(1)), bias: perChannel(node.input(2)) };
  return ops.groupNormalization(x, parameters, groups, node.float("epsilon", 1e-5));
}

/** Nothing is dropped in inference: the mask is all true then. */
function dropout(node: NodeView): readonly Tensor[] {
  const x = node.input(0);
  const ratio = node.constantNumber(1, 0.5);
  if (!node.training(node.constantNumber(2, 0) !== 0) || ratio === 0) {
    const everywhere = ops.expand(node.graph.constant(1, [], "bool"), x.shape);
    return [ops.identity(x), everywhere];
  }
  const { output, kept } = ops.dropout(x, ops.cast(node.noise(x.shape), x.dtype), ratio);
  return [output, kept];
}

export const normalization: Readers = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  InstanceNormalization: (node) =>
    ops.instanceNormalization(
      node.input(0),
      { scale: node.input(1), bias: node.input(2) },
      node.float("epsilon", 1e-5),
    ),
  RMSNormalization: (node) =>
    ops.rmsNormalization(node.input(0), node.input(1), {
      axis: node.int("axis", -1),
      epsilon: node.float("epsilon", 1e-5),
    }),
  LpNormalization: (node) =>
    ops.lpNormalization(node.input(0), { axis: node.int("axis", -1), p: node.int("p", 2) }),
  MeanVarianceNormalization: (node) =>
    ops.meanVarianceNormalization(node.input(0), node.ints("axes", [0, 2, 3])),
  Dropout: dropout,
};
