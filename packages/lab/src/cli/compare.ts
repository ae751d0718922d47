/** `thalweg compare TASK`: tune each rule, run the winners on paired seeds, and say which differences are real. */
import { join } from "node:path";
import { type Dataset, DatasetUnavailable, loadDataset } from "@thalweg/data";
import { rules as catalogue, lookUp, parseSchedule } from "@thalweg/optim";
import type { Command } from "commander";
import { compare, Interrupted } from "../compare/compare.ts";
import { writeOutputs } from "../compare/outputs.ts";
import { defaultWorkers } from "../compare/pool.ts";
import { showProgress } from "../compare/progress.ts";
import { assess, renderTable } from "../report/index.ts";
import { type Task, tasks } from "../tasks/index.ts";
import { wholeNumber } from "./arguments.ts";
import { Failure, fromUser, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";

interface Options {
  rules: string[];
  budget: number;
  seeds: number;
  schedule: string;
  steps?: number;
  studySeed: number;
  out?: string;
  workers: number;
  serve?: boolean;
  port: number;
  json?: boolean;
}

const DEFAULT_RULES = ["sgd", "momentum", "adamw", "lion"];

export function define(command: Command, io: Io): void {
  command
    .description(
      "Compare update rules on a task: tuned with the same budget, run on the same seeds, with intervals.",
    )
    .argument("<task>", `one of ${Object.keys(tasks).join(", ")}`)
    .option("--rules <names>", "rules, the baseline first", (text) => text.split(","), DEFAULT_RULES)
    .option(
      "--budget <n>",
      "trials per rule in the search for its learning rate",
      wholeNumber("--budget", 1, 10_000),
      8,
    )
    .option("--seeds <n>", "paired seeds of the final runs", wholeNumber("--seeds", 1, 1_000), 3)
    .option("--schedule <spec>", "learning-rate schedule of every run", "warmup(5%) > cosine")
    .option("--steps <n>", "updates per run, instead of the task's", wholeNumber("--steps", 1))
    .option("--study-seed <n>", "places the points of the search", wholeNumber("--study-seed", 0), 0)
    .option("--out <folder>", "where runs and report go (default: runs/compare-<task>)")
    .option("--workers <n>", "runs at the same time", wholeNumber("--workers", 1, 256), defaultWorkers())
    .option("--serve", "show the report on 127.0.0.1 when it is done")
    .option("--port <n>", "port for --serve", wholeNumber("--port", 0, 65_535), 7878)
    .option("--json", "print the comparison as JSON instead of the table")
    .addHelpText(
      "after",
      `
Runs that are done lie in the folder and are found again: the same command continues after Ctrl-C or a crash.

Examples:
  $ thalweg compare mnist-mlp --rules sgd,momentum,adamw,lion --seeds 10
  $ thalweg compare digits-mlp --rules adam,adamw --budget 4 --out runs/small --json`,
    )
    .action((task: string, options: Options) => run(task, options, io));
}

async function run(name: string, options: Options, io: Io): Promise<void> {
  const asked = fromUser(() => lookUp("task", tasks, name));
  for (const rule of options.rules) fromUser(() => lookUp("rule", catalogue, rule));
  const twice = options.rules.find((rule, i) => options.rules.indexOf(rule) !== i);
  if (twice !== undefined)
    throw new UsageError(`Cannot compare ${twice} with itself: name each rule once in --rules`);
  fromUser(() => parseSchedule(options.schedule, options.steps ?? asked.steps));
  const { task, dataset } = await loadTask(asked, io);

  const folder = options.out ?? join("runs", `compare-${task.name}`);
  const { budget, seeds, workers } = options;
  io.stderr.write(
    `Comparing ${options.rules.join(", ")} on ${task.name}: ${budget} trials and ${seeds} seeds each, ${workers} at a time, into ${folder}\n`,
  );
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const progress = showProgress({
    rules: options.rules,
    budget,
    seeds,
    stream: io.stderr as NodeJS.WriteStream,
  });
  try {
    const measured = await compare({
      ...options,
      task,
      dataset,
      folder,
      command: commandLine(task.name, options),
      onProgress: (event) => progress.update(event),
      signal: interrupt.signal,
    });
    progress.stop();
    const comparison = assess(measured);
    const { report } = await writeOutputs(folder, comparison);
    if (options.json) printJson(io.stdout, comparison);
    else io.stdout.write(`\n${renderTable(comparison, { color: io.stdout.isTTY === true, columns: 120 })}\n`);
    io.stderr.write(`Report: ${report}\n`);
  } catch (error) {
    progress.stop();
    if (error instanceof Interrupted) {
      throw new Failure(
        `Interrupted: finished runs and checkpoints are kept in ${folder}. To go on, run the same command again.`,
      );
    }
    throw error;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
  if (options.serve) await show(folder, options.port, io);
}

/** The task with its data; where that cannot be had, the task's fallback, said aloud. */
async function loadTask(asked: Task, io: Io): Promise<{ task: Task; dataset: Dataset }> {
  try {
    return { task: asked, dataset: await loadDataset(asked.dataset, { shared: true }) };
  } catch (error) {
    if (!(error instanceof DatasetUnavailable) || asked.fallback === undefined) throw error;
    const task = tasks[asked.fallback]!;
    io.stderr.write(`${error.message}\nUsing ${task.name} instead: ${task.description}.\n`);
    return { task, dataset: await loadDataset(task.dataset, { shared: true }) };
  }
}

function commandLine(task: string, options: Options): string {
  const { rules, budget, seeds, schedule, steps, studySeed } = options;
  const words = [
    `thalweg compare ${task}`,
    `--rules ${rules.join(",")}`,
    `--budget ${budget}`,
    `--seeds ${seeds}`,
  ];
  words.push(`--schedule '${schedule}'`);
  if (steps !== undefined) words.push(`--steps ${steps}`);
  if (studySeed !== 0) words.push(`--study-seed ${studySeed}`);
  return words.join(" ");
}

/** Serve until Ctrl-C. */
async function show(folder: string, port: number, io: Io): Promise<void> {
  const { serveFolder } = await import("../server/serve.ts");
  const page = await serveFolder(folder, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") {
      throw new Failure(
        `Cannot show the report as port ${port} is taken: choose another with --port, or 0 for a free one`,
      );
    }
    throw error;
  });
  io.stderr.write(`The report is at ${page.url} (Ctrl-C ends)\n`);
  await new Promise((done) => {
    process.once("SIGINT", done);
    process.once("SIGTERM", done);
  });
  await page.close();
}
