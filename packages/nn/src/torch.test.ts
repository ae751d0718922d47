/** Every layer and loss against PyTorch: values, gradients, running statistics (fixtures/layers.make.py). */
import { readFileSync } from "node:fs";
import {
  concat,
  evaluate,
  Graph,
  gradients,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  type Tensor,
} from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
type Differentiated = Recorded & { readonly grad: number[] };
interface LayerFixture {
  readonly training: boolean;
  readonly x: Differentiated;
  readonly y: Recorded;
  readonly parameters: Readonly<Record<string, Differentiated>>;
  readonly buffers: Readonly<Record<string, Recorded>>;
  readonly after: Readonly<Record<string, Recorded>>;
}
interface LossFixture {
  readonly x: Differentiated;
  readonly target: Recorded;
  readonly loss: number;
}
const fixture = JSON.parse(readFileSync(new URL("../fixtures/layers.json", import.meta.url), "utf8")) as {
  readonly layers: Readonly<Record<string, LayerFixture>>;
  readonly losses: Readonly<Record<string, LossFixture>>;
};

/** A bilinear layer of the first three columns with the others. */
const ofColumns = (module: nn.Module<readonly [Tensor, Tensor]>): nn.Module => ({
  ...module,
  forward: (x, context) => module.forward([slice(x, [0], [3], [1]), slice(x, [3], [5], [1])], context),
});

/** Attention of a sequence's first half to its second, with twice the second for values. */
const ofHalves = (module: nn.Module<nn.AttentionInput>): nn.Module => ({
  ...module,
  forward(x, context) {
    const half = x.shape[1]! / 2;
    const key = slice(x, [half], [2 * half], [1]);
    return module.forward({ query: slice(x, [0], [half], [1]), key, value: mul(key, 2) }, context);
  },
});

/** The outputs of a recurrent layer, its last states behind them, all in one row. */
const inOneRow = (
  module: nn.Module<nn.RecurrentInput, nn.RecurrentOutput & { readonly cell?: Tensor }>,
  start: (x: Tensor) => Omit<nn.RecurrentInput, "sequence"> = () => ({}),
): nn.Module => ({
  ...module,
  forward(x, context) {
    const { output, hidden, cell } = module.forward({ sequence: x, ...start(x) }, context);
    const parts = [output, hidden, ...(cell ? [cell] : [])];
    return concat(
      parts.map((part) => reshape(part, [part.size])),
      0,
    );
  },
});

/** States of three values that depend on the sequence, [B, T, 4]: the mean of its steps, and twice that for the cell. */
function meanStates(x: Tensor): Omit<nn.RecurrentInput, "sequence"> {
  const mean = slice(reduceMean(x, [1]), [0], [3], [1]);
  const hidden = reshape(mean, [1, ...mean.shape]);
  return { hidden, cell: mul(hidden, 2) };
}

const modules: Readonly<Record<string, nn.Module>> = {
  linear: nn.linear(4, 3),
  "linear without bias": nn.linear(4, 3, { bias: false }),
  relu: nn.relu(),
  flatten: nn.flatten(),
  conv2d: nn.conv2d(4, 6, 3, { padding: 1 }),
  "conv2d with stride, dilation, groups": nn.conv2d(4, 6, [2, 3], {
    stride: 2,
    dilation: [1, 2],
    groups: 2,
    padding: [0, 1],
    bias: false,
  }),
  "batchNorm of images": nn.batchNorm(4),
  "batchNorm of images, not training": nn.batchNorm(4),
  "batchNorm of vectors, momentum 0.3": nn.batchNorm(4, { momentum: 0.3, eps: 1e-3 }),
  maxPool2d: nn.maxPool2d(2),
  "maxPool2d that overlaps": nn.maxPool2d(3, { stride: 2, padding: 1 }),
  averagePool2d: nn.averagePool2d(2),
  "averagePool2d with padding": nn.averagePool2d(3, { stride: 1, padding: 1 }),
  globalAveragePool: nn.globalAveragePool(),
  relu6: nn.relu6(),
  gelu: nn.gelu(),
  geluTanh: nn.geluTanh(),
  selu: nn.selu(),
  silu: nn.silu(),
  mish: nn.mish(),
  sigmoid: nn.sigmoid(),
  logSigmoid: nn.logSigmoid(),
  hardSigmoid: nn.hardSigmoid(),
  hardSwish: nn.hardSwish(),
  tanh: nn.tanh(),
  hardTanh: nn.hardTanh(),
  softplus: nn.softplus(),
  softsign: nn.softsign(),
  leakyRelu: nn.leakyRelu(),
  "elu with alpha 0.5": nn.elu(0.5),
  "celu with alpha 0.5": nn.celu(0.5),
  prelu: nn.prelu(),
  "prelu of images": nn.prelu(4),
  glu: nn.glu(),
  "glu of channels": nn.glu(1),
  softmax: nn.softmax(),
  logSoftmax: nn.logSoftmax(),
  "linear of sequences": nn.linear(4, 3),
  bilinear: ofColumns(nn.bilinear(3, 2, 3)),
  depthwiseConv2d: nn.depthwiseConv2d(4, 3, { padding: 1 }),
  conv1d: nn.conv1d(4, 6, 3, { stride: 2, padding: 1, groups: 2 }),
  "conv1d with dilation": nn.conv1d(4, 2, 2, { dilation: 3, bias: false }),
  convTranspose2d: nn.convTranspose2d(4, 6, 3),
  "convTranspose2d with stride, padding, groups": nn.convTranspose2d(4, 6, [3, 2], {
    stride: 2,
    padding: 1,
    outputPadding: [1, 0],
    groups: 2,
    bias: false,
  }),
  layerNorm: nn.layerNorm(4),
  "layerNorm of two axes": nn.layerNorm([6, 4], { eps: 1e-3 }),
  "layerNorm without parameters": nn.layerNorm(4, { affine: false }),
  groupNorm: nn.groupNorm(2, 4),
  instanceNorm: nn.instanceNorm(4),
  "instanceNorm with parameters": nn.instanceNorm(4, { affine: true }),
  maxPool1d: nn.maxPool1d(2),
  averagePool1d: nn.averagePool1d(3, { stride: 2, padding: 1 }),
  globalMaxPool: nn.globalMaxPool(),
  "adaptiveAveragePool2d that divides": nn.adaptiveAveragePool2d([3, 4]),
  "adaptiveAveragePool2d that overlaps": nn.adaptiveAveragePool2d([4, 3]),
  "adaptiveAveragePool2d that enlarges": nn.adaptiveAveragePool2d(7),
  upsampleNearest2d: nn.upsampleNearest2d([2, 3]),
  upsampleBilinear2d: nn.upsampleBilinear2d([2, 4]),
  lstm: inOneRow(nn.lstm(4, 3)),
  "lstm from given states": inOneRow(nn.lstm(4, 3), meanStates),
  "lstm of two layers and directions": inOneRow(
    nn.lstm(4, 2, { layers: 2, bidirectional: true, bias: false }),
  ),
  gru: inOneRow(nn.gru(4, 3)),
  "gru from a given state": inOneRow(nn.gru(4, 3), meanStates),
  "gru of two layers and directions": inOneRow(nn.gru(4, 2, { layers: 2, bidirectional: true })),
  multiHeadAttention: nn.multiHeadAttention(4, 2),
  "multiHeadAttention that is causal": nn.multiHeadAttention(4, 2, { causal: true, bias: false }),
  "multiHeadAttention to another sequence": ofHalves(nn.multiHeadAttention(4, 2)),
  sequential: nn.sequential(nn.conv2d(4, 2, 3), nn.batchNorm(2), nn.relu(), nn.flatten(), nn.linear(40, 3)),
};

/** Both sides compute in float64: sums of a few hundred terms leave 1e-13. */
function expectClose(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const scale = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  wanted.forEach((value, i) => {
    expect(Math.abs(found[i]! - value), `${what}[${i}]: ${found[i]} and ${value}`).toBeLessThanOrEqual(
      1e-12 * scale,
    );
  });
}

describe("layers against PyTorch", () => {
  for (const [name, recorded] of Object.entries(fixture.layers)) {
    test(`${name}: output, gradients and running statistics`, () => {
      const module = modules[name]!;
      const context = nn.tracing(module, { training: recorded.training });
      expect([...context.parameters.keys()]).toEqual(Object.keys(recorded.parameters));
      expect([...context.buffers.keys()]).toEqual(Object.keys(recorded.buffers));

      const x = context.graph.input("x", recorded.x.shape);
      const y = module.forward(x, context);
      const weights = context.graph.constant(
        Array.from({ length: y.size }, (_, i) => Math.cos(i)),
        y.shape,
      );
      const wrt = [x, ...context.parameters.values()];
      const wanted: [string, Tensor, number[]][] = [
        ["y", y, recorded.y.data],
        ...gradients(reduceSum(mul(y, weights)), wrt).map((gradient, k): [string, Tensor, number[]] => {
          const of = wrt[k]!.name;
          return [`gradient of ${of}`, gradient, (k === 0 ? recorded.x : recorded.parameters[of]!).grad];
        }),
        ...Object.entries(recorded.after).map(([of, { data }]): [string, Tensor, number[]] => [
          of,
          context.updates.get(of) ?? context.buffer(of),
          data,
        ]),
      ];
      const feeds = { ...recorded.parameters, ...recorded.buffers, x: recorded.x };
      const values = evaluate(
        wanted.map(([, tensor]) => tensor),
        Object.fromEntries(Object.entries(feeds).map(([of, { data }]) => [of, data])),
      );
      expect(y.shape).toEqual(recorded.y.shape);
      wanted.forEach(([what, , data], k) => {
        expectClose(values[k]!, data, what);
      });
    });
  }
});

type Loss = (x: Tensor, target: Tensor) => Tensor;
const losses: Readonly<Record<string, Loss>> = {
  crossEntropy: nn.crossEntropy,
  "crossEntropy of large logits": nn.crossEntropy,
  "crossEntropy of sequences": nn.crossEntropy,
  "crossEntropy with smoothing": (z, labels) => nn.crossEntropy(z, labels, { labelSmoothing: 0.1 }),
  "crossEntropy that ignores": (z, labels) => nn.crossEntropy(z, labels, { ignoreIndex: -100 }),
  "crossEntropy that ignores a class, with smoothing": (z, labels) =>
    nn.crossEntropy(z, labels, { ignoreIndex: 1, labelSmoothing: 0.2 }),
  meanSquaredError: nn.meanSquaredError,
  meanAbsoluteError: nn.meanAbsoluteError,
  huber: (x, target) => nn.huber(x, target, 0.7),
  smoothL1: (x, target) => nn.smoothL1(x, target, 0.7),
  binaryCrossEntropy: nn.binaryCrossEntropy,
  "binaryCrossEntropy of large logits": nn.binaryCrossEntropy,
  klDivergence: nn.klDivergence,
};

describe("losses against PyTorch", () => {
  for (const [name, recorded] of Object.entries(fixture.losses)) {
    test(`${name}: value and gradient`, () => {
      const graph = new Graph();
      const x = graph.input("x", recorded.x.shape);
      const labels = name.startsWith("crossEntropy");
      const target = graph.input("target", recorded.target.shape, labels ? "int32" : "float32");
      const loss = losses[name]!(x, target);
      const feeds = { x: recorded.x.data, target: recorded.target.data };
      const [value, gradient] = evaluate([loss, gradients(loss, [x])[0]!], feeds);
      expectClose(value!, [recorded.loss], "loss");
      expectClose(gradient!, recorded.x.grad, "gradient");
    });
  }
});
