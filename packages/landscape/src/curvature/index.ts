/**
 * How a loss bends. Reading order: operator → flat-program → sampled-loss → krylov → eigenpairs → trace → density → overlap →
 * edge-of-stability → batch-sharpness → convexity-map.
 */
export { type BatchSharpnessOptions, batchSharpness } from "./batch-sharpness.ts";
export {
  ConvexityEvaluator,
  type ConvexityForm,
  type ConvexityMap,
  type ConvexityOptions,
  convexityMap,
} from "./convexity-map.ts";
export {
  type DensityOptions,
  defaultDeviation,
  densityAt,
  moment,
  nodeRange,
  type Quadrature,
  type SpectralDensity,
  shareBelow,
  spectralDensity,
} from "./density.ts";
export {
  edgeOperator,
  type Sharpness,
  SharpnessTracker,
  type StabilityEdge,
  stabilityEdge,
  type TrackerOptions,
} from "./edge-of-stability.ts";
export {
  confirmResiduals,
  type EigenOptions,
  type Eigenpairs,
  type End,
  eigenpairs,
  ends,
} from "./eigenpairs.ts";
export { type ModelForm, modelForms } from "./flat-program.ts";
export {
  type Block,
  type CurvatureOperator,
  denseOperator,
  preconditioned,
  restrictedTo,
} from "./operator.ts";
export { gradientOverlap, type Overlap } from "./overlap.ts";
export {
  SampledLoss,
  type SampledLossOptions,
  type Samples,
  samplesFrom,
  samplesOf,
} from "./sampled-loss.ts";
export { nonQuadraticity, type TaylorPlane, taylorAt, taylorHeights, taylorPlane } from "./taylor.ts";
export { type Estimate, type Trace, type TraceOptions, trace } from "./trace.ts";
