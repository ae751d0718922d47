/** How training goes, step by step. Reading order: gradient-tests → step-quality → tensors → curvature-probe → monitor → non-stationarity → alerts. */
export { type Alert, alerts } from "./alerts.ts";
export { CurvatureProbe, type ProbedCurvature, type ProbeOptions } from "./curvature-probe.ts";
export { type ForwardOptions, type ForwardSlopes, forwardSlopes } from "./forward-slopes.ts";
export { type GradientTests, gradientTests } from "./gradient-tests.ts";
export { type JointHistogram, jointHistogram } from "./joint-histogram.ts";
export {
  type Diagnosis,
  type Instrument,
  instruments,
  Monitor,
  type MonitorOptions,
  readDiagnoses,
} from "./monitor.ts";
export { type NonStationarity, nonStationarity } from "./non-stationarity.ts";
export { type StepEnd, stepQuality } from "./step-quality.ts";
export { type Magnitudes, magnitudes, type TensorStep, tensorSteps } from "./tensors.ts";
