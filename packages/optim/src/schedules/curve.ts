/**
 * A schedule as data: plain JSON, evaluated at any step in constant time.
 *
 *   scheduleFactor({ kind: "sequence", parts: [
 *     { kind: "warmup", steps: 100 }, { kind: "cosine", steps: 900, floor: 0 } ] }, 550)   // 0.5
 *
 * `kinds` is the whole list; a sequence runs parts one after the other, each on a clock of its own that starts
 * at 0 (the closed form of torch's SequentialLR). Nothing here has state, so resuming needs the step alone.
 */
import type { Kind, Parameter } from "./kind.ts";
import { type ConstantCurve, constant } from "./kinds/constant.ts";
import { type CosineCurve, cosine } from "./kinds/cosine.ts";
import { type ExponentialCurve, exponential } from "./kinds/exponential.ts";
import { type InverseSqrtCurve, inverseSqrt } from "./kinds/inverse-sqrt.ts";
import { type LinearCurve, linear } from "./kinds/linear.ts";
import { type OneCycleCurve, onecycle } from "./kinds/onecycle.ts";
import { type PolynomialCurve, polynomial } from "./kinds/polynomial.ts";
import { type StepCurve, step } from "./kinds/step.ts";
import { type WarmupCurve, warmup } from "./kinds/warmup.ts";
import { type WsdCurve, wsd } from "./kinds/wsd.ts";

export type SimpleCurve =
  | ConstantCurve
  | LinearCurve
  | WarmupCurve
  | CosineCurve
  | OneCycleCurve
  | StepCurve
  | ExponentialCurve
  | PolynomialCurve
  | InverseSqrtCurve
  | WsdCurve;

/** Parts of 0 steps are allowed and skipped, so that a sweep may set a warm-up to nothing. */
export interface SequenceCurve {
  readonly kind: "sequence";
  readonly parts: readonly SimpleCurve[];
}

export type Curve = SimpleCurve | SequenceCurve;

/** Every kind of simple curve, under the name that the schedule language uses. */
export const kinds: Readonly<Record<SimpleCurve["kind"], Kind<SimpleCurve>>> = {
  constant,
  linear,
  warmup,
  cosine,
  onecycle,
  step,
  exponential,
  polynomial,
  "inverse-sqrt": inverseSqrt,
  wsd,
};

export const kindNames = Object.keys(kinds) as readonly SimpleCurve["kind"][];

/** Whether the language knows a schedule of this name; `toString` and its like are no schedules. */
export function isKindName(name: string): name is SimpleCurve["kind"] {
  return Object.hasOwn(kinds, name);
}

/** The curve's length in steps. */
export function curveSteps(curve: Curve): number {
  return curve.kind === "sequence" ? curve.parts.reduce((sum, part) => sum + part.steps, 0) : curve.steps;
}

/**
 * The dimensionless factor of a hyperparameter's peak value for the update with this 0-based index.
 *
 * At and past the curve's end, step ≥ T, it holds the value that its formula has at T.
 *
 * @throws RangeError for a step that is negative or not a number
 */
export function scheduleFactor(curve: Curve, step: number): number {
  if (!(step >= 0)) {
    throw new RangeError(
      `Cannot evaluate a schedule as the step must be 0 or more: current value is ${step}`,
    );
  }
  if (curve.kind !== "sequence") return kinds[curve.kind].factor(curve, Math.min(step, curve.steps));
  let k = step;
  let last: SimpleCurve | undefined;
  for (const part of curve.parts) {
    if (k < part.steps) return kinds[part.kind].factor(part, k);
    k -= part.steps;
    if (part.steps > 0) last = part;
  }
  if (last === undefined) throw new RangeError("Cannot evaluate a sequence as none of its parts has a step");
  return kinds[last.kind].factor(last, last.steps);
}

/** What is wrong with one value of one parameter, or undefined; the words complete "it must be …". */
export function requirement(parameter: Parameter, value: unknown): string | undefined {
  const { takes } = parameter;
  if ("words" in takes) {
    return typeof value === "string" && takes.words.includes(value) ? undefined : takes.words.join(" or ");
  }
  const range = "count" in takes ? takes.count : takes.number;
  return typeof value === "number" && range.contains(value) ? undefined : range.words;
}

/**
 * Check a curve that did not come from parseSchedule, such as one read from a run's config.json.
 *
 * @throws RangeError naming the curve, the parameter, what it must be and what it is
 */
export function checkCurve(curve: Curve): void {
  const parts = curve.kind === "sequence" ? curve.parts : [curve];
  for (const part of parts) checkPart(part);
  if (!(curveSteps(curve) >= 1)) {
    throw new RangeError(
      `Cannot build a schedule as it must have at least 1 step: it has ${curveSteps(curve)}`,
    );
  }
}

function checkPart(curve: SimpleCurve): void {
  const fail = (name: string, reason: string): never => {
    throw new RangeError(`Cannot build a ${name} schedule: ${reason}`);
  };
  if (!isKindName(curve.kind)) fail(String(curve.kind), `its kind must be one of ${kindNames.join(", ")}`);
  const { parameters, refuse } = kinds[curve.kind];
  if (!(Number.isSafeInteger(curve.steps) && curve.steps >= 0)) {
    fail(curve.kind, `steps must be a whole number, 0 or more: current value is ${curve.steps}`);
  }
  for (const parameter of parameters) {
    const value: unknown = (curve as unknown as Record<string, unknown>)[parameter.name];
    if (value === undefined && typeof parameter.default === "object") continue;
    const must = requirement(parameter, value);
    if (must !== undefined) fail(curve.kind, `${parameter.name} must be ${must}: current value is ${value}`);
  }
  const refusal = curve.steps > 0 ? refuse?.(curve) : undefined;
  if (refusal !== undefined) fail(curve.kind, refusal.reason);
}
