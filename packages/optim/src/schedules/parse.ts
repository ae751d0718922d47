/**
 * The schedule language: text in, a schedule for a run of known length out.
 *
 *   warmup(100) > cosine              100 steps of warm-up, a cosine over what remains
 *   cosine(9500, floor=1e-5)          a length, then settings by name
 *   warmup(5%) > constant > polynomial(20%)
 *                                     shares of the whole run
 *
 * One part may leave its length out and takes the steps that the others leave. The grammar is schedule.peggy;
 * this file judges names, values and lengths against the catalogue, and points at what it refuses.
 */
import { closest } from "fastest-levenshtein";
import {
  type Curve,
  isKindName,
  kindNames,
  kinds,
  requirement,
  type SimpleCurve,
  scheduleFactor,
} from "./curve.ts";
import { type Expectation, SyntaxError as GrammarError, parse } from "./generated/schedule-parser.js";
import type { Parameter } from "./kind.ts";
import type { Schedule } from "./schedule.ts";
import { ScheduleError } from "./schedule-error.ts";
import type { PartSyntax, SettingSyntax, ValueSyntax } from "./syntax.ts";

/**
 * Read a schedule for a run of `totalSteps` updates.
 *
 * @throws ScheduleError for text that is no schedule, or that does not fit the run
 * @throws RangeError for a total that is no whole number of steps
 */
export function parseSchedule(spec: string, totalSteps: number): Schedule {
  if (!(Number.isSafeInteger(totalSteps) && totalSteps >= 1)) {
    throw new RangeError(
      `Cannot lay out a schedule as totalSteps must be a whole number, at least 1: current value is ${totalSteps}`,
    );
  }
  const parts = layOut(spec, readParts(spec), totalSteps);
  const curve: Curve = parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  return { spec, curve, at: (step) => scheduleFactor(curve, step) };
}

function readParts(spec: string): PartSyntax[] {
  try {
    return parse(spec);
  } catch (error) {
    if (!(error instanceof GrammarError) || error.expected === null) throw error;
    const found = error.found === null ? "the text ends" : `found "${error.found}"`;
    const accepted = [...new Set(error.expected.flatMap(nameExpectation))];
    const reason = `${found} where ${accepted.join(" or ")} is accepted`;
    throw new ScheduleError(spec, error.location.start.offset + 1, reason);
  }
}

function nameExpectation(expectation: Expectation): string[] {
  if (expectation.type === "literal") return [`"${expectation.text}"`];
  if (expectation.type === "end") return ["the end"];
  return expectation.type === "other" && expectation.description !== "white space"
    ? [expectation.description]
    : [];
}

/**
 * Give every part its length and its values.
 *
 * Shares need not be whole steps, so it is the parts' ends that are rounded: 50% and 50% of 3 steps are 2 and 1.
 */
function layOut(spec: string, parts: readonly PartSyntax[], totalSteps: number): SimpleCurve[] {
  const lengths = parts.map((part) => readLength(spec, part, totalSteps));
  const open = parts.filter((_, i) => lengths[i] === undefined);
  if (open.length > 1) {
    const names = open.map(({ name }) => name).join(" and ");
    const reason = `only one part can take the steps that remain, but ${names} have no length: write ${open[0]!.name}(100) or ${open[0]!.name}(5%)`;
    throw new ScheduleError(spec, open[0]!.column, reason);
  }
  const given = lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0);
  if (given > totalSteps + ROUNDING) {
    const takes = parts.length === 1 ? `${parts[0]!.name} takes` : "its parts take";
    const reason = `the run has ${totalSteps} steps, but ${takes} ${Number(given.toFixed(3))}`;
    throw new ScheduleError(spec, parts[firstPast(lengths, totalSteps)]!.column, reason);
  }
  let end = 0; // of the parts so far, not rounded
  const curves = parts.map((part, i) => {
    const start = Math.round(end);
    end += lengths[i] ?? totalSteps - given;
    const steps = Math.round(end) - start;
    if (steps === 0 && lengths[i] === undefined) {
      const reason = `the run has ${totalSteps} steps and none is left for ${part.name}`;
      throw new ScheduleError(spec, part.column, reason);
    }
    return buildCurve(spec, part, steps, totalSteps);
  });
  if (Math.round(end) === 0) {
    throw new ScheduleError(spec, parts[0]!.column, "a schedule must have at least 1 step: it has 0");
  }
  return curves;
}

/** Ten parts of 10% may add up to a little more than the run. */
const ROUNDING = 1e-6;

/** The index of the part in which the run ends. */
function firstPast(lengths: readonly (number | undefined)[], totalSteps: number): number {
  let end = 0;
  return lengths.findIndex((length) => {
    end += length ?? 0;
    return end > totalSteps + ROUNDING;
  });
}

/** The part's own length in steps, perhaps not whole; undefined where it is left out. Refuses unknown names. */
function readLength(spec: string, part: PartSyntax, totalSteps: number): number | undefined {
  if (!isKindName(part.name)) {
    const reason = `"${part.name}" is no schedule. Did you mean "${closest(part.name.toLowerCase(), kindNames)}"? There are ${kindNames.join(", ")}`;
    throw new ScheduleError(spec, part.column, reason);
  }
  const lengths = part.settings.filter(({ key }) => key === null || key === "steps");
  const [length, second] = lengths;
  if (second !== undefined) {
    const reason = `${part.name} has a length already: other values are given by name, ${part.name}(${length!.value.text}, ${signature(part.name)})`;
    throw new ScheduleError(spec, second.column, reason);
  }
  if (length === undefined) return undefined;
  const steps = toSteps(length.value, totalSteps);
  const whole = length.value.type === "percent" || Number.isSafeInteger(steps);
  if (!(whole && typeof steps === "number" && steps >= 0 && steps < Infinity)) {
    const reason = `the length of ${part.name} must be a whole number of steps, 0 or more, or a share such as 5%: current value is ${length.value.text}`;
    throw new ScheduleError(spec, length.value.column, reason);
  }
  return steps;
}

function buildCurve(spec: string, part: PartSyntax, steps: number, totalSteps: number): SimpleCurve {
  const name = part.name as SimpleCurve["kind"];
  const { parameters, refuse } = kinds[name];
  const named = new Map<string, SettingSyntax>();
  for (const setting of part.settings) {
    if (setting.key === null || setting.key === "steps") continue;
    const { key, column } = setting;
    if (!parameters.some((parameter) => parameter.name === key)) {
      throw new ScheduleError(spec, column, unknownSetting(name, key));
    }
    if (named.has(key)) throw new ScheduleError(spec, column, `${key} of ${name} is given twice`);
    named.set(key, setting);
  }
  const values: Record<string, number | string> = {};
  for (const parameter of parameters) {
    const value = readValue(spec, part, parameter, named.get(parameter.name)?.value, steps, totalSteps);
    if (value !== undefined) values[parameter.name] = value;
  }
  // Every parameter of this kind is there and in its range, which is what the union's member asks.
  const curve = { kind: name, steps, ...values } as SimpleCurve;
  const refusal = steps > 0 ? refuse?.(curve) : undefined;
  if (refusal !== undefined) {
    throw new ScheduleError(spec, named.get(refusal.parameter)?.column ?? part.column, refusal.reason);
  }
  return curve;
}

function readValue(
  spec: string,
  part: PartSyntax,
  parameter: Parameter,
  given: ValueSyntax | undefined,
  steps: number,
  totalSteps: number,
): number | string | undefined {
  if (given === undefined) {
    const fallback = parameter.default;
    if (fallback === undefined) {
      const reason = `${part.name} needs ${parameter.name} (${parameter.meaning}): write ${part.name}(${parameter.name}=…)`;
      throw new ScheduleError(spec, part.column, reason);
    }
    return typeof fallback === "object" ? fallback.from(steps) : fallback;
  }
  const value = "count" in parameter.takes ? toCount(given, totalSteps) : toNumber(given);
  const must = requirement(parameter, value);
  if (must === undefined) return value;
  const reason = `${parameter.name} of ${part.name} must be ${must}: current value is ${given.text}`;
  throw new ScheduleError(spec, given.column, reason);
}

/** `30` is 30 steps, `5%` that share of the run; a word stays what it is. */
function toSteps(value: ValueSyntax, totalSteps: number): number | string {
  if (value.type === "word") return value.word;
  return value.type === "percent" ? (value.number * totalSteps) / 100 : value.number;
}

/** The same, with a share rounded to the nearest whole step. */
function toCount(value: ValueSyntax, totalSteps: number): number | string {
  const steps = toSteps(value, totalSteps);
  return value.type === "percent" && typeof steps === "number" ? Math.round(steps) : steps;
}

function toNumber(value: ValueSyntax): number | string {
  if (value.type === "word") return value.word;
  return value.type === "percent" ? value.number / 100 : value.number;
}

function unknownSetting(name: SimpleCurve["kind"], key: string): string {
  const names = kinds[name].parameters.map((parameter) => parameter.name);
  return `${name} has no setting "${key}". Did you mean "${closest(key, names)}"? It has ${names.join(", ")}`;
}

/** `floor=0, power=1`: the settings of a schedule, as an example of how to give them. */
function signature(name: string): string {
  const parameters = isKindName(name) ? kinds[name].parameters : [];
  const shown = ({ default: value }: Parameter) => (typeof value === "object" ? "…" : (value ?? "…"));
  return parameters.map((parameter) => `${parameter.name}=${shown(parameter)}`).join(", ");
}
