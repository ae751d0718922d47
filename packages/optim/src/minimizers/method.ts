/**
 * A method that minimizes: data, and a generator that yields what it wants to know and what it has found.
 *
 * A method never calls the function. It asks, and goes on with the answer, so that the same code runs at once on an analytic
 * function, in its own time on a compiled network, and point by point where somebody else evaluates (`Minimization`).
 * Counting, budgets, tolerances and what is wrong with an answer are the driver's business; a method knows only its
 * mathematics and says when it cannot go on.
 *
 * Contract: a point where F cannot be used (NaN, ∞, outside the domain) has the value +∞, whatever was asked there. The
 * first iterate is the start, or the first population. Vectors that a method hands out are its own: others copy.
 */
import type { Stream } from "@thalweg/random";
import type { Bounds, Nonsmooth, Vector } from "./objective.ts";
import { checkOptions, defaultsOf, type Options, type OptionValues, type ValuesOf } from "./options.ts";

/** What a method can want to know. Vectors come back in `into`; the answer is the value of the function, or of each point. */
export type Request =
  /** F, with the nonsmooth part where there is one. */
  | { readonly kind: "value"; readonly at: Vector }
  /** F of many points. */
  | { readonly kind: "values"; readonly points: readonly Vector[] }
  /** f, without the nonsmooth part; the same as "value" where there is none. */
  | { readonly kind: "smooth"; readonly at: Vector }
  /** f and ∇f. */
  | { readonly kind: "gradient"; readonly at: Vector; readonly into: Vector }
  /** ∇²f, n × n, row-major. */
  | { readonly kind: "hessian"; readonly at: Vector; readonly into: Vector }
  /** ∇²f·v */
  | { readonly kind: "product"; readonly at: Vector; readonly direction: Vector; readonly into: Vector }
  /** r, length m, and its Jacobian, m × n, row-major. */
  | { readonly kind: "residuals"; readonly at: Vector; readonly into: Vector; readonly jacobian: Vector }
  /** Means of fᵢ and ∇fᵢ over some i. */
  | {
      readonly kind: "component";
      readonly indices: ArrayLike<number>;
      readonly at: Vector;
      readonly into: Vector;
    };

export type RequestKind = Request["kind"];

/** The end of an iteration: where the method stands. */
export interface Iterate {
  readonly kind: "iterate";
  readonly point: Vector;
  /** F there. */
  readonly value: number;
  /** ‖∇f‖∞, or what is zero exactly at a minimum of F. */
  readonly gradientNorm?: number;
  /** ‖x − previous x‖₂, or the size of a simplex, mesh or population. */
  readonly stepLength?: number;
}

export const REASONS = [
  "gradient below tolerance",
  "step below tolerance",
  "change below tolerance",
  "target reached",
  "budget spent",
  "iterations spent",
  "no descent",
  "value is not finite",
  "unbounded below",
  "stopped by the caller",
] as const;

export type Reason = (typeof REASONS)[number];

/** Why a method ends by itself. */
export interface Stop {
  readonly reason: Reason;
  /** What was found, in words, for a person. */
  readonly detail: string;
}

export type Answer = number | readonly number[] | undefined;

/** A part of a method: yields requests and iterates, ends with a T. */
export type Steps<T> = Generator<Request | Iterate, T, Answer>;

/** What an objective must offer for a method to run. */
export type Need = "gradient" | "hessian" | "product" | "residuals" | "components" | "prox" | "bounds";

export type Family =
  | "first-order"
  | "stochastic"
  | "second-order"
  | "least-squares"
  | "proximal"
  | "zero-order"
  | "evolutionary"
  | "bayesian";

/** What a method is given besides answers. */
export interface Given {
  readonly dimension: number;
  /** A copy: the method may change it. */
  readonly start: Vector;
  /** A stream of this run for a purpose of the method's: the same seed, the same numbers. */
  readonly random: (purpose: string, ...index: number[]) => Stream;
  readonly bounds?: Bounds;
  readonly nonsmooth?: Nonsmooth;
  /** m of r: ℝⁿ → ℝᵐ, where there are residuals. */
  readonly residualCount?: number;
  /** N of f = (1/N) Σ fᵢ, where there are components. */
  readonly componentCount?: number;
}

export interface Method {
  readonly name: string;
  readonly family: Family;
  /** One sentence: what it does. */
  readonly summary: string;
  readonly source: string;
  readonly needs: readonly Need[];
  readonly options: Options;
  /** In force: the defaults, or what `withOptions` gave. */
  readonly values: OptionValues;
  /** What no single option can tell; raises RangeError. */
  readonly check?: ((given: Given, values: OptionValues) => void) | undefined;
  readonly run: (given: Given, values: OptionValues) => Steps<Stop>;
}

export interface MethodDeclaration<T extends Options> {
  name: string;
  family: Family;
  summary: string;
  source: string;
  /** Value alone when empty. */
  needs: readonly Need[];
  options: T;
  check?: (given: Given, values: ValuesOf<T>) => void;
  run: (given: Given, values: ValuesOf<T>) => Steps<Stop>;
}

/** A method from its declaration. */
export function method<const T extends Options>(declaration: MethodDeclaration<T>): Method {
  const { check, run } = declaration;
  return {
    ...declaration,
    values: defaultsOf(declaration.options),
    check: check && ((given, values) => check(given, values as ValuesOf<T>)), // checked by withOptions
    run: (given, values) => run(given, values as ValuesOf<T>),
  };
}

/** The method with these options; others stay. Raises RangeError for what it does not have or take. */
export function withOptions(method: Method, values: OptionValues): Method {
  checkOptions(method.name, method.options, values);
  return { ...method, values: { ...method.values, ...values } };
}

// What methods say: each is one yield, with the type of its answer.

export function* valueAt(at: Vector): Steps<number> {
  return (yield { kind: "value", at }) as number;
}

export function* valuesAt(points: readonly Vector[]): Steps<readonly number[]> {
  return (yield { kind: "values", points }) as readonly number[];
}

export function* smoothAt(at: Vector): Steps<number> {
  return (yield { kind: "smooth", at }) as number;
}

/** Writes ∇f into `into`; the answer is f. */
export function* gradientAt(at: Vector, into: Vector): Steps<number> {
  return (yield { kind: "gradient", at, into }) as number;
}

export function* hessianAt(at: Vector, into: Vector): Steps<void> {
  yield { kind: "hessian", at, into };
}

export function* productAt(at: Vector, direction: Vector, into: Vector): Steps<void> {
  yield { kind: "product", at, direction, into };
}

/** Writes r and its Jacobian; the answer is ½‖r‖². */
export function* residualsAt(at: Vector, into: Vector, jacobian: Vector): Steps<number> {
  return (yield { kind: "residuals", at, into, jacobian }) as number;
}

/** Writes the mean of ∇fᵢ over the indices; the answer is the mean of fᵢ. */
export function* componentsAt(indices: ArrayLike<number>, at: Vector, into: Vector): Steps<number> {
  return (yield { kind: "component", indices, at, into }) as number;
}

export function* finished(iterate: Omit<Iterate, "kind">): Steps<void> {
  yield { kind: "iterate", ...iterate };
}
