/** All operator functions, as gradient rules and the package's door see them. */
export * from "./activation.ts";
export * from "./arithmetic.ts";
export * from "./comparison.ts";
export * from "./convolution.ts";
export * from "./convolution-gradients.ts";
export { constantLike, type Operand } from "./elementwise.ts";
export * from "./extrema.ts";
export * from "./indexing.ts";
export * from "./matmul.ts";
export * from "./normalization.ts";
export * from "./pooling.ts";
export * from "./pooling-gradients.ts";
export * from "./rectifier.ts";
export * from "./reduction.ts";
export * from "./rounding.ts";
export * from "./shape.ts";
export * from "./softmax.ts";
export * from "./trigonometry.ts";
