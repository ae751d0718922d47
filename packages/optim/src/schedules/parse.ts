/**
 * The schedule language: text in, schedules for a run of known length out.
 *
 *   warmup(100) > cosine              100 steps of warm-up, a cosine over what remains
 *   cosine(9500, floor=1e-5)          a length, then settings by name
 *   warmup(5%) > constant > polynomial(20%)
 *                                     shares of the whole run; `3 epochs` is a length too
 *   0.5 * (rex * clamp(cosine, low=0.1))
 *                                     products, numbers that scale, parentheses
 *   epochs(multistep(milestones=[30, 60]))
 *                                     a schedule whose steps are epochs; see also repeat and shift
 *   lr=onecycle; momentum=onecycle-momentum
 *                                     one schedule per hyperparameter; without a name it is the learning rate's
 *
 * The same text is used on the command line, in JSON and in YAML. The grammar is schedule.peggy; lay-out.ts gives it meaning.
 */
import { type Expectation, SyntaxError as GrammarError, parse } from "./generated/schedule-parser.js";
import { layOut } from "./lay-out.ts";
import { bindCurve, type Schedule } from "./schedule.ts";
import { ScheduleError } from "./schedule-error.ts";
import type { Run } from "./settings.ts";
import type { ScheduleSyntax } from "./syntax.ts";

export interface ParseOptions {
  /** Updates in an epoch, for schedules that speak of epochs. */
  readonly stepsPerEpoch?: number | undefined;
}

/**
 * Read a schedule for a run of `totalSteps` updates.
 *
 * @throws ScheduleError for text that is no schedule, or that does not fit the run
 * @throws RangeError for a total that is no whole number of steps
 */
export function parseSchedule(spec: string, totalSteps: number, options: ParseOptions = {}): Schedule {
  const run = describeRun(spec, totalSteps, options);
  return bindCurve(layOut(readSyntax(spec), run), spec);
}

/**
 * A text of the schedule language taken apart, before anything is made of its names and numbers: for languages of the same form,
 * such as that of batch sizes. Raises ScheduleError for text that the grammar does not have.
 */
export const readSyntax = (spec: string): ScheduleSyntax =>
  read(spec, () => parse(spec, { startRule: "schedule" }));

/**
 * Read a schedule for each hyperparameter: `lr=warmup(100) > cosine; momentum=onecycle-momentum`, or a record of them as YAML
 * and JSON have it. A plain spec is for the learning rate. Raises as parseSchedule does.
 */
export function parseSchedules(
  specs: string | Readonly<Record<string, string>>,
  totalSteps: number,
  options: ParseOptions = {},
): Record<string, Schedule> {
  if (typeof specs !== "string") {
    const entries = Object.entries(specs);
    return Object.fromEntries(
      entries.map(([name, spec]) => [name, parseSchedule(spec, totalSteps, options)]),
    );
  }
  const run = describeRun(specs, totalSteps, options);
  const assignments = read(specs, () => parse(specs, { startRule: "schedules" }));
  const schedules = new Map<string, Schedule>();
  assignments.forEach(({ name, schedule, column }, i) => {
    const key = name ?? "lr";
    if (schedules.has(key)) throw new ScheduleError(specs, column, `${key} has a schedule already`);
    const end = assignments[i + 1]?.column;
    const own = specs
      .slice(schedule.column - 1, end === undefined ? undefined : end - 1)
      .replace(/[;\s]+$/, "");
    schedules.set(key, bindCurve(layOut(schedule, run), name === null ? specs : own));
  });
  return Object.fromEntries(schedules);
}

function describeRun(spec: string, totalSteps: number, { stepsPerEpoch }: ParseOptions): Run {
  if (!(Number.isSafeInteger(totalSteps) && totalSteps >= 1)) {
    throw new RangeError(
      `Cannot lay out a schedule as totalSteps must be a whole number, at least 1: current value is ${totalSteps}`,
    );
  }
  if (stepsPerEpoch !== undefined && !(stepsPerEpoch >= 1 && stepsPerEpoch < Infinity)) {
    throw new RangeError(
      `Cannot lay out a schedule as stepsPerEpoch must be finite and at least 1: current value is ${stepsPerEpoch}`,
    );
  }
  return { spec, totalSteps, stepsPerEpoch };
}

/** More parentheses within each other than anyone writes would exhaust the stack. */
const DEEPEST = 100;

function read<T>(spec: string, parsing: () => T): T {
  let depth = 0;
  for (let i = 0; i < spec.length; i++) {
    if (spec[i] === "(") depth++;
    if (spec[i] === ")") depth--;
    if (depth > DEEPEST) throw new ScheduleError(spec, i + 1, `more than ${DEEPEST} parentheses are open`);
  }
  try {
    return parsing();
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
  if (expectation.type === "class") return ['"="'];
  if (expectation.type === "end") return ["the end"];
  return expectation.type === "other" && expectation.description !== "white space"
    ? [expectation.description]
    : [];
}
