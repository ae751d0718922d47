/**
 * From a schedule's syntax to its curve: the steps of the run given out to the parts, and what does not fit pointed at.
 */
import { refuseCombination } from "./check.ts";
import { isWrapperName, type WrapperName } from "./combinators.ts";
import { type Combination, type Curve, curveSteps, kinds, type SimpleCurve } from "./curve.ts";
import { checkName, inEpochs, ownLength, readWrapper } from "./lengths.ts";
import { ScheduleError } from "./schedule-error.ts";
import { type Run, readValues, type Values } from "./settings.ts";
import type { CallSyntax, ScheduleSyntax } from "./syntax.ts";

/** The curve of a whole run. Raises ScheduleError for a schedule that does not fit it. */
export function layOut(syntax: ScheduleSyntax, run: Run): Curve {
  const curve = place(syntax, run.totalSteps, run);
  if (curveSteps(curve) === 0) {
    throw new ScheduleError(run.spec, syntax.column, "a schedule must have at least 1 step: it has 0");
  }
  return curve;
}

/** The curve over its own length, or over all the steps at hand if it has none. */
function place(syntax: ScheduleSyntax, available: number, run: Run): Curve {
  const length = ownLength(syntax, run);
  if (length !== undefined && length > available + ROUNDING) {
    if (syntax.type === "sequence") {
      const lengths = syntax.parts.map((part) => ownLength(part, run));
      throw tooLong(run, syntax.parts[firstPast(lengths, available)]!, "its parts take", length, available);
    }
    throw tooLong(run, syntax, `${nameOf(syntax)} takes`, length, available);
  }
  return build(syntax, Math.round(length ?? available), run);
}

/** Ten parts of 10% may add up to a little more than the run. */
const ROUNDING = 1e-6;

function tooLong(
  { spec, totalSteps }: Run,
  at: ScheduleSyntax,
  what: string,
  length: number,
  available: number,
) {
  const room = available === totalSteps ? "the run has" : "there are only";
  const reason = `${room} ${available} steps, but ${what} ${Number(length.toFixed(3))}`;
  return new ScheduleError(spec, at.column, reason);
}

/** The index of the part in which the steps at hand end. */
function firstPast(lengths: readonly (number | undefined)[], available: number): number {
  let end = 0;
  return lengths.findIndex((length) => {
    end += length ?? 0;
    return end > available + ROUNDING;
  });
}

const nameOf = (syntax: ScheduleSyntax): string =>
  syntax.type === "call" ? syntax.name : `the ${syntax.type}`;

/** The curve over exactly this many steps. */
function build(syntax: ScheduleSyntax, steps: number, run: Run): Curve {
  switch (syntax.type) {
    case "factor": {
      const reason = `a number must multiply a schedule: write ${syntax.number} * cosine, or constant(factor=${syntax.number})`;
      throw new ScheduleError(run.spec, syntax.column, reason);
    }
    case "sequence":
      return { kind: "sequence", parts: buildParts(syntax.parts, steps, run).flatMap(spread) };
    case "product":
      return buildProduct(syntax.factors, steps, run);
    case "call":
      checkName(syntax, run);
      return isWrapperName(syntax.name)
        ? buildWrapper(syntax, syntax.name, steps, run)
        : buildCurve(syntax, syntax.name as SimpleCurve["kind"], steps, run);
  }
}

/** A sequence inside a sequence is one sequence: A > (B > C) is A > B > C, once the lengths are given out. */
const spread = (part: Curve): readonly Curve[] => (part.kind === "sequence" ? part.parts : [part]);

/** Shares need not be whole steps, so it is the parts' ends that are rounded: 50% and 50% of 3 steps are 2 and 1. */
function buildParts(parts: readonly ScheduleSyntax[], steps: number, run: Run): Curve[] {
  const lengths = parts.map((part) => ownLength(part, run));
  const open = parts.filter((_, i) => lengths[i] === undefined);
  if (open.length > 1) {
    const [names, first] = [open.map(nameOf).join(" and "), nameOf(open[0]!)];
    const reason = `only one part can take the steps that remain, but ${names} have no length: write ${first}(100) or ${first}(5%)`;
    throw new ScheduleError(run.spec, open[0]!.column, reason);
  }
  const given = lengths.reduce<number>((total, length) => total + (length ?? 0), 0);
  if (given > steps + 1) {
    // by one step the sequence may itself have been rounded down, as a part of another
    throw tooLong(run, parts[firstPast(lengths, steps)]!, "its parts take", given, steps);
  }
  let end = 0; // of the parts so far, not rounded
  return parts.map((part, i) => {
    const start = Math.round(end);
    end += lengths[i] ?? Math.max(0, steps - given);
    const own = Math.round(end) - start;
    if (own === 0 && lengths[i] === undefined) {
      const room = steps === run.totalSteps ? `the run has ${steps} steps` : `there are ${steps} steps`;
      throw new ScheduleError(run.spec, part.column, `${room} and none is left for ${nameOf(part)}`);
    }
    return build(part, own, run);
  });
}

function buildProduct(factors: readonly ScheduleSyntax[], steps: number, run: Run): Curve {
  let scale: number | undefined;
  const parts: Curve[] = [];
  for (const one of factors) {
    if (one.type === "factor") scale = (scale ?? 1) * checkScale(one.number, one.column, run);
    else parts.push(place(one, steps, run));
  }
  const [first] = parts;
  if (first === undefined) return build(factors[0]!, steps, run); // numbers alone, refused
  const product: Curve = parts.length === 1 ? first : { kind: "product", parts };
  return scale === undefined ? product : { kind: "scale", factor: scale, of: product };
}

function checkScale(number: number, column: number, { spec }: Run): number {
  if (number >= 0 && number < Infinity) return number;
  throw new ScheduleError(spec, column, `a factor must be finite and 0 or more: current value is ${number}`);
}

function buildWrapper(call: CallSyntax, name: WrapperName, steps: number, run: Run): Curve {
  const { of, values, named } = readWrapper(call, name, steps, run);
  const inner = name === "epochs" ? inEpochs(run, call, values) : run;
  const room = roomInside(name, steps, values, ownLength(of.schedule, inner));
  const part = place(of.schedule, room, inner);
  if (name === "repeat") values.times ??= Math.max(1, Math.ceil(steps / curveSteps(part)));
  // Every parameter of this combinator is there and in its range, which is what the union's member asks.
  const curve = { kind: name, ...values, of: part } as unknown as Combination;
  const refusal = refuseCombination(curve);
  if (refusal !== undefined) {
    const column = named.get(refusal.parameter)?.column ?? of.column;
    throw new ScheduleError(run.spec, column, refusal.reason);
  }
  return curve;
}

/** How many steps the schedule within may have, by its own clock. */
function roomInside(name: WrapperName, steps: number, values: Values, own: number | undefined): number {
  if (name === "epochs") return Math.ceil(steps / (values.stepsPerEpoch as number));
  if (name === "shift") return Math.max(0, steps - (values.by as number));
  if (name === "during") return Math.max(steps, Math.ceil(own ?? 0));
  if (name !== "repeat") return steps;
  if (values.times === undefined) return steps;
  return own === undefined ? Math.ceil(steps / (values.times as number)) : Math.round(own);
}

function buildCurve(call: CallSyntax, name: SimpleCurve["kind"], steps: number, run: Run): SimpleCurve {
  const { parameters, refuse } = kinds[name];
  const { values, named } = readValues(call, parameters, steps, run);
  // Every parameter of this kind is there and in its range, which is what the union's member asks.
  const curve = { kind: name, steps, ...values } as unknown as SimpleCurve;
  const refusal = steps > 0 ? refuse?.(curve) : undefined;
  if (refusal !== undefined) {
    throw new ScheduleError(run.spec, named.get(refusal.parameter)?.column ?? call.column, refusal.reason);
  }
  return curve;
}
