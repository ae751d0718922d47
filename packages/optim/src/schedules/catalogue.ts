/**
 * The catalogue of schedules as plain data, for `thalweg schedules [NAME]` and for pages.
 */
import { kindNames, kinds } from "./curve.ts";
import type { Parameter } from "./kind.ts";

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

/** By the name that the schedule language uses. */
export const schedules: Readonly<Record<string, ScheduleEntry>> = Object.fromEntries(
  kindNames.map((name) => {
    const { summary, formula, parameters, source } = kinds[name];
    return [name, { summary, formula, parameters: parameters.map(describe), source }];
  }),
);

function describe(parameter: Parameter): ScheduleParameter {
  const { name, meaning, takes, default: value } = parameter;
  const accepts =
    "words" in takes ? takes.words.join(" or ") : "count" in takes ? takes.count.words : takes.number.words;
  return { name, meaning, accepts, default: typeof value === "object" ? value.derived : (value ?? null) };
}
