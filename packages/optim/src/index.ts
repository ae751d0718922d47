/**
 * @thalweg/optim: the catalogue of update rules, and the Optimizer that runs them.
 *
 * Reading order: rule → rules/ → transforms/ → wrappers/ → hyperparameters → optimizer → backend → replay → explain →
 * torch-state → schedules/ → minimizers/.
 */

// running them
export { type Backend, referenceBackend, wasmBackend } from "./backend.ts";
export {
  buildRule,
  type CatalogueEntry,
  type Choice,
  type Choices,
  type Dialect,
  type Family,
  type LinkCatalogue,
  type LinkEntry,
  type RuleOptions,
} from "./catalogue.ts";
export { declarationSchema, declareRule, lookUp, type WrittenDeclaration } from "./declaration.ts";
export {
  type Decay as ExplainedDecay,
  type EffectiveRate,
  type ExplainOptions,
  type Explanation,
  explain,
  explainText,
  type GroupExplanation,
} from "./explain.ts";
export { type NonFinite, NonFiniteGradientError } from "./finite.ts";
export type { OptimizerOptions, ParameterGroup, Segment } from "./groups.ts";
export {
  checkHyperparameter,
  checkHyperparameterName,
  HYPERPARAMETERS,
  type Hyperparameter,
} from "./hyperparameters.ts";
// methods that call the function again
export * from "./minimizers/index.ts";
export { add, dot, type Numbers, norm } from "./minimizers/vectors.ts";
export { MISTAKES, type Warning } from "./mistakes.ts";
export { type GroupDescription, Optimizer, type Phase, stateSlotCount } from "./optimizer.ts";
export type { OptimizerState, ParameterState } from "./optimizer-state.ts";
// a rule over recorded gradients
export {
  type NamedData,
  parseRecording,
  type Recording,
  type Replay,
  recordedRule,
  replay,
} from "./replay.ts";
// declaring rules
export {
  chain,
  checkHyper,
  gradientTransform,
  type Link,
  parameterTransform,
  type Rule,
  type RuleDeclaration,
  readRule,
  rule,
  ruleToLatex,
  type WrittenRule,
  withHyper,
  writeRule,
} from "./rule.ts";
// the catalogue, as it is written and as it is shown
export {
  type BriefEntry,
  briefEntries,
  entry,
  entryNames,
  type FullEntry,
  ownEntry,
  type RuleSymbol,
} from "./rule-entries.ts";
export {
  cataloguedPart,
  onlyNumbers,
  parseSpec,
  RuleSpecError,
  refuseName,
  ruleFromText,
  type SpecPart,
  showSpec,
  splitRules,
} from "./rule-text.ts";
export * from "./rules/index.ts";
// the rate for another batch size
export { RATE_SCALINGS, type RateScaling, scaleRate } from "./scaling/scale-rate.ts";
// schedules
export * from "./schedules/index.ts";
// torch's state_dict
export { fromTorchState, type NamedTensor, TORCH_COUNTERPARTS, toTorchState } from "./torch-state.ts";
export * from "./transforms/index.ts";
// what goes around rules
export * from "./wrappers/index.ts";
