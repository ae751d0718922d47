/**
 * Methods that call the function again: line searches, second order, proximal, zero order, evolution, Bayes.
 *
 * Reading order: objective → method → result → facts → limits → minimization → minimize → first-order/ → second-order/ → proximal/ →
 * zero-order/ → evolutionary/ → bayesian/ → problems/.
 */

export * from "./bayesian/index.ts";
export * from "./evolutionary/index.ts";
export { type Facts, factsOf, refusal } from "./facts.ts";
export { type FiniteSum, type Fit, fromComponents, fromResiduals } from "./from-parts.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export * from "./method.ts";
export { methodsFor, minimizers } from "./methods.ts";
export { Minimization } from "./minimization.ts";
export { evaluate, evaluateAsync, minimize, minimizeAsync } from "./minimize.ts";
export {
  type AsyncObjective,
  type Bounds,
  type Functions,
  fromFunctions,
  type Nonsmooth,
  type Objective,
  type ObjectiveOf,
  productFromHessian,
  type Vector,
} from "./objective.ts";
export type { Option, Options, OptionValue, OptionValues } from "./options.ts";
export { buildProblem, type Problem, type ProblemEntry, problems, type View } from "./problems/index.ts";
export * from "./proximal/index.ts";
export { type Evaluations, ObjectiveError, type Result, type TraceEntry } from "./result.ts";
export * from "./zero-order/index.ts";
