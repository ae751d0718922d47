/**
 * @thalweg/formula: update rules as text.
 *
 * Reading order: functions → syntax/ → expression → state → resolve → resolve-link → stages → scalars → update → reference → wasm/ → latex.
 */

// what groups of tensors share
export { sharedHyperparameters } from "./coupling.ts";
// the language
export { AGGREGATES, CALLABLE, ELEMENTWISE, MATRIX_FUNCTIONS } from "./functions.ts";
// for people
export { nameToLatex, toLatex } from "./latex.ts";
// matrices: what a faster implementation needs
export {
  type Coefficients,
  NEWTON_SCHULZ,
  type NewtonSchulzName,
  SMALLEST_NORM,
} from "./matrix/newton-schulz.ts";
export type { Matrix, MatrixKernels } from "./matrix/operations.ts";
export { reference } from "./reference.ts";

// from text to program
export { type FormulaSource, type GradientKind, type Phase, resolve, type UpdateProgram } from "./resolve.ts";
export { type Stage, scheduleStages } from "./stages.ts";
export { type NamedStateSlot, type StateDeclaration, type StateSlot, stateSlots } from "./state.ts";
export { FormulaError } from "./syntax/error.ts";
export { nearest } from "./syntax/nearest.ts";
// running a program over tensors
export {
  type BoundUpdate,
  bindUpdate,
  type Engine,
  type FloatArray,
  type Run,
  type TensorGroup,
  type TensorSlots,
} from "./update.ts";
export { emitStage } from "./wasm/emit.ts";
export { compiledKernelCount, fused } from "./wasm/kernel.ts";
export { FlatMemory } from "./wasm/memory.ts";
