/**
 * From a schedule's syntax to its curve: names, values and lengths judged against the catalogue, and what is
 * refused pointed at.
 *
 * A part's own length is what it says, or what its parts say together; a part without one is open and takes the steps that
 * the others leave. In a product every factor has the same clock, so the longest says how long it is.
 */
import { closest } from "fastest-levenshtein";
import { refuseCombination } from "./check.ts";
import { combinators, isWrapperName, type WrapperName, wrappers } from "./combinators.ts";
import {
  type Combination,
  type Curve,
  curveSteps,
  isKindName,
  kindNames,
  kinds,
  requirement,
  type SimpleCurve,
} from "./curve.ts";
import type { Parameter, Value } from "./kind.ts";
import { ScheduleError } from "./schedule-error.ts";
import type {
  AmountSyntax,
  CallSyntax,
  ScheduleSetting,
  ScheduleSyntax,
  ValueSetting,
  ValueSyntax,
} from "./syntax.ts";

/** The run that a schedule is laid out for; inside `epochs(…)` its steps are epochs. */
export interface Run {
  readonly spec: string;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number | undefined;
}

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

/** A part's own length in steps, perhaps not whole; undefined where it is open. Refuses unknown names. */
function ownLength(syntax: ScheduleSyntax, run: Run): number | undefined {
  switch (syntax.type) {
    case "factor":
      return 0;
    case "sequence":
      return sum(syntax.parts.map((part) => ownLength(part, run)));
    case "product": {
      const lengths = syntax.factors
        .filter(({ type }) => type !== "factor")
        .map((one) => ownLength(one, run));
      return lengths.includes(undefined) ? undefined : Math.max(0, ...lengths.map((length) => length!));
    }
    case "call":
      checkName(syntax, run);
      return isWrapperName(syntax.name) ? wrapperLength(syntax, syntax.name, run) : givenLength(syntax, run);
  }
}

const sum = (lengths: readonly (number | undefined)[]): number | undefined =>
  lengths.includes(undefined) ? undefined : lengths.reduce<number>((total, length) => total + length!, 0);

function wrapperLength(call: CallSyntax, name: WrapperName, run: Run): number | undefined {
  const { of, values } = readWrapper(call, name, 0, run);
  const inner = name === "epochs" ? inEpochs(run, call, values) : run;
  const length = ownLength(of.schedule, inner);
  if (name === "during") return values.steps as number;
  if (length === undefined) return undefined;
  if (name === "shift") return Math.max(0, length + (values.by as number));
  if (name === "clamp") return length;
  if (name === "repeat" && values.times === undefined) return undefined;
  const unit = name === "repeat" ? Math.round(length) : (values.stepsPerEpoch as number);
  const times = name === "repeat" ? (values.times as number) : length;
  // the last repetition or epoch may be cut off by the end of the run
  return (times - 1) * unit < run.totalSteps ? Math.min(run.totalSteps, times * unit) : times * unit;
}

function checkName({ name, column }: CallSyntax, { spec }: Run): void {
  if (isWrapperName(name)) return;
  if (isKindName(name) && kinds[name].writable !== false) return;
  const names = [...kindNames.filter((one) => kinds[one].writable !== false), ...wrappers];
  const reason = isKindName(name)
    ? `${name} needs a function, which text cannot give: call ${name}() in code, or use one of ${names.join(", ")}`
    : `"${name}" is no schedule. Did you mean "${closest(name.toLowerCase(), names)}"? There are ${names.join(", ")}`;
  throw new ScheduleError(spec, column, reason);
}

function givenLength(call: CallSyntax, run: Run): number | undefined {
  const wrapped = call.settings.find((setting) => "schedule" in setting);
  if (wrapped !== undefined) {
    const reason = `${call.name} takes a length and settings by name, no schedule; those that do are ${wrappers.join(", ")}`;
    throw new ScheduleError(run.spec, wrapped.column, reason);
  }
  const lengths = valueSettings(call).filter(({ key }) => key === null || key === "steps");
  const [length, second] = lengths;
  if (second !== undefined) {
    const reason = `${call.name} has a length already: other values are given by name, ${call.name}(${length!.value.text}, ${signature(call.name)})`;
    throw new ScheduleError(run.spec, second.column, reason);
  }
  if (length === undefined) return undefined;
  const { value } = length;
  const steps = isAmount(value) ? toSteps(value, run) : Number.NaN;
  const whole = value.type !== "number" || Number.isSafeInteger(steps);
  if (!(whole && steps >= 0 && steps < Infinity)) {
    const reason = `the length of ${call.name} must be a whole number of steps, 0 or more, or a share such as 5%: current value is ${value.text}`;
    throw new ScheduleError(run.spec, value.column, reason);
  }
  return steps;
}

/** The curve over exactly this many steps. */
function build(syntax: ScheduleSyntax, steps: number, run: Run): Curve {
  switch (syntax.type) {
    case "factor": {
      const reason = `a number must multiply a schedule: write ${syntax.number} * cosine, or constant(factor=${syntax.number})`;
      throw new ScheduleError(run.spec, syntax.column, reason);
    }
    case "sequence":
      return { kind: "sequence", parts: buildParts(syntax.parts, steps, run) };
    case "product":
      return buildProduct(syntax.factors, steps, run);
    case "call":
      checkName(syntax, run);
      return isWrapperName(syntax.name)
        ? buildWrapper(syntax, syntax.name, steps, run)
        : buildCurve(syntax, syntax.name as SimpleCurve["kind"], steps, run);
  }
}

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

/** The run as seen from inside `epochs(…)`: a step is an epoch. */
function inEpochs({ spec, totalSteps, stepsPerEpoch }: Run, { column }: CallSyntax, values: Values): Run {
  values.stepsPerEpoch ??= stepsPerEpoch;
  if (typeof values.stepsPerEpoch !== "number") throw new ScheduleError(spec, column, NO_EPOCHS);
  return { spec, totalSteps: Math.ceil(totalSteps / values.stepsPerEpoch), stepsPerEpoch: 1 };
}

const NO_EPOCHS =
  "epochs need to know how many steps they have: give the run's (--steps-per-epoch 390, { stepsPerEpoch: 390 }) or write epochs(…, stepsPerEpoch=390)";

type Values = Record<string, Value | undefined>;

interface Wrapped {
  readonly of: ScheduleSetting;
  readonly values: Values;
  readonly named: ReadonlyMap<string, ValueSetting>;
}

function readWrapper(call: CallSyntax, name: WrapperName, steps: number, run: Run): Wrapped {
  const [of, second] = call.settings.filter((setting) => "schedule" in setting);
  if (of === undefined || second !== undefined) {
    const found = of === undefined ? "it has none" : "it has a second one";
    const reason = `${name} needs one schedule, ${combinators[name].usage}: ${found}`;
    throw new ScheduleError(run.spec, (second ?? call).column, reason);
  }
  const bare = valueSettings(call).find(({ key }) => key === null);
  if (bare !== undefined) {
    const reason = `${name} has no length of its own; its settings are given by name, ${combinators[name].usage}: current value is ${bare.value.text}`;
    throw new ScheduleError(run.spec, bare.column, reason);
  }
  return { of, ...readValues(call, combinators[name].parameters, steps, run) };
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

function readValues(
  call: CallSyntax,
  parameters: readonly Parameter[],
  steps: number,
  run: Run,
): { values: Values; named: ReadonlyMap<string, ValueSetting> } {
  const named = new Map<string, ValueSetting>();
  for (const setting of valueSettings(call)) {
    const { key, column } = setting;
    if (key === null || (key === "steps" && !isWrapperName(call.name))) continue;
    if (!parameters.some((parameter) => parameter.name === key)) {
      throw new ScheduleError(run.spec, column, unknownSetting(call.name, parameters, key));
    }
    if (named.has(key)) throw new ScheduleError(run.spec, column, `${key} of ${call.name} is given twice`);
    named.set(key, setting);
  }
  const values: Values = {};
  for (const parameter of parameters) {
    const value = readValue(call, parameter, named.get(parameter.name)?.value, steps, run);
    if (value !== undefined) values[parameter.name] = value;
  }
  return { values, named };
}

function readValue(
  call: CallSyntax,
  parameter: Parameter,
  given: ValueSyntax | undefined,
  steps: number,
  run: Run,
): Value | undefined {
  if (given === undefined) {
    const fallback = parameter.default;
    if (fallback === undefined) {
      const reason = `${call.name} needs ${parameter.name} (${parameter.meaning}): write ${call.name}(${parameter.name}=…)`;
      throw new ScheduleError(run.spec, call.column, reason);
    }
    return typeof fallback === "object" ? fallback.from(steps) : fallback;
  }
  const { takes } = parameter;
  const read = "count" in takes || "counts" in takes ? toCount : toNumber;
  const value =
    given.type === "word"
      ? given.word
      : given.type === "list"
        ? given.list.map((one) => read(one, run))
        : read(given, run);
  const must = requirement(parameter, value);
  if (must === undefined) return value;
  const reason = `${parameter.name} of ${call.name} must be ${must}: current value is ${given.text}`;
  throw new ScheduleError(run.spec, given.column, reason);
}

const valueSettings = (call: CallSyntax) => call.settings.filter((setting) => "value" in setting);

const isAmount = (value: ValueSyntax): value is AmountSyntax =>
  value.type !== "word" && value.type !== "list";

/** `30` is 30 steps, `5%` that share of the run, `2 epochs` as many as those have. */
function toSteps({ type, number, column }: AmountSyntax, { spec, totalSteps, stepsPerEpoch }: Run): number {
  if (type === "percent") return (number * totalSteps) / 100;
  if (type === "number") return number;
  if (stepsPerEpoch === undefined) throw new ScheduleError(spec, column, NO_EPOCHS);
  return number * stepsPerEpoch;
}

/** The same, with what is no plain number rounded to the nearest whole step. */
function toCount(value: AmountSyntax, run: Run): number {
  const steps = toSteps(value, run);
  return value.type === "number" ? steps : Math.round(steps);
}

/** A number where no steps are meant: 25% is 0.25, and epochs are as good as not a number. */
function toNumber({ type, number }: AmountSyntax): number {
  if (type === "epochs") return Number.NaN;
  return type === "percent" ? number / 100 : number;
}

function unknownSetting(name: string, parameters: readonly Parameter[], key: string): string {
  const names = parameters.map((parameter) => parameter.name);
  if (names.length === 0) return `${name} has no settings`;
  return `${name} has no setting "${key}". Did you mean "${closest(key, names)}"? It has ${names.join(", ")}`;
}

/** `floor=0, power=1`: the settings of a schedule, as an example of how to give them. */
function signature(name: string): string {
  const parameters = isKindName(name) ? kinds[name].parameters : [];
  const shown = ({ default: value }: Parameter) => (typeof value === "object" ? "…" : (value ?? "…"));
  const required = parameters.filter((parameter) => typeof parameter.default !== "object");
  return (required.length > 0 ? required : parameters)
    .map((parameter) => `${parameter.name}=${shown(parameter)}`)
    .join(", ");
}
