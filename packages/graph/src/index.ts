/** The door of @thalweg/graph: build a graph of ONNX operators or read one from a file, differentiate it, evaluate it slowly, serialise it. */
export { type BlockedGraph, convolves, lowerToBlocks } from "./blocked/lower.ts";
export { type BlockSize, findBlockSize, type RunModel } from "./blocked/probe.ts";
export { evaluate, type Feeds } from "./evaluate.ts";
export { gradients, vjp } from "./gradients.ts";
export { type DType, Graph, type Numbers, Tensor } from "./graph.ts";
export type { BuildOptions, BuiltModel } from "./onnx/build.ts";
export type { RunNode } from "./onnx/carry.ts";
export { OnnxError } from "./onnx/error.ts";
export type { ReadExternal } from "./onnx/external.ts";
export { type ModelInput, type OnnxModel, type ReadOptions, readOnnx } from "./onnx/model.ts";
export type { KnownValue } from "./onnx/node.ts";
export {
  type AveragePoolOptions,
  abs,
  add,
  and,
  argMax,
  averagePool,
  batchNormalization,
  type ConvOptions,
  type ConvTransposeOptions,
  cast,
  celu,
  clip,
  concat,
  constantLike,
  conv,
  convTranspose,
  cos,
  div,
  elu,
  equal,
  erf,
  exp,
  expand,
  flatten,
  flip,
  gather,
  gelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  hardSigmoid,
  hardSwish,
  identity,
  leakyRelu,
  less,
  log,
  logSoftmax,
  lpPool,
  matmul,
  max,
  maxPool,
  min,
  mish,
  mul,
  neg,
  negativeLogLikelihood,
  normalizeBatch,
  not,
  type Operand,
  pad,
  pow,
  prelu,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  scatterAdd,
  selu,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  softmaxCrossEntropy,
  softplus,
  softsign,
  sqrt,
  squeeze,
  sub,
  sumTo,
  swapLastAxes,
  tanh,
  transpose,
  unsqueeze,
  where,
} from "./ops/index.ts";
export type { Pair, PerAxis, WindowOptions } from "./ops/windows.ts";
export { type ModelSpec, serialize } from "./serialize.ts";
export { broadcastShapes, type Shape, sizeOf } from "./shapes.ts";
export { checkpoint } from "./transforms/checkpoint.ts";
export { type MemoryKind, type MemoryOptions, type MemoryUse, peakMemory } from "./transforms/memory.ts";
export { computingOrder, forDepthFirst } from "./transforms/order.ts";
export { gaussNewtonProduct, hessianProduct, jvp } from "./transforms/products.ts";
