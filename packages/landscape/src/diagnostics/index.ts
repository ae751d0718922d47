/** How training goes, step by step. Reading order: gradient-tests → step-quality → tensors → monitor. */
export { type ForwardOptions, type ForwardSlopes, forwardSlopes } from "./forward-slopes.ts";
export { type GradientTests, gradientTests } from "./gradient-tests.ts";
export {
  type Diagnosis,
  type Instrument,
  instruments,
  Monitor,
  type MonitorOptions,
  readDiagnoses,
} from "./monitor.ts";
export { type StepEnd, stepQuality } from "./step-quality.ts";
export { type Magnitudes, magnitudes, type TensorStep, tensorSteps } from "./tensors.ts";
