/** `thalweg schedule SPEC --steps N`: the value at each step, for eyes, for a plot, or for another program. */
import { parseSchedule } from "@thalweg/optim";
import type { Command } from "commander";
import { finiteNumber, required, wholeNumber } from "./arguments.ts";
import { fromUser } from "./errors.ts";
import { writeText } from "./files.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

interface Options {
  steps?: number;
  base: number;
  plot?: string;
  json?: boolean;
}

const MOST_STEPS = 10_000_000;

export function define(command: Command, io: Io): void {
  command
    .description("Print a schedule: one number per step, the factor times --base.")
    .argument("<spec>", "such as 'warmup(100) > cosine'; see thalweg schedules")
    .option("--steps <n>", "length of the run", wholeNumber("--steps", 1, MOST_STEPS))
    .option("--base <value>", "peak value that the factor multiplies", finiteNumber("--base"), 1)
    .option("--plot <file>", "draw it as SVG")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg schedule 'warmup(100) > cosine(floor=0.01)' --steps 1000 --base 3e-4\n  $ thalweg schedule onecycle --steps 500 --plot onecycle.svg",
    )
    .action(async (spec: string, { steps: length, base, plot, json = false }: Options) => {
      const steps = required("--steps", length, ["the length of the run, such as 1000"]);
      const schedule = fromUser(() => parseSchedule(spec, steps));
      const values = Array.from({ length: steps }, (_, k) => base * schedule.at(k));
      try {
        if (plot !== undefined) {
          const { scheduleFigure } = await import("../figures/schedule-figure.ts");
          await writeText(plot, scheduleFigure({ spec, base, values }), io);
        }
      } finally {
        // a picture that cannot be written does not cost the result
        if (json) printJson(io.stdout, { spec, steps, base, curve: schedule.curve, values });
        else io.stdout.write(values.map((value) => `${value}\n`).join(""));
      }
    });
}
