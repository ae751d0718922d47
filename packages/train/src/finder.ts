/**
 * The part of this package that needs no ONNX Runtime and no Node: learning-rate tests and the noise scale, over any program that gives losses and gradients. It is a
 * door of its own, `@thalweg/train/finder`, for pages, whose programs run in the browser.
 */
export * from "./lr-finder/index.ts";
export {
  criticalBatchSize,
  estimateNoiseScale,
  type NoiseSample,
  type NoiseScale,
  predictFrontier,
  type TradeOff,
  tradeOff,
} from "./noise-scale.ts";
