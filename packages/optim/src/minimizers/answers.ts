/** What requests are: how they count, which vectors they want written, and what is wrong with an answer. */
import type { Answer, Request, RequestKind } from "./method.ts";
import type { Vector } from "./objective.ts";
import type { Evaluations } from "./result.ts";

/** Which count a request adds to. */
export const COUNTED_AS = {
  value: "value",
  values: "value",
  smooth: "value",
  gradient: "gradient",
  hessian: "hessian",
  product: "product",
  residuals: "residuals",
  component: "component",
} as const satisfies Record<RequestKind, keyof Evaluations>;

/** Kinds whose answer is a value of the function. */
export const HAS_VALUE: ReadonlySet<RequestKind> = new Set([
  "value",
  "smooth",
  "gradient",
  "residuals",
  "component",
]);

/** Kinds that are asked at points that a method only tries: one that cannot be used there is a step too far. */
export const HAS_TRIALS: ReadonlySet<RequestKind> = new Set(["value", "smooth", "gradient", "residuals"]);

/** How many evaluations a request is. */
export function callsOf(request: Request): number {
  if (request.kind === "values") return request.points.length;
  return request.kind === "component" ? request.indices.length : 1;
}

/** Vectors that a request wants written, by what they are called. */
function written(request: Request): readonly (readonly [string, Vector])[] {
  switch (request.kind) {
    case "value":
    case "values":
    case "smooth":
      return [];
    case "residuals":
      return [
        ["residuals", request.into],
        ["jacobian", request.jacobian],
      ];
    default:
      return [[request.kind, request.into]];
  }
}

/** What a function leaves unwritten, because it has fewer dimensions by now, is found at an end. */
export function markUnwritten(request: Request): void {
  for (const [, vector] of written(request)) {
    vector[0] = Number.NaN;
    vector[vector.length - 1] = Number.NaN;
  }
}

/** "gradient[3] is NaN", or undefined where all is finite. */
export function firstNotFinite(request: Request, value: number): string | undefined {
  if (!Number.isFinite(value)) return `the value is ${value}`;
  for (const [name, vector] of written(request)) {
    let sum = 0;
    for (let i = 0; i < vector.length; i++) sum += vector[i]! * 0; // ∞·0 and NaN·0 are NaN
    if (sum === 0) continue;
    const at = vector.findIndex((x) => !Number.isFinite(x));
    return `${name}[${at}] is ${vector[at]}`;
  }
  return undefined;
}

/** Raises TypeError for what is no number. */
export function readNumber(answer: Answer, what: string): number {
  if (typeof answer === "number") return answer;
  const hint =
    typeof (answer as unknown as PromiseLike<number>)?.then === "function" ? "; use minimizeAsync()" : "";
  throw new TypeError(`${what} must be a number: it is ${answer}${hint}`);
}

/**
 * Second derivatives do not depend on their order: a matrix that differs from its transpose by more than rounding is not a
 * Hessian. The bound is √ε of its largest entry, what a Hessian by central differences may miss.
 */
export function checkSymmetry(hessian: Vector, n: number): void {
  let largest = 0;
  for (let i = 0; i < hessian.length; i++) largest = Math.max(largest, Math.abs(hessian[i]!));
  const bound = Math.sqrt(Number.EPSILON) * largest;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [lower, upper] = [hessian[i * n + j]!, hessian[j * n + i]!];
      if (!(Math.abs(lower - upper) > bound)) continue;
      throw new RangeError(
        `the Hessian must be symmetric: entry (${i}, ${j}) is ${lower} and entry (${j}, ${i}) is ${upper}`,
      );
    }
  }
}
