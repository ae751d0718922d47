/**
 * The catalogue of schedules as plain data, for `thalweg schedules [NAME]` and for pages: the formulas, and the
 * ways to combine them.
 */
import { type Combinator, combinators } from "./combinators.ts";
import { kindNames, kinds } from "./curve.ts";
import type { Described, Parameter } from "./kind.ts";

export interface ScheduleParameter {
  readonly name: string;
  readonly meaning: string;
  /** What it may be, in words: "in [0, 1], where 1 is the peak". */
  readonly accepts: string;
  /** A value, or words for one that follows from the length; null when it must be given. */
  readonly default: number | string | null;
}

export interface ScheduleEntry {
  readonly summary: string;
  /** LaTeX; k is the step, counted from 0, and T the schedule's length in steps. */
  readonly formula: string;
  readonly parameters: readonly ScheduleParameter[];
  readonly source: string;
}

export interface CombinatorEntry extends ScheduleEntry {
  /** How it is written, `A > B`. */
  readonly usage: string;
}

/** By the name that the schedule language uses. */
export const schedules: Readonly<Record<string, ScheduleEntry>> = Object.fromEntries(
  kindNames.map((name) => [name, describeKind(kinds[name])]),
);

/** Ways to make a schedule of others, by the name of their kind. */
export const scheduleCombinators: Readonly<Record<string, CombinatorEntry>> = Object.fromEntries(
  Object.entries<Combinator>(combinators).map(([name, combinator]) => [
    name,
    { usage: combinator.usage, ...describeKind(combinator) },
  ]),
);

function describeKind({ summary, formula, parameters, source }: Described): ScheduleEntry {
  return { summary, formula, parameters: parameters.map(describe), source };
}

function describe(parameter: Parameter): ScheduleParameter {
  const { name, meaning, default: value } = parameter;
  const fallback = typeof value === "object" ? value.derived : (value ?? null);
  return { name, meaning, accepts: accepts(parameter), default: fallback };
}

function accepts({ takes }: Parameter): string {
  if ("words" in takes) return takes.words.join(" or ");
  if ("counts" in takes) return `a list, each ${takes.counts.words}`;
  if ("numbers" in takes) return `a list, each ${takes.numbers.words}`;
  return "count" in takes ? takes.count.words : takes.number.words;
}
