/** Every operator refuses operands that do not fit, and says what was applied to what, what it requires, and the way out. */
import { describe, expect, test } from "vitest";
import { type DType, Graph, type Tensor } from "../graph.ts";
import * as ops from "./index.ts";

const graph = new Graph();
const made = new Map<string, Tensor>();

/** An input named by its dtype and shape: `t("int32", 2, 3)` is `int32_2_3`. */
function t(dtype: DType, ...shape: number[]): Tensor {
  const name = [dtype, ...shape].join("_");
  const tensor = made.get(name) ?? graph.input(name, shape, dtype);
  made.set(name, tensor);
  return tensor;
}
const f = (...shape: number[]) => t("float32", ...shape);

const misfits: readonly [name: string, build: () => Tensor, message: string][] = [
  [
    "exp of whole numbers",
    () => ops.exp(t("int32", 2)),
    "Exp to int32_2 int32 [2] as it takes only float tensors: cast first",
  ],
  [
    "neg of truth values",
    () => ops.neg(t("bool", 2)),
    "Neg to bool_2 bool [2] as it takes only number tensors",
  ],
  [
    "and of numbers",
    () => ops.and(f(2), f(2)),
    "And to float32_2 float32 [2] and float32_2 float32 [2] as it takes only bool",
  ],
  [
    "equal of two dtypes",
    () => ops.equal(f(2), t("int32", 2)),
    "Equal to float32_2 float32 [2] and int32_2 int32 [2] as both operands must have one dtype",
  ],
  [
    "where without broadcasting",
    () => ops.where(t("bool", 3), f(2), f(2)),
    "Where to bool_3 bool [3] and float32_2 float32 [2]",
  ],
  [
    "where of two dtypes",
    () => ops.where(t("bool", 2), f(2), t("float64", 2)),
    "both branches must have one dtype: cast one of them",
  ],
  [
    "matmul of a scalar",
    () => ops.matmul(f(2, 3), f()),
    "both operands need two axes or more: multiply by a scalar with mul",
  ],
  [
    "matmul of batches",
    () => ops.matmul(f(2, 2, 3), f(3, 3, 2)),
    "MatMul to float32_2_2_3 float32 [2, 2, 3] and float32_3_3_2 float32 [3, 3, 2] as the axes before the last two must broadcast",
  ],
  ["gemm of a batch", () => ops.gemm(f(2, 2, 3), f(3, 2)), "both operands need exactly two axes: use matmul"],
  [
    "gemm of whole numbers",
    () => ops.gemm(t("int32", 2, 2), t("int32", 2, 2)),
    "all operands must have one float dtype",
  ],
  [
    "reduceSum over an axis that is not there",
    () => ops.reduceSum(f(2, 3), [2]),
    "ReduceSum to float32_2_3 float32 [2, 3] as axis must be a whole number in [-2, 2): current value is 2",
  ],
  ["reduceMean over half an axis", () => ops.reduceMean(f(2, 3), [0.5]), "current value is 0.5"],
  [
    "argMax of an empty axis",
    () => ops.argMax(f(2, 0)),
    "ArgMax to float32_2_0 float32 [2, 0] as axis 1 is empty",
  ],
  [
    "softmax of whole numbers",
    () => ops.softmax(t("int32", 2)),
    "Softmax to int32_2 int32 [2] as it takes only float tensors",
  ],
  [
    "reshape to too many",
    () => ops.reshape(f(2, 3), [7]),
    "Reshape to float32_2_3 float32 [2, 3] as [7] has 7 elements and the tensor has 6",
  ],
  [
    "squeeze of a full axis",
    () => ops.squeeze(f(2, 3), [0]),
    "only axes of size 1 can be dropped: asked for [0]",
  ],
  [
    "transpose with an axis twice",
    () => ops.transpose(f(2, 3), [1, 1]),
    "perm must name each axis once: current value is [1, 1]",
  ],
  [
    "expand of a full axis",
    () => ops.expand(f(2, 3), [4, 3]),
    "Expand to float32_2_3 float32 [2, 3] as it cannot be repeated to [4, 3]: only axes of size 1 are repeated",
  ],
  [
    "concat of two ranks",
    () => ops.concat([f(2, 3), f(2)], 0),
    "dtypes and all sizes but those of axis 0 must agree",
  ],
  ["slice with step 0", () => ops.slice(f(2), [0], [1], [0], [0]), "a step of 0 goes nowhere"],
  [
    "slice with a missing end",
    () => ops.slice(f(2), [0], []),
    "starts, ends, axes and steps must have one length",
  ],
  [
    "pad that crops too much",
    () => ops.pad(f(2), [-2], [-1]),
    "two pads per axis that leave a size of 0 or more: found [-2, -1]",
  ],
  ["gather by floats", () => ops.gather(f(2), f(2)), "indices must be int32 or int64: cast them"],
  [
    "scatterAdd of rows of another size",
    () => ops.scatterAdd(f(2, 3), t("int64", 2), f(2, 2)),
    "it needs int64 indices [..., 1 to 2] and updates [2, 3]",
  ],
  [
    "conv of three axes",
    () => ops.conv(f(2, 3, 4), f(1, 3, 2, 2)),
    "a kernel [2, 2] needs the axes batch and channels, then one for each of its 2: reshape first",
  ],
  [
    "conv with stride 0",
    () => ops.conv(f(1, 1, 4, 4), f(1, 1, 2, 2), undefined, { stride: 0 }),
    "kernel, stride and dilation must be 1 or more, and padding 0 or more: found kernel [2,2], stride [0,0]",
  ],
  [
    "conv with a bias of another size",
    () => ops.conv(f(1, 1, 4, 4), f(3, 1, 2, 2), f(2)),
    "the bias must have one value for each of the 3 output channels",
  ],
  [
    "convTranspose of other channels",
    () => ops.convTranspose(f(1, 2, 4, 4), f(3, 1, 2, 2)),
    "ConvTranspose to float32_1_2_4_4 float32 [1, 2, 4, 4] and float32_3_1_2_2",
  ],
  [
    "maxPool of windows that do not fit",
    () => ops.maxPool(f(1, 1, 4, 4), 5),
    "the kernel reaches over 5 places and the padded axis 2 has 4: use a smaller kernel or more padding",
  ],
  [
    "averagePool with NaN",
    () => ops.averagePool(f(1, 1, 4, 4), Number.NaN),
    "AveragePool to float32_1_1_4_4",
  ],
  [
    "globalAveragePool of two axes",
    () => ops.globalAveragePool(f(2, 3)),
    "GlobalAveragePool to float32_2_3 float32 [2, 3] as it needs the axes batch and channels, then one or more to pool",
  ],
  [
    "batchNormalization with other channels",
    () => ops.batchNormalization(f(2, 3), { scale: f(3), bias: f(3), mean: f(2), variance: f(3) }),
    "scale, bias, mean and variance must have one value per channel (3)",
  ],
  [
    "prelu with slopes that would widen",
    () => ops.prelu(f(2, 3), f(4, 1, 1)),
    "it needs floats, and slopes that can be repeated to [2, 3]",
  ],
  [
    "sumOf two dtypes",
    () => ops.sumOf([f(2), t("float64", 2)]),
    "Sum to float32_2 float32 [2] and float64_2 float64 [2] as all operands must have one float dtype: cast them, or use add",
  ],
  [
    "sumOf what does not broadcast",
    () => ops.sumOf([f(2), f(3), f(2)]),
    "sizes, aligned at the right, must be equal or 1",
  ],
  [
    "layerNormalization with a scale of another shape",
    () => ops.layerNormalization(f(2, 3), { scale: f(2) }).output,
    "scale and bias must have the shape of a row, [3]",
  ],
  ["cumSum along an axis that is not there", () => ops.cumSum(f(2, 3), 2), "current value is 2"],
  [
    "negativeLogLikelihood with weights for other classes",
    () => ops.negativeLogLikelihood(f(2, 3), t("int64", 2), { weight: f(2) }),
    "it needs a weight for each of 3 classes",
  ],
  [
    "splitHeads of unequal heads",
    () => ops.splitHeads(f(1, 2, 3), 2),
    "it needs three axes, the last of 2 equal heads",
  ],
  ["isNotANumber of whole numbers", () => ops.isNotANumber(t("int32", 2)), "whole numbers are never NaN"],
];

describe("operators refuse what does not fit", () => {
  for (const [name, build, message] of misfits) {
    test(name, () => {
      expect(build).toThrow(RangeError);
      expect(build).toThrow(/^Cannot apply /);
      expect(build).toThrow(message);
    });
  }
});
