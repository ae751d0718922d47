/**
 * @thalweg/train: networks trained on ONNX Runtime, one flat vector of parameters, runs as folders.
 *
 * Reading order: parameter-vector → program → session → fit → evaluate → checkpoint → run-folder → whole-files → safetensors.
 */

// which learning rate, and how large a batch
export {
  type BatchSchedule,
  type BatchStage,
  constantBatch,
  layOutBatches,
  type RampOptions,
  type Rise,
  rampBatch,
  rateFactor,
  type StepOptions,
  stepBatch,
} from "./batch-size.ts";
export { parseBatchSchedule } from "./batch-size-spec.ts";
// runs on disk
export { loadCheckpoint, type Progress, saveCheckpoint } from "./checkpoint.ts";
// training
export { Evaluator, images } from "./evaluate.ts";
export {
  type Evaluation,
  type FitOptions,
  type FitResult,
  fit,
  readResult,
  type Updates,
} from "./fit.ts";
// networks that evolution shaped
export { genomeModule, withTrainedWeights } from "./genome-module.ts";
export { HessianProgram, hessianByDifferences } from "./hessian-product.ts";
export { canonicalJson, type Json, type JsonObject } from "./json.ts";
export * from "./lr-finder/index.ts";
export { OnnxMatrixKernels } from "./matrix-kernels.ts";
// how much memory it takes
export * from "./memory/index.ts";
export * from "./noise-scale.ts";
// the loss as a function to minimize
export { type LossOptions, lossObjective } from "./objective.ts";
// what watches a run
export type { Observer } from "./observe/observer.ts";
export {
  openTrajectory,
  type Trajectory,
  type TrajectoryOptions,
  TrajectoryRecorder,
} from "./observe/trajectory.ts";
// models from ONNX files
export {
  type GradientOptions,
  type LossAndGradient,
  lossAndGradient,
  prepareGradient,
} from "./onnx/gradient.ts";
export { type ImportOptions, importedModel } from "./onnx/imported-model.ts";
export { type OutputLoss, outputLosses } from "./onnx/losses.ts";
export { type ModelFile, readModelFile } from "./onnx/model-file.ts";
export {
  type DifferentiationOptions,
  type TrainingGraphOptions,
  trainingGraph,
} from "./onnx/training-graph.ts";
export {
  type OtherGradients,
  type OtherGradientsOptions,
  otherGradients,
} from "./other-gradients.ts";
// several processes that train one model
export * from "./parallel/index.ts";
// the model and its parameters
export { ParameterVector, segmentOf } from "./parameter-vector.ts";
export {
  type Batch,
  classifier,
  EvaluationProgram,
  type InputSpec,
  type Measures,
  type Model,
  sampledSquares,
  type TrainingOptions,
  TrainingProgram,
} from "./program.ts";
export {
  createRun,
  type Fence,
  followRun,
  openRun,
  type RunFolder,
  RunFolderError,
  type RunLine,
  type RunRecord,
  readRun,
  runId,
  TAKEN_OVER,
} from "./run-folder.ts";
export { parseSafetensors, type StoredTensor, serializeSafetensors } from "./safetensors.ts";
export { BoundSession } from "./session.ts";
export { type ExampleForm, supervised } from "./supervised.ts";
export { optimizerOf, type VectorOptimizer } from "./updates.ts";
export { VaryingProgram, type VaryingProgramOptions } from "./varying-program.ts";
export { loadWeights, saveWeights } from "./weights.ts";
export { appendWhole, codeOf, makeFolder, replaceFile } from "./whole-files.ts";
