/** What comes out of a minimization: where it ended, why, what it cost, and the way there. */
import type { Reason } from "./method.ts";
import type { Vector } from "./objective.ts";

/** How often each kind was asked. `gradient` includes the value; `component` counts single fᵢ of a finite sum. */
export interface Evaluations {
  readonly value: number;
  readonly gradient: number;
  readonly hessian: number;
  readonly product: number;
  readonly residuals: number;
  readonly component: number;
}

/** One iterate, with all evaluations until then. */
export interface TraceEntry {
  /** 0 is the start, or the first population. */
  readonly iteration: number;
  readonly value: number;
  readonly gradientNorm?: number;
  readonly stepLength?: number;
  readonly evaluations: Evaluations;
  /** When points are traced. */
  readonly point?: Vector;
}

export interface Result {
  readonly method: string;
  readonly objective: string;
  /** The iterate with the least value, of those that are alike to rounding the flattest; the start when nothing was evaluated. */
  readonly point: Vector;
  /** F there; NaN when nothing was evaluated. */
  readonly value: number;
  readonly gradientNorm?: number;
  readonly reason: Reason;
  /** What was found, in words. */
  readonly detail: string;
  readonly iterations: number;
  readonly evaluations: Evaluations;
  /** Of all kinds, where a component is one N-th: what the budget limits. */
  readonly spent: number;
  readonly trace: readonly TraceEntry[];
}

/**
 * The function threw, or gave what cannot be used: not a result, since the function is wrong. What it threw is `cause`; what
 * had been found until then is `soFar`.
 */
export class ObjectiveError extends Error {
  override readonly name = "ObjectiveError";
  readonly soFar: Result;

  constructor(message: string, soFar: Result, cause: unknown) {
    super(message, { cause });
    this.soFar = soFar;
  }
}
