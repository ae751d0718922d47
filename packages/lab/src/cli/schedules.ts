/** `thalweg schedules [NAME]`: the catalogue of schedules, or one of them in full. */
import { lookUp, type ScheduleEntry, type ScheduleParameter, schedules } from "@thalweg/optim";
import type { Command } from "commander";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

export function define(command: Command, io: Io): void {
  command
    .description(
      "List the schedules, or explain one. A schedule is a factor of the peak value at each step; parts are joined by >.",
    )
    .argument("[name]", "a schedule")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg schedules\n  $ thalweg schedules cosine\n\nTo see one drawn:  thalweg schedule 'warmup(5%) > cosine' --steps 1000 --plot schedule.svg",
    )
    .action((name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) {
        const entries = Object.entries(schedules).map(([own, entry]) => ({ name: own, ...entry }));
        if (json) printJson(io.stdout, entries);
        else
          io.stdout.write(
            columns([["name", "summary"], ...entries.map((one) => [signature(one.name, one), one.summary])]),
          );
        return;
      }
      const entry = fromUser(() => lookUp("schedule", schedules, name));
      if (json) printJson(io.stdout, { name, ...entry });
      else io.stdout.write(explanation(name, entry));
    });
}

const given = ({ name, default: value }: ScheduleParameter) =>
  value === null ? `${name}=…` : `${name}=${value}`;

/** `cosine(steps, floor=0)` */
const signature = (name: string, { parameters }: ScheduleEntry) =>
  `${name}(${["steps", ...parameters.map(given)].join(", ")})`;

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
    `\nFactor of the peak at step k of T, as LaTeX\n  ${formula}\n`,
    rows.length === 0 ? "" : `\nParameters\n${columns(rows)}`,
    `\nSource   ${source}\n`,
  ].join("");
}
