/** `thalweg study import`: other people's results as a study, alone or beside one of ours. */
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { formats } from "../exchange/formats.ts";
import { oneOf } from "./arguments.ts";
import { fromUser, fromUserLater, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

interface Options {
  from: string;
  output: string;
  name?: string;
  beside?: string;
  task: Readonly<Record<string, string>>;
  json?: boolean;
}

const EXAMPLES = `
Formats:
${columns(Object.entries(formats).map(([name, { title }]) => ["", name, title])).trimEnd()}

The report, claims and queries work on the folder that comes of it. With --beside a study of ours their rules stand among ours: on a task that
--task names on both sides, if the losses before training agree; else on tasks of their own.

Examples:
  $ thalweg study import Crowded-Valley/results_main/oneshot --from deepobs -o runs/valley
  $ thalweg study report runs/valley
  $ thalweg study import valley --from deepobs -o runs/both --beside runs/study --task quadratic_deep=quad-deep`;

export function define(command: Command, io: Io): void {
  command
    .description("Read other people's results as a study.")
    .argument("<folder>", "where their files are")
    .requiredOption(
      "--from <format>",
      Object.keys(formats).join(", "),
      oneOf("--from", ...Object.keys(formats)),
    )
    .requiredOption("-o, --output <folder>", "the new study's folder")
    .option("--name <name>", "of the study; the folder's by default")
    .option("--beside <study>", "a study of ours to stand in")
    .option("--task <theirs=ours>", "a task of theirs that is one of ours; may be repeated", pair, {})
    .option("--json", "print what was read as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string, options: Options) => importRuns(folder, options, io));
}

async function importRuns(folder: string, options: Options, io: Io): Promise<void> {
  const { from, output, beside: ours, task, name = basename(resolve(folder)) } = options;
  if (Object.keys(task).length > 0 && ours === undefined) {
    throw new UsageError(
      "Cannot use --task without --beside: it says which task of ours a task of theirs is",
    );
  }
  const [{ studyOfRuns }, { writeImported }, { beside }, { readStudy }] = await Promise.all([
    import("../exchange/study-of-runs.ts"),
    import("../exchange/imported.ts"),
    import("../exchange/beside.ts"),
    import("../study/read-study.ts"),
  ]);
  const { runs, spaces } = await fromUserLater(() => formats[from]!.read(folder));
  const command = `thalweg study import ${folder} --from ${from}`;
  const theirs = fromUser(() =>
    studyOfRuns(runs, { name, source: from, command, ...(spaces && { spaces }) }),
  );
  const study = ours === undefined ? theirs : fromUser(() => beside(readStudy(ours), theirs, task, from));
  const path = writeImported(output, study);
  const told = {
    study: study.name,
    runs: runs.length,
    tasks: study.tasks.map((one) => one.name),
    rules: study.rules.map((one) => one.name),
    trials: study.trials.length,
    file: path,
  };
  if (options.json) printJson(io.stdout, told);
  else {
    io.stdout.write(
      `${runs.length} runs: ${told.rules.length} rules on ${told.tasks.length} tasks, in ${path}\n`,
    );
    io.stderr.write(`Next: thalweg study report ${output}\n`);
  }
}

function pair(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [theirs, ours, ...more] = text.split("=");
  if (theirs && ours && more.length === 0) return { ...before, [theirs]: ours };
  throw new UsageError(
    `Cannot use --task as it must be theirs=ours, for example quadratic_deep=quad-deep: current value is ${text}`,
  );
}
