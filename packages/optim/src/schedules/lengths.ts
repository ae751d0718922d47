/**
 * How long a part of a schedule is by its own account, before any steps are given out.
 *
 * A part's own length is what it says, or what its parts say together; a part without one is open and takes the steps that
 * the others leave. In a product every factor has the same clock, so the longest says how long it is.
 */
import { closest } from "fastest-levenshtein";
import { combinators, isWrapperName, type WrapperName, wrappers } from "./combinators.ts";
import { isKindName, kindNames, kinds } from "./curve.ts";
import { ScheduleError } from "./schedule-error.ts";
import {
  isAmount,
  NO_EPOCHS,
  type Run,
  readValues,
  signature,
  toSteps,
  type Values,
  valueSettings,
} from "./settings.ts";
import type { CallSyntax, ScheduleSetting, ScheduleSyntax, ValueSetting } from "./syntax.ts";

/** A part's own length in steps, perhaps not whole; undefined where it is open. Refuses unknown names. */
export function ownLength(syntax: ScheduleSyntax, run: Run): number | undefined {
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

export function checkName({ name, column }: CallSyntax, { spec }: Run): void {
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

/** The run as seen from inside `epochs(…)`: a step is an epoch. */
export function inEpochs(
  { spec, totalSteps, stepsPerEpoch }: Run,
  { column }: CallSyntax,
  values: Values,
): Run {
  values.stepsPerEpoch ??= stepsPerEpoch;
  if (typeof values.stepsPerEpoch !== "number") throw new ScheduleError(spec, column, NO_EPOCHS);
  return { spec, totalSteps: Math.ceil(totalSteps / values.stepsPerEpoch), stepsPerEpoch: 1 };
}

interface Wrapped {
  readonly of: ScheduleSetting;
  readonly values: Values;
  readonly named: ReadonlyMap<string, ValueSetting>;
}

export function readWrapper(call: CallSyntax, name: WrapperName, steps: number, run: Run): Wrapped {
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
