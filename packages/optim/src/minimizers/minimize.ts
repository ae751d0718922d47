/** Run a method on an objective to its end: at once, or waiting for answers. */

import { factsOf } from "./facts.ts";
import type { Limits } from "./limits.ts";
import type { Answer, Method, Request } from "./method.ts";
import { Minimization } from "./minimization.ts";
import type { AsyncObjective, Objective, Vector } from "./objective.ts";
import type { Result } from "./result.ts";

/**
 * Minimize a function. What an optimization can meet (a budget that is spent, no descent, values that are not finite) is a
 * result with a reason; RangeError for what cannot begin, ObjectiveError when the function throws.
 *
 * @example minimize(bfgs, rosenbrock(), [-1.2, 1], { budget: 200 }).point
 */
export function minimize(
  method: Method,
  objective: Objective,
  start: ArrayLike<number>,
  limits: Limits = {},
): Result {
  const search = new Minimization(method, factsOf(objective), start, limits);
  for (;;) {
    const request = search.ask();
    if (request === undefined) return search.result!;
    search.tell(search.attempt(request, () => evaluate(objective, request)));
  }
}

/** The same, bit for bit, where the objective answers through promises. */
export async function minimizeAsync(
  method: Method,
  objective: AsyncObjective,
  start: ArrayLike<number>,
  limits: Limits = {},
): Promise<Result> {
  const search = new Minimization(method, factsOf(objective), start, limits);
  for (;;) {
    const request = search.ask();
    if (request === undefined) return search.result!;
    let answer: Answer;
    try {
      answer = await evaluateAsync(objective, request);
    } catch (error) {
      search.fail(error, request);
    }
    search.tell(answer);
  }
}

/** What the objective answers to a request; vectors are written into the request. */
export function evaluate(objective: Objective, request: Request): Answer {
  if (isOutside(objective, request)) return Number.POSITIVE_INFINITY;
  switch (request.kind) {
    case "value":
      return wholeValue(objective, request.at);
    case "values":
      return batchOf(objective, request.points) ?? request.points.map((at) => wholeValue(objective, at));
    case "smooth":
      return objective.value(request.at);
    case "gradient":
      return objective.gradient!(request.at, request.into);
    case "hessian":
      return objective.hessian!(request.at, request.into) as undefined;
    case "product":
      return objective.product!(request.at, request.direction, request.into) as undefined;
    case "residuals":
      objective.residuals!.evaluate(request.at, request.into, request.jacobian);
      return halfSquare(request.into);
    case "component":
      return objective.components!.gradient(request.indices, request.at, request.into);
  }
}

/** The same for an objective that answers later; points of a population without `values` one after the other. */
export async function evaluateAsync(objective: AsyncObjective, request: Request): Promise<Answer> {
  if (isOutside(objective, request)) return Number.POSITIVE_INFINITY;
  const { nonsmooth } = objective;
  switch (request.kind) {
    case "value":
      return (await objective.value(request.at)) + (nonsmooth?.value(request.at) ?? 0);
    case "values": {
      const { points } = request;
      if (objective.values !== undefined && nonsmooth === undefined) return objective.values(points);
      const values: number[] = [];
      for (const at of points) {
        values.push((await evaluateAsync(objective, { kind: "value", at })) as number);
      }
      return values;
    }
    case "residuals":
      await objective.residuals!.evaluate(request.at, request.into, request.jacobian);
      return halfSquare(request.into);
    default:
      return evaluate(objective as Objective, request); // hands on what the function returns, a promise or not
  }
}

/** Outside its domain f is not called. */
const isOutside = ({ inside }: AsyncObjective, request: Request) =>
  inside !== undefined && "at" in request && !inside(request.at);

/** Where g is ∞ f need not be defined. */
function wholeValue({ value, nonsmooth, inside }: Objective, at: Vector): number {
  if (inside?.(at) === false) return Number.POSITIVE_INFINITY;
  if (nonsmooth === undefined) return value(at);
  const g = nonsmooth.value(at);
  return g === Number.POSITIVE_INFINITY ? g : value(at) + g;
}

const batchOf = ({ values, nonsmooth }: Objective, points: readonly Vector[]) =>
  nonsmooth === undefined ? values?.(points) : undefined;

function halfSquare(residuals: Vector): number {
  let sum = 0;
  for (let i = 0; i < residuals.length; i++) sum += residuals[i]! * residuals[i]!;
  return sum / 2;
}
