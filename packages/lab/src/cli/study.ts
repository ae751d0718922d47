/** `thalweg study`: many comparisons at once, planned, done by any number of workers, and reported. Each subcommand has a file of its own. */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import * as claim from "./study-claim.ts";
import * as exporting from "./study-export.ts";
import * as importing from "./study-import.ts";
import * as report from "./study-report.ts";
import * as run from "./study-run.ts";
import * as status from "./study-status.ts";
import * as work from "./study-work.ts";

/** In the order of help. They load what they need when they are called. */
const SUBCOMMANDS: Readonly<Record<string, { define(command: Command, io: Io): void }>> = {
  run,
  status,
  work,
  report,
  claim,
  export: exporting,
  import: importing,
};

const EXAMPLES = `
Examples:
  $ thalweg study run quick
  $ thalweg study run study.yaml --out runs/study --workers 2
  $ thalweg study status runs/study
  $ thalweg study report runs/study
  $ thalweg study claim "adamw better than sgd on spiral-mlp" --study runs/study`;

export function define(command: Command, io: Io): void {
  command
    .description("Compare rules on many tasks: plan, run on any number of workers, and see what is known.")
    .addHelpText("after", EXAMPLES);
  for (const [name, file] of Object.entries(SUBCOMMANDS)) file.define(command.command(name), io);
}
