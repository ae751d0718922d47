/**
 * One run of a method, driven from outside: `ask` what it wants to know, `tell` it, until there is nothing more to ask.
 *
 * All that is the same for every method is here: evaluations are counted and the budget is kept to, what comes back is
 * checked, tolerances and targets end the run with a reason, the best iterate is kept. `minimize` and `minimizeAsync` are
 * loops around it; a tuner that evaluates elsewhere holds on to it between an ask and a tell.
 */

import { stream } from "@thalweg/random";
import {
  COUNTED_AS,
  callsOf,
  checkSymmetry,
  firstNotFinite,
  HAS_TRIALS,
  HAS_VALUE,
  markUnwritten,
  readNumber,
} from "./answers.ts";
import { brief } from "./brief.ts";
import { type Facts, refusal } from "./facts.ts";
import { checkLimits, DEFAULT_LIMITS, type Limits } from "./limits.ts";
import type { Answer, Given, Iterate, Method, Request, Steps, Stop } from "./method.ts";
import type { Vector } from "./objective.ts";
import { type Evaluations, ObjectiveError, type Result, type TraceEntry } from "./result.ts";

/** Values that differ by less, relatively, are the same: sums of a few terms are rounded by as much. */
const ROUNDING = 4 * Number.EPSILON;

type Event = { request: Request } | { iterate: Iterate } | { ended: Result };

export class Minimization {
  private readonly method: Method;
  private readonly facts: Facts;
  private readonly limits: Required<Omit<Limits, "signal">>;
  private readonly signal: AbortSignal | undefined;
  private readonly steps: Steps<Stop>;
  private readonly counts = { value: 0, gradient: 0, hessian: 0, product: 0, residuals: 0, component: 0 };
  private readonly trace: TraceEntry[] = [];
  private readonly best: Vector;
  private bestValue = Number.NaN;
  private bestGradientNorm: number | undefined;
  private iteration = -1;
  /** The place of the first thing that was not finite since the last iterate. */
  private notFinite = "";
  /** Why the last answer ends the run. */
  private unusable: Stop | undefined;
  private pending: Request | undefined;
  private answer: Answer;
  private ended: Result | undefined;

  /**
   * Raises RangeError when the method cannot run on what the objective offers, the start has another dimension or lies
   * outside the domain, or a limit is none.
   */
  constructor(method: Method, facts: Facts, start: ArrayLike<number>, limits: Limits = {}) {
    const { signal, ...others } = limits;
    this.method = method;
    this.facts = facts;
    this.signal = signal;
    this.limits = { ...DEFAULT_LIMITS, ...others };
    const at = Float64Array.from(start);
    this.check(at);
    this.best = at.slice();
    const { seed } = this.limits;
    const { dimension, bounds, nonsmooth, residualCount, componentCount } = facts;
    const given: Given = {
      dimension,
      start: at,
      random: (purpose, ...index) => stream(seed, `${method.name}: ${purpose}`, ...index),
      ...(bounds && { bounds }),
      ...(nonsmooth && { nonsmooth }),
      ...(residualCount !== undefined && { residualCount }),
      ...(componentCount !== undefined && { componentCount }),
    };
    method.check?.(given, method.values);
    this.steps = method.run(given, method.values);
  }

  /** What the method wants to know next; the same until it is told. Undefined when the run has ended. */
  ask(): Request | undefined {
    while (this.pending === undefined && this.ended === undefined) this.advance();
    return this.pending;
  }

  /**
   * Answer what was asked: vectors are in the request's own `into` by now, `answer` is the value there, or the values of the
   * points. Raises ObjectiveError for an answer of another kind.
   */
  tell(answer?: Answer): void {
    const request = this.pending;
    if (request === undefined) {
      throw new Error(`Cannot tell ${this.method.name} an answer as it has asked nothing: call ask() first`);
    }
    this.pending = undefined;
    try {
      this.answer = this.readAnswer(request, answer);
    } catch (error) {
      this.fail(error, request);
    }
  }

  /** Go on to the next iterate, whose point is a copy, or to the end. Answers come from `evaluate`. */
  step(evaluate: (request: Request) => Answer): Iterate | Result {
    for (;;) {
      const event: Event = this.pending === undefined ? this.advance() : { request: this.pending };
      if ("ended" in event) return event.ended;
      if ("iterate" in event) return { ...event.iterate, point: event.iterate.point.slice() };
      this.tell(this.attempt(event.request, evaluate));
    }
  }

  /** End it here: what was found until now. */
  stop(detail: string): Result {
    return this.ended ?? this.finish({ reason: "stopped by the caller", detail });
  }

  /** What has been asked until now, by kind. */
  get evaluations(): Evaluations {
    return { ...this.counts };
  }

  /** Of all kinds, as the budget counts them. */
  get spent(): number {
    return this.total();
  }

  /** How it ended; undefined while it has not. */
  get result(): Result | undefined {
    return this.ended;
  }

  /** The answer of a function, or an ObjectiveError with the place where it threw. */
  attempt<T>(request: Request, evaluate: (request: Request) => T): T {
    try {
      return evaluate(request);
    } catch (error) {
      this.fail(error, request);
    }
  }

  /** Raise what a function threw, as an ObjectiveError with the place where it did. */
  fail(error: unknown, request: Request): never {
    const soFar = this.finish({ reason: "stopped by the caller", detail: "the function threw" });
    const message = error instanceof Error ? error.message : String(error);
    throw new ObjectiveError(
      `Cannot go on minimizing ${this.facts.name} with ${this.method.name} as ${this.place(request)} failed: ${message}`,
      soFar,
      error,
    );
  }

  /** Let the method go on with the last answer, to its next request or iterate, or to the end. */
  private advance(): Event {
    if (this.ended !== undefined) return { ended: this.ended };
    if (this.unusable !== undefined) return { ended: this.finish(this.unusable) };
    const { answer } = this;
    this.answer = undefined;
    const { done, value } = this.steps.next(answer);
    if (done) return { ended: this.finish(value) };
    const stop = value.kind === "iterate" ? this.arrive(value) : this.refuse(value);
    if (stop !== undefined) return { ended: this.finish(stop) };
    if (value.kind === "iterate") return { iterate: value };
    this.counts[COUNTED_AS[value.kind]] += callsOf(value);
    this.pending = value;
    markUnwritten(value);
    return { request: value };
  }

  /** Take note of an iterate. A Stop when it is the last. */
  private arrive({ point, value, gradientNorm, stepLength }: Iterate): Stop | undefined {
    this.iteration++;
    const { iteration, limits } = this;
    if (this.isBetter(value, gradientNorm)) {
      this.best.set(point);
      this.bestValue = value;
      this.bestGradientNorm = gradientNorm;
    }
    if (limits.trace !== "none") {
      this.trace.push({
        iteration,
        value,
        ...(gradientNorm !== undefined && { gradientNorm }),
        ...(stepLength !== undefined && { stepLength }),
        evaluations: { ...this.counts },
        ...(limits.trace === "points" && { point: point.slice() }),
      });
    }
    if (value === Number.NEGATIVE_INFINITY) {
      return { reason: "unbounded below", detail: `the value of iterate ${iteration} is −∞` };
    }
    if (!Number.isFinite(value)) {
      const where = this.notFinite === "" ? `the value of iterate ${iteration} is ${value}` : this.notFinite;
      return { reason: "value is not finite", detail: where };
    }
    this.notFinite = "";
    if (value <= limits.target) {
      return { reason: "target reached", detail: `${brief(value)} is at most ${brief(limits.target)}` };
    }
    if (gradientNorm !== undefined && gradientNorm <= limits.gradientTolerance) {
      return {
        reason: "gradient below tolerance",
        detail: `its largest entry, ${brief(gradientNorm)}, is at most ${brief(limits.gradientTolerance)}`,
      };
    }
    if (iteration >= limits.iterations) {
      return { reason: "iterations spent", detail: `${limits.iterations} were allowed` };
    }
    return undefined;
  }

  /** Lower than the best; or as low to rounding, and flatter. */
  private isBetter(value: number, gradientNorm = Number.POSITIVE_INFINITY): boolean {
    const { bestValue, bestGradientNorm = Number.POSITIVE_INFINITY } = this;
    if (!(value >= bestValue)) return true;
    return value <= bestValue + ROUNDING * Math.abs(bestValue) && gradientNorm < bestGradientNorm;
  }

  /** A Stop when a request may not be made any more. */
  private refuse(request: Request): Stop | undefined {
    if (this.signal?.aborted) return { reason: "stopped by the caller", detail: "its signal was aborted" };
    const { budget } = this.limits;
    const part = request.kind === "component" ? (this.facts.componentCount ?? 1) : 1;
    if (this.total() + callsOf(request) / part <= budget * (1 + 1e-12)) return undefined; // N-ths are rounded
    return { reason: "budget spent", detail: `${budget} evaluations were allowed` };
  }

  private total(): number {
    const { value, gradient, hessian, product, residuals, component } = this.counts;
    return value + gradient + hessian + product + residuals + component / (this.facts.componentCount ?? 1);
  }

  /** The answer as the method gets it: what cannot be used is +∞. Raises for what is no answer at all. */
  private readAnswer(request: Request, answer: Answer): Answer {
    if (request.kind === "values") return this.readValues(request.points, answer);
    const value = HAS_VALUE.has(request.kind) ? readNumber(answer, `the value of ${this.facts.name}`) : 0;
    if (request.kind === "hessian") checkSymmetry(request.into, this.facts.dimension);
    const trouble = firstNotFinite(request, value);
    if (trouble === undefined) return value;
    this.notFinite ||= `${trouble} at ${this.place(request)}`;
    if (value === Number.NEGATIVE_INFINITY) {
      this.unusable = { reason: "unbounded below", detail: this.notFinite };
    } else if (!HAS_TRIALS.has(request.kind)) {
      this.unusable = { reason: "value is not finite", detail: this.notFinite };
    }
    return Number.POSITIVE_INFINITY;
  }

  private readValues(points: readonly Vector[], answer: Answer): readonly number[] {
    if (!Array.isArray(answer) || answer.length !== points.length) {
      const found = Array.isArray(answer) ? `it has ${answer.length}` : `it is ${answer}`;
      throw new TypeError(`the answer must be an array of ${points.length} values, one per point: ${found}`);
    }
    return answer.map((value, i) => this.readAnswer({ kind: "value", at: points[i]! }, value) as number);
  }

  /** "evaluation 3 (gradient) of iteration 1", both from 1: what is asked after iterate k belongs to iteration k + 1. */
  private place({ kind }: Request): string {
    const { value, gradient, hessian, product, residuals, component } = this.counts;
    const calls = value + gradient + hessian + product + residuals + component;
    return `evaluation ${calls} (${kind}) ${this.iteration < 0 ? "at the start" : `of iteration ${this.iteration + 1}`}`;
  }

  private check(start: Vector): void {
    const { method, facts, limits } = this;
    const cannot = `Cannot minimize ${facts.name} with ${method.name}`;
    const refused = refusal(method, facts);
    if (refused !== undefined) throw new RangeError(`${cannot} as ${refused}`);
    if (start.length !== facts.dimension) {
      throw new RangeError(
        `${cannot} as the start must have ${facts.dimension} entries, one per dimension: it has ${start.length}`,
      );
    }
    const wild = start.findIndex((x) => !Number.isFinite(x));
    if (wild >= 0) {
      throw new RangeError(`${cannot} as the start must be finite: start[${wild}] is ${start[wild]}`);
    }
    if (facts.inside !== undefined && !facts.inside(start)) {
      throw new RangeError(
        `${cannot} as the start must be in the domain of ${facts.name}: (${show(start)}) is not`,
      );
    }
    const { bounds } = facts;
    if (bounds !== undefined && method.needs.includes("bounds")) {
      const out = start.findIndex((x, i) => !(x >= bounds.lower[i]! && x <= bounds.upper[i]!));
      if (out >= 0) {
        throw new RangeError(
          `${cannot} as the start must be within its bounds: start[${out}] is ${start[out]}, outside [${bounds.lower[out]}, ${bounds.upper[out]}]`,
        );
      }
    }
    checkLimits(cannot, limits);
  }

  private finish({ reason, detail }: Stop): Result {
    this.steps.return({ reason, detail });
    this.pending = undefined;
    const gradientNorm = this.bestGradientNorm;
    this.ended = {
      method: this.method.name,
      objective: this.facts.name,
      point: this.best,
      value: this.bestValue,
      ...(gradientNorm !== undefined && { gradientNorm }),
      reason,
      detail,
      iterations: Math.max(0, this.iteration),
      evaluations: { ...this.counts },
      spent: this.total(),
      trace: this.trace,
    };
    return this.ended;
  }
}

const show = (point: Vector) => {
  const few = Array.from(point.subarray(0, 5)).join(", ");
  return point.length > 5 ? `${few}, …` : few;
};
