/**
 * A schedule as data: plain JSON, evaluated at any step in constant time.
 *
 *   scheduleFactor({ kind: "sequence", parts: [
 *     { kind: "warmup", steps: 100 }, { kind: "cosine", steps: 900, floor: 0 } ] }, 550)   // 0.5
 *
 * `kinds` is the whole list of formulas; combinators.ts joins them into a tree. Nothing has a clock of its own that could be
 * wrong: a nested sequence is asked for step k and subtracts, so that resuming needs the step alone.
 */
import {
  type ClampCurve,
  combinators,
  type DuringCurve,
  type EpochsCurve,
  isCombination,
  type ProductCurve,
  partsOf,
  type RepeatCurve,
  type ScaleCurve,
  type SequenceCurve,
  type ShiftCurve,
  withParts,
} from "./combinators.ts";
import type { Kind, Parameter, Range } from "./kind.ts";
import { type ConstantCurve, constant } from "./kinds/constant.ts";
import { type CooldownCurve, cooldown } from "./kinds/cooldown.ts";
import { type CosineCurve, cosine } from "./kinds/cosine.ts";
import { type CosineRestartsCurve, cosineRestarts } from "./kinds/cosine-restarts.ts";
import { type CyclicCurve, type CyclicMomentumCurve, cyclic, cyclicMomentum } from "./kinds/cyclic.ts";
import { type DecreasingCurve, decreasing } from "./kinds/decreasing.ts";
import { type ExponentialCurve, exponential } from "./kinds/exponential.ts";
import { type InverseSqrtCurve, inverseSqrt } from "./kinds/inverse-sqrt.ts";
import { type InverseTimeCurve, inverseTime } from "./kinds/inverse-time.ts";
import { type LambdaCurve, lambdaKind } from "./kinds/lambda.ts";
import { type LinearCurve, linear } from "./kinds/linear.ts";
import { type MultiStepCurve, multistep, type PiecewiseCurve, piecewise } from "./kinds/multistep.ts";
import {
  type OneCycleCurve,
  type OneCycleMomentumCurve,
  onecycle,
  onecycleMomentum,
} from "./kinds/onecycle.ts";
import { type PlateauCurve, plateau } from "./kinds/plateau.ts";
import { type PolynomialCurve, polynomial } from "./kinds/polynomial.ts";
import { type RexCurve, rex } from "./kinds/rex.ts";
import { type StepCurve, step } from "./kinds/step.ts";
import { type WarmupCurve, warmup } from "./kinds/warmup.ts";
import { type WarmupCosineCurve, warmupCosine } from "./kinds/warmup-cosine.ts";
import { type TrapezoidCurve, trapezoid, type WsdCurve, wsd } from "./kinds/wsd.ts";

export type SimpleCurve =
  | ConstantCurve
  | LinearCurve
  | WarmupCurve
  | CosineCurve
  | CosineRestartsCurve
  | WarmupCosineCurve
  | OneCycleCurve
  | OneCycleMomentumCurve
  | CyclicCurve
  | CyclicMomentumCurve
  | StepCurve
  | MultiStepCurve
  | PiecewiseCurve
  | ExponentialCurve
  | PolynomialCurve
  | InverseTimeCurve
  | InverseSqrtCurve
  | DecreasingCurve
  | RexCurve
  | WsdCurve
  | TrapezoidCurve
  | CooldownCurve
  | PlateauCurve
  | LambdaCurve;

export type Combination =
  | SequenceCurve
  | ProductCurve
  | ScaleCurve
  | ClampCurve
  | ShiftCurve
  | RepeatCurve
  | DuringCurve
  | EpochsCurve;

export type Curve = SimpleCurve | Combination;

/** Every kind of simple curve, under the name that the schedule language uses. */
export const kinds: Readonly<Record<SimpleCurve["kind"], Kind<SimpleCurve>>> = {
  constant,
  linear,
  warmup,
  cosine,
  "cosine-restarts": cosineRestarts,
  "warmup-cosine": warmupCosine,
  onecycle,
  "onecycle-momentum": onecycleMomentum,
  cyclic,
  "cyclic-momentum": cyclicMomentum,
  step,
  multistep,
  piecewise,
  exponential,
  polynomial,
  "inverse-time": inverseTime,
  "inverse-sqrt": inverseSqrt,
  decreasing,
  rex,
  wsd,
  trapezoid,
  cooldown,
  plateau,
  lambda: lambdaKind,
};

export const kindNames = Object.keys(kinds) as readonly SimpleCurve["kind"][];

/** Whether there is a simple curve of this name; `toString` and its like are none. */
export function isKindName(name: string): name is SimpleCurve["kind"] {
  return Object.hasOwn(kinds, name);
}

/** The curve's length in steps. */
export function curveSteps(curve: Curve): number {
  if (!isCombination(curve)) return curve.steps;
  let steps = knownSteps.get(curve);
  if (steps === undefined) {
    steps = combinators[curve.kind].steps(curve, curveSteps);
    knownSteps.set(curve, steps);
  }
  return steps;
}

/** Curves are immutable, and a deep tree is asked for its lengths at every step on every level. */
const knownSteps = new WeakMap<Curve, number>();

/**
 * The dimensionless factor of a hyperparameter's base value for the update with this 0-based index.
 *
 * At and past the curve's end, step ≥ T, it holds the value that its formula has at T, unless it says to continue.
 *
 * @throws RangeError for a step that is negative or not a number
 */
export function scheduleFactor(curve: Curve, step: number): number {
  if (!(step >= 0)) {
    throw new RangeError(
      `Cannot evaluate a schedule as the step must be 0 or more: current value is ${step}`,
    );
  }
  return factorAt(curve, step);
}

function factorAt(curve: Curve, step: number): number {
  if (isCombination(curve)) return combinators[curve.kind].factor(curve, step, factorAt, curveSteps);
  const kind = kinds[curve.kind];
  if (step <= curve.steps || continues(kind, curve)) return kind.factor(curve, step);
  return kind.factor(curve, curve.steps);
}

const continues = (kind: Kind<SimpleCurve>, curve: SimpleCurve) =>
  kind.continues?.(curve) ?? curve.past === "continue";

/**
 * The curve after a metric was measured before the update with this 0-based index: the same one, unless a plateau
 * runs at that step. Nothing is mutated.
 */
export function observeMetric(curve: Curve, step: number, metric: number): Curve {
  if (!isCombination(curve)) {
    return kinds[curve.kind].observe?.(curve, Math.min(step, curve.steps), metric) ?? curve;
  }
  const { clock } = combinators[curve.kind];
  const before = partsOf(curve);
  const after = before.map((part, i) => {
    const k = clock(curve, i, step, curveSteps);
    return k === undefined ? part : observeMetric(part, k, metric);
  });
  return after.every((part, i) => part === before[i]) ? curve : withParts(curve, after);
}

/** The simple curves of a tree, in reading order. */
export function leaves(curve: Curve): readonly SimpleCurve[] {
  return isCombination(curve) ? partsOf(curve).flatMap(leaves) : [curve];
}

/** The same tree with each simple curve replaced. */
export function mapLeaves(curve: Curve, change: (leaf: SimpleCurve) => SimpleCurve): Curve {
  if (!isCombination(curve)) return change(curve);
  return withParts(
    curve,
    partsOf(curve).map((part) => mapLeaves(part, change)),
  );
}

/** What is wrong with one value of one parameter, or undefined; the words complete "it must be …". */
export function requirement(parameter: Parameter, value: unknown): string | undefined {
  const { takes } = parameter;
  if ("words" in takes) {
    return typeof value === "string" && takes.words.includes(value) ? undefined : takes.words.join(" or ");
  }
  if ("counts" in takes || "numbers" in takes) {
    const range = "counts" in takes ? takes.counts : takes.numbers;
    const good = Array.isArray(value) && value.length > 0 && value.every((one) => isIn(range, one));
    return good ? undefined : `a list such as [1, 2], each ${range.words}`;
  }
  const range = "count" in takes ? takes.count : takes.number;
  return isIn(range, value) ? undefined : range.words;
}

const isIn = (range: Range, value: unknown) => typeof value === "number" && range.contains(value);
