/** `thalweg compare TASK`: tune each rule, run the winners on paired seeds, and say which differences are real. */
import { join } from "node:path";
import { lookUp, parseSchedules } from "@thalweg/optim";
import type { Command } from "commander";
import { checkRules, compare, DEFAULTS, Interrupted } from "../compare/compare.ts";
import { checkComparable, checkTrainable, schedulesFor } from "../compare/learner.ts";
import { writeOutputs } from "../compare/outputs.ts";
import { defaultWorkers } from "../compare/pool.ts";
import { showProgress } from "../compare/progress.ts";
import { assess } from "../report/assess.ts";
import { renderTable } from "../report/terminal.ts";
import { readRuleSpec, splitRules } from "../rules/index.ts";
import { FIRST_TRIALS, type SamplerName, samplers } from "../samplers/index.ts";
import { wholeNumber } from "./arguments.ts";
import { Failure, fromUser } from "./errors.ts";
import { interrupted, interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";
import {
  askedTask,
  defineTaskOptions,
  givenTaskOptions,
  loadAsked,
  TASK_ARGUMENT,
  type TaskOptions,
} from "./task-options.ts";

interface Options extends TaskOptions {
  rules: string[];
  budget: number;
  seeds: number;
  schedule: string;
  steps?: number;
  studySeed: number;
  sampler: SamplerName;
  out?: string;
  workers: number;
  serve?: boolean;
  port: number;
  json?: boolean;
}

const DEFAULT_RULES = ["sgd", "momentum", "adamw", "lion"];
const EXAMPLES = `
A rule is a name of \`thalweg rules\`, with options in parentheses or without; a chain of them and of transforms, with > between;
or a YAML or JSON file with a formula of your own. Values in parentheses are fixed, the others of its space are tuned.
Runs that are done lie in the folder and are found again: the same command continues after Ctrl-C or a crash.

Examples:
  $ thalweg compare mnist-mlp --rules sgd,momentum,adamw,lion --seeds 10
  $ thalweg compare mnist-mlp --rules 'adamw, my-rule.yaml, muon(scale=none), clipByGlobalNorm(maxNorm=1) > adamw'
  $ thalweg compare model.onnx --data photos.npz --rules adamw,muon --freeze 'layer1.*'
  $ thalweg compare digits-mlp --rules adam,adamw --budget 4 --schedule constant --out runs/small --json`;

export function define(command: Command, io: Io): void {
  const { budget, seeds, schedule, studySeed } = DEFAULTS;
  command
    .description(
      "Compare update rules on a task: tuned with the same budget, run on the same seeds, with intervals.",
    )
    .argument("<task>", TASK_ARGUMENT)
    .option("--rules <names>", "rules, the baseline first", splitRules, DEFAULT_RULES)
    .option("--budget <n>", "trials per rule in the search", wholeNumber("--budget", 1, 10_000), budget)
    .option("--seeds <n>", "paired seeds of the final runs", wholeNumber("--seeds", 1, 1_000), seeds)
    .option(
      "--schedule <spec>",
      "of lr, or 'lr=…; momentum=…', for every run; see thalweg schedules",
      schedule,
    )
    .option("--steps <n>", "updates per run, instead of the task's", wholeNumber("--steps", 1))
    .option(
      "--sampler <name>",
      `how a rule's trials are chosen: ${Object.keys(samplers).join(", ")}; tpe and gp learn from the first ${FIRST_TRIALS}`,
      DEFAULTS.sampler,
    )
    .option("--study-seed <n>", "places the points of the search", wholeNumber("--study-seed", 0), studySeed)
    .option("--out <folder>", "where runs and report go (default: runs/compare-<task>)")
    .option("--workers <n>", "runs at the same time", wholeNumber("--workers", 1, 256), defaultWorkers())
    .option("--serve", "show the report on 127.0.0.1 when it is done")
    .option("--port <n>", "port for --serve", wholeNumber("--port", 0, 65_535), 7878)
    .option("--json", "print the comparison as JSON instead of the table")
    .addHelpText("after", EXAMPLES)
    .action((task: string, options: Options) => run(task, options, io));
  defineTaskOptions(command);
}

async function run(name: string, options: Options, io: Io): Promise<void> {
  const { budget, seeds, schedule, steps, workers } = options;
  const source = fromUser(() => askedTask(name, options));
  fromUser(() => lookUp("sampler", samplers, options.sampler));
  const read = fromUser(() => {
    const all = options.rules.map(readRuleSpec);
    checkRules(all);
    return all;
  });
  fromUser(() => {
    const length = steps ?? ("steps" in source ? source.steps : undefined);
    if (length === undefined) return;
    for (const { rule } of read) schedulesFor(rule, parseSchedules(schedule, length), length);
  });
  const { task, dataset } = await loadAsked(source, {
    env: io.env,
    say: (line) => io.stderr.write(`${line}\n`),
  });
  fromUser(() => {
    const length = steps ?? task.steps; // a fallback has another length
    for (const { rule } of read) {
      schedulesFor(rule, parseSchedules(schedule, length), length);
      checkTrainable(rule, task, dataset);
    }
    checkComparable(task, dataset);
  });
  const rules = read.map(({ rule }) => rule.name);

  const folder = options.out ?? join("runs", `compare-${task.name}`);
  io.stderr.write(
    `Comparing ${rules.join(", ")} on ${task.name}: ${budget} trials and ${seeds} seeds each, ${workers} at a time, into ${folder}\n`,
  );
  const progress = showProgress({ rules, budget, seeds, stream: io.stderr });
  await interruptible(io, "Stopping after the steps at hand; Ctrl-C again ends at once.", async (signal) => {
    signal.addEventListener("abort", () => progress.stop());
    try {
      const command = commandLine("path" in source ? name : task.name, options);
      const onProgress = progress.update;
      const measured = await compare({
        ...{ ...options, rules: read },
        ...{ task, dataset, folder, command, onProgress, signal },
      });
      progress.stop();
      const comparison = assess(measured);
      const { report } = await writeOutputs(folder, comparison);
      if (options.json) printJson(io.stdout, comparison);
      else
        io.stdout.write(`\n${renderTable(comparison, { color: io.stdout.isTTY === true, columns: 120 })}\n`);
      io.stderr.write(`Report: ${report}\n`);
    } catch (error) {
      progress.stop();
      if (!(error instanceof Interrupted)) throw error;
      throw new Failure(
        `Interrupted: finished runs and checkpoints are kept in ${folder}. To go on, run the same command again.`,
      );
    }
  });
  if (options.serve) await show(folder, options.port, io);
}

function commandLine(task: string, options: Options): string {
  const { rules, budget, seeds, schedule, steps, studySeed, sampler } = options;
  const words = [
    `thalweg compare ${quoted(task)}`,
    ...givenTaskOptions(options).map(([option, value]) => `${option} ${quoted(value)}`),
    `--rules ${quoted(rules.join(","))} --budget ${budget} --seeds ${seeds}`,
    `--schedule '${schedule}'`,
    ...(steps === undefined ? [] : [`--steps ${steps}`]),
    ...(sampler === DEFAULTS.sampler ? [] : [`--sampler ${sampler}`]),
    ...(studySeed === DEFAULTS.studySeed ? [] : [`--study-seed ${studySeed}`]),
  ];
  return words.join(" ");
}

/** As a shell takes it for one word. */
const quoted = (text: string): string =>
  /^[\w.,/=-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Serve until Ctrl-C. */
async function show(folder: string, port: number, io: Io): Promise<void> {
  const { serveFolder } = await import("../server/serve.ts");
  const page = await serveFolder(folder, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    throw new Failure(
      `Cannot show the report as port ${port} is taken: choose another with --port, or 0 for a free one`,
    );
  });
  io.stderr.write(`The report is at ${page.url} (Ctrl-C ends)\n`);
  await interruptible(io, "Bye.", interrupted);
  await page.close();
}
