/** The door of @thalweg/nn: modules, layers, initialisers, losses. */
export { agdWeight, initialisations, initializeForAgd } from "./agd-initialisation.ts";
export { type BatchNormOptions, batchNorm } from "./batch-norm.ts";
export { averagePool2d, type Conv2dOptions, conv2d, globalAveragePool, maxPool2d } from "./convolution.ts";
export * as initializers from "./initializers.ts";
export { dropout, flatten, type LinearOptions, lambda, linear, relu, sequential } from "./layers.ts";
export { countCorrect, crossEntropy, meanSquaredError } from "./losses.ts";
export {
  type BufferSpec,
  type Context,
  type Initializer,
  initializeBuffers,
  initializeParameters,
  type Module,
  type ParameterSpec,
  type Tracing,
  tracing,
  within,
} from "./module.ts";
