/**
 * Schedules: what becomes of a hyperparameter over a run, as a pure function of the step.
 *
 * Reading order: kind → kinds/ → combinators → curve → check → schedule → catalogue; then the language: schedule.peggy →
 * syntax → settings → lengths → lay-out → parse; and torch, the same under PyTorch's names.
 */

// the catalogue
export {
  type CombinatorEntry,
  type ScheduleEntry,
  type ScheduleParameter,
  scheduleCombinators,
  schedules,
} from "./catalogue.ts";
export { checkCurve } from "./check.ts";
export type { SequenceCurve } from "./combinators.ts";
// the data behind it
export {
  type Combination,
  type Curve,
  curveSteps,
  observeMetric,
  type SimpleCurve,
  scheduleFactor,
} from "./curve.ts";
export { type LambdaCurve, lambda } from "./kinds/lambda.ts";
export type { PlateauCurve, PlateauState } from "./kinds/plateau.ts";
// the language
export { type ParseOptions, parseSchedule, parseSchedules, readSyntax } from "./parse.ts";
export { bindCurve, formatCurve, type Schedule, type ScheduleState } from "./schedule.ts";
export { ScheduleError } from "./schedule-error.ts";
export type { CallSyntax, ScheduleSyntax } from "./syntax.ts";
// PyTorch's schedulers by their names
export {
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CurveScheduler,
  CyclicLR,
  type CyclicOptions,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  type MakeScheduler,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  type OneCycleOptions,
  type PlateauOptions,
  PolynomialLR,
  ReduceLROnPlateau,
  type Scheduled,
  type SchedulerState,
  SequentialLR,
  StepLR,
} from "./torch.ts";
