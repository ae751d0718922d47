/**
 * The settings of a call, `floor=0.01`, judged against the parameters of its kind or combinator and read as values.
 */
import { closest } from "fastest-levenshtein";
import { isWrapperName } from "./combinators.ts";
import { isKindName, kinds, requirement } from "./curve.ts";
import type { Parameter, Value } from "./kind.ts";
import { ScheduleError } from "./schedule-error.ts";
import type { AmountSyntax, CallSyntax, ValueSetting, ValueSyntax } from "./syntax.ts";

/** The run that a schedule is laid out for; inside `epochs(…)` its steps are epochs. */
export interface Run {
  readonly spec: string;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number | undefined;
}

export type Values = Record<string, Value | undefined>;

export function readValues(
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

export const valueSettings = (call: CallSyntax) => call.settings.filter((setting) => "value" in setting);

export const isAmount = (value: ValueSyntax): value is AmountSyntax =>
  value.type !== "word" && value.type !== "list";

/** `30` is 30 steps, `5%` that share of the run, `2 epochs` as many as those have. */
export function toSteps(
  { type, number, column }: AmountSyntax,
  { spec, totalSteps, stepsPerEpoch }: Run,
): number {
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

export const NO_EPOCHS =
  "epochs need to know how many steps they have: give the run's (--steps-per-epoch 390, { stepsPerEpoch: 390 }) or write epochs(…, stepsPerEpoch=390)";

function unknownSetting(name: string, parameters: readonly Parameter[], key: string): string {
  const names = parameters.map((parameter) => parameter.name);
  if (names.length === 0) return `${name} has no settings`;
  return `${name} has no setting "${key}". Did you mean "${closest(key, names)}"? It has ${names.join(", ")}`;
}

/** `floor=0, power=1`: the settings of a schedule, as an example of how to give them. */
export function signature(name: string): string {
  const parameters = isKindName(name) ? kinds[name].parameters : [];
  const shown = ({ default: value }: Parameter) => (typeof value === "object" ? "…" : (value ?? "…"));
  const required = parameters.filter((parameter) => typeof parameter.default !== "object");
  return (required.length > 0 ? required : parameters)
    .map((parameter) => `${parameter.name}=${shown(parameter)}`)
    .join(", ");
}
