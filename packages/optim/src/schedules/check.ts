/**
 * The checks that every curve must pass, wherever it comes from: text, code, or a run's config.json.
 */
import { combinators, isCombination, partsOf } from "./combinators.ts";
import {
  type Combination,
  type Curve,
  curveSteps,
  isKindName,
  kindNames,
  kinds,
  leaves,
  requirement,
  type SimpleCurve,
} from "./curve.ts";
import type { Parameter } from "./kind.ts";

/**
 * Check a curve that did not come from parseSchedule.
 *
 * @throws RangeError naming the curve, the parameter, what it must be and what it is
 */
export function checkCurve(curve: Curve): void {
  checkNode(curve);
  if (!(curveSteps(curve) >= 1)) {
    throw new RangeError(
      `Cannot build a schedule as it must have at least 1 step: it has ${curveSteps(curve)}`,
    );
  }
}

/** Why a combination cannot be, all its parts being well; undefined if it can. */
export function refuseCombination(curve: Combination) {
  if (curve.kind === "repeat" && leaves(curve).some(({ kind }) => kind === "plateau")) {
    return {
      parameter: "of",
      reason: "a plateau cannot be repeated as its state belongs to one stretch of the run: put it outside",
    };
  }
  if (curve.kind === "repeat" && !(curveSteps(curve.of) >= 1)) {
    return { parameter: "of", reason: "what is repeated must have at least 1 step: it has 0" };
  }
  return combinators[curve.kind].refuse?.(curve, curveSteps);
}

function checkNode(curve: Curve): void {
  if (!isCombination(curve)) {
    checkSimple(curve);
    return;
  }
  const parts: readonly unknown[] | undefined = partsOf(curve);
  if (
    !Array.isArray(parts) ||
    parts.length === 0 ||
    parts.some((part) => typeof part !== "object" || part === null)
  ) {
    fail(curve.kind, "it must have parts, each a curve");
  }
  for (const part of partsOf(curve)) checkNode(part);
  checkValues(curve, combinators[curve.kind].parameters);
  if (curve.kind === "repeat" && !(curve.times >= 1))
    fail("repeat", `times must be at least 1: current value is ${curve.times}`);
  if (curve.kind === "epochs" && !(curve.stepsPerEpoch >= 1)) {
    fail("epochs", `stepsPerEpoch must be at least 1: current value is ${curve.stepsPerEpoch}`);
  }
  const refusal = refuseCombination(curve);
  if (refusal !== undefined) fail(curve.kind, refusal.reason);
}

function checkSimple(curve: SimpleCurve): void {
  if (!isKindName(curve.kind)) {
    const known = [...kindNames, ...Object.keys(combinators)].join(", ");
    fail(String((curve as { kind: unknown }).kind), `its kind must be one of ${known}`);
  }
  const { parameters, refuse } = kinds[curve.kind];
  if (!(Number.isSafeInteger(curve.steps) && curve.steps >= 0)) {
    fail(curve.kind, `steps must be a whole number, 0 or more: current value is ${curve.steps}`);
  }
  checkValues(curve, parameters);
  const refusal = curve.steps > 0 ? refuse?.(curve) : undefined;
  if (refusal !== undefined) fail(curve.kind, refusal.reason);
}

function checkValues(curve: Curve, parameters: readonly Parameter[]): void {
  for (const parameter of parameters) {
    const value: unknown = (curve as unknown as Record<string, unknown>)[parameter.name];
    if (value === undefined && typeof parameter.default === "object") continue;
    const must = requirement(parameter, value);
    if (must !== undefined) fail(curve.kind, `${parameter.name} must be ${must}: current value is ${value}`);
  }
}

function fail(name: string, reason: string): never {
  throw new RangeError(`Cannot build a ${name} schedule: ${reason}`);
}
