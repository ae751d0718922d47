/** The door of @thalweg/nn: modules, layers, initialisers, losses, and the models of the zoo. */

export {
  type Activation,
  activation,
  activations,
  celu,
  elu,
  gelu,
  geluTanh,
  glu,
  hardSigmoid,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  prelu,
  relu,
  relu6,
  reluSquared,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
} from "./activations.ts";
export { agdWeight, initialisations, initializeForAgd } from "./agd-initialisation.ts";
export {
  type AttentionInput,
  type AttentionOptions,
  attend,
  joinHeads,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
  splitHeads,
} from "./attention.ts";
export { type BatchNormOptions, batchNorm } from "./batch-norm.ts";
export { type Applied, checkpointed, named, network, residual, sequential } from "./composition.ts";
export {
  type Conv1dOptions,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  conv1d,
  conv2d,
  convTranspose2d,
  depthwiseConv2d,
} from "./convolution.ts";
export { type EmbeddingOptions, embedding } from "./embedding.ts";
export * as initializers from "./initializers.ts";
export {
  affine,
  bilinear,
  dropout,
  flatten,
  identity,
  type LinearOptions,
  lambda,
  linear,
} from "./layers.ts";
export {
  binaryCrossEntropy,
  type CrossEntropyOptions,
  countCorrect,
  crossEntropy,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  requireLabels,
  smoothL1,
} from "./losses.ts";
export {
  type BufferSpec,
  type Context,
  countParameters,
  type Declared,
  type Initializer,
  initializeBuffers,
  initializeParameters,
  type Module,
  type ParameterSpec,
  type StoredName,
  type Tracing,
  tracing,
  within,
} from "./module.ts";
export { normalNoise, normalOf } from "./noise.ts";
export { groupNorm, instanceNorm, layerNorm, type NormOptions, rmsNorm } from "./normalization.ts";
export {
  adaptiveAveragePool2d,
  averagePool1d,
  averagePool2d,
  globalAveragePool,
  globalMaxPool,
  type LineOptions,
  maxPool1d,
  maxPool2d,
  upsampleBilinear2d,
  upsampleNearest2d,
} from "./pooling.ts";
export {
  gru,
  type LstmOutput,
  lstm,
  type RecurrentInput,
  type RecurrentOptions,
  type RecurrentOutput,
} from "./recurrent.ts";
export {
  type BytePairFiles,
  type BytePairOptions,
  type BytePairTokenizer,
  readBytePair,
  type TrainBytePairOptions,
  trainBytePair,
} from "./tokenizers/byte-pair.ts";
export { characterTokenizer, type Tokenizer } from "./tokenizers/tokenizer.ts";
export {
  type ReadWeights,
  type ReadWeightsOptions,
  readWeights,
  type Stored,
  type Weights,
  writeWeights,
} from "./weights.ts";
export * from "./zoo/index.ts";
