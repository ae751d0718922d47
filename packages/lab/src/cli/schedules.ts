/** `thalweg schedules [NAME]`: the catalogue of schedules and of the ways to combine them, or one of them in full. */
import {
  type CombinatorEntry,
  lookUp,
  type ScheduleEntry,
  type ScheduleParameter,
  scheduleCombinators,
  schedules,
} from "@thalweg/optim";
import type { Command } from "commander";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

const HELP = `
Examples:
  $ thalweg schedules
  $ thalweg schedules cosine

Lengths are steps (100), shares of the run (5%) or epochs (3 epochs); a part without one takes what remains.
Several hyperparameters: 'lr=warmup(5%) > cosine; momentum=onecycle-momentum'.
To see one drawn:  thalweg schedule 'warmup(5%) > cosine' --steps 1000 --plot schedule.svg`;

export function define(command: Command, io: Io): void {
  command
    .description(
      "List the schedules, or explain one. A schedule is a factor of the base value at each step; parts are joined by >.",
    )
    .argument("[name]", "a schedule, or a way to combine them")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action((name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) {
        if (json) printJson(io.stdout, everything());
        else io.stdout.write(list());
        return;
      }
      const entry = fromUser(() => lookUp("schedule", { ...schedules, ...scheduleCombinators }, name));
      if (json) printJson(io.stdout, { name, ...entry });
      else io.stdout.write(explanation(name, entry));
    });
}

const everything = () =>
  Object.entries<ScheduleEntry>({ ...schedules, ...scheduleCombinators }).map(([name, entry]) => ({
    name,
    ...entry,
  }));

function list(): string {
  const kinds = Object.entries(schedules).map(([name, entry]) => [brief(name, entry), entry.summary]);
  const ways = Object.values(scheduleCombinators).map(({ usage, summary }) => [usage, summary]);
  return columns([["name", "summary"], ...kinds, ["", ""], ["combined", ""], ...ways]);
}

/** `step(steps, every=…)`: what must be given, then that there is more. */
function brief(name: string, { parameters }: ScheduleEntry): string {
  const required = parameters.filter((parameter) => parameter.default === null);
  const more = parameters.length > required.length ? ["…"] : [];
  return `${name}(${["steps", ...required.map(given), ...more].join(", ")})`;
}

const given = ({ name, default: value }: ScheduleParameter) =>
  value === null ? `${name}=…` : `${name}=${value}`;

/** `cosine(steps, floor=0)` */
const signature = (name: string, entry: ScheduleEntry | CombinatorEntry) =>
  "usage" in entry ? entry.usage : `${name}(${["steps", ...entry.parameters.map(given)].join(", ")})`;

function explanation(name: string, entry: ScheduleEntry): string {
  const { summary, formula, parameters, source } = entry;
  const rows = parameters.map(({ name: own, default: value, accepts, meaning }) => [
    `  ${own}`,
    value === null ? "must be given" : String(value),
    accepts,
    meaning,
  ]);
  return [
    `${signature(name, entry)}: ${summary}\n`,
    `\nFactor of the base value at step k of T, as LaTeX\n  ${formula}\n`,
    rows.length === 0 ? "" : `\nParameters\n${columns(rows)}`,
    `\nSource   ${source}\n`,
  ].join("");
}
