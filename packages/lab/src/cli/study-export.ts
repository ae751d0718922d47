/** `thalweg study export`: a study's runs, or any runs below a folder, in the formats of other programs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { formats } from "../exchange/formats.ts";
import { oneOf } from "./arguments.ts";
import { Failure, fromUser, fromUserLater } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

interface Options {
  to: string;
  output: string;
  json?: boolean;
}

const EXAMPLES = `
Formats:
${columns(Object.entries(formats).map(([name, { title }]) => ["", name, title])).trimEnd()}

Examples:
  $ thalweg study export runs/study --to tfevents -o events && tensorboard --logdir events
  $ thalweg study export runs/study --to optuna -o optuna
  $ thalweg study export runs --to csv -o tables              # any runs below a folder`;

export function define(command: Command, io: Io): void {
  command
    .description("Write the runs of a study, or any runs below a folder, for other programs.")
    .argument("<folder>", "a study, or a folder with runs")
    .requiredOption("--to <format>", Object.keys(formats).join(", "), oneOf("--to", ...Object.keys(formats)))
    .requiredOption("-o, --output <folder>", "where to")
    .option("--json", "print the files' names as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, options: Options) => exportRuns(folder, options, io));
}

async function exportRuns(folder: string, { to, output, json }: Options, io: Io): Promise<void> {
  const [{ recordedRuns }, { readStudy }] = await Promise.all([
    import("../exchange/recorded-run.ts"),
    import("../study/read-study.ts"),
  ]);
  const runs = fromUser(() => recordedRuns(folder));
  const rules = existsSync(join(folder, "plan.jsonl")) ? readStudy(folder).rules : [];
  const spaces = Object.fromEntries(rules.map(({ name, space }) => [name, space]));
  const files = await fromUserLater(() => formats[to]!.write(runs, output, spaces));
  if (files.length === 0)
    throw new Failure(`Cannot export ${folder} as none of its ${runs.length} runs has ended`);
  if (json) printJson(io.stdout, { format: to, runs: runs.length, files });
  else
    io.stdout.write(
      `${runs.length} runs, ${files.length} ${files.length === 1 ? "file" : "files"} in ${output}\n`,
    );
}
