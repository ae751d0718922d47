/** `thalweg study run FILE`: plan a study, or find its plan, and do what is left of it. */
import { join } from "node:path";
import type { Command } from "commander";
import type { LaunchEnd } from "../study/launch/local.ts";
import type { Plan } from "../study/plan-file.ts";
import type { PreparedStudy } from "../study/prepare.ts";
import type { StudyText } from "../study/spec-file.ts";
import { oneOf, wholeNumber } from "./arguments.ts";
import { Failure, fromUser, fromUserLater } from "./errors.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";
import { checkLauncher, defineSlurmOptions, type SlurmFlags } from "./study-slurm-options.ts";

interface Options extends SlurmFlags {
  on?: "local" | "slurm";
  out?: string;
  workers?: number;
  join?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

const EXAMPLES = `
A study is a YAML file: tasks, rules, schedules, how many trials and seeds; quick, standard, full and crowded-valley come with Thalweg. It is planned once, into
plan.jsonl of its folder; what is done lies there and is found again, so the same command continues after Ctrl-C or a crash, and more workers,
here or on other machines that see the folder, may help: thalweg study work FOLDER.

Examples:
  $ thalweg study run quick
  $ thalweg study run study.yaml --dry-run
  $ thalweg study run study.yaml --on slurm --partition main --time 120 --parallel 32
  $ thalweg study run study.yaml --out runs/mine --workers 2`;

export function define(command: Command, io: Io): void {
  command
    .description("Plan a study and run it, or the rest of it.")
    .argument("<study>", "a YAML file, or one of quick, standard, full, crowded-valley")
    .option("--out <folder>", "where everything goes (default: runs/study-<name>)")
    .option(
      "--workers <n>",
      "processes at the same time (default: as many as the machine has cores)",
      wholeNumber("--workers", 1, 1024),
    )
    .option(
      "--on <launcher>",
      "where the workers run: local, or slurm (default: local)",
      oneOf("--on", "local", "slurm"),
    )
    .option("--join", "help a launcher that is at work on the study already")
    .option("--dry-run", "show the plan and what it will cost, and write nothing")
    .option("--json", "print the status at the end, or the plan of --dry-run, as JSON")
    .addHelpText("after", EXAMPLES);
  defineSlurmOptions(command);
  command.action((study: string, options: Options) => run(study, options, io));
}

async function run(word: string, options: Options, io: Io): Promise<void> {
  checkLauncher(options);
  const { readStudySpec, studyText } = await import("../study/spec-file.ts");
  const text = fromUser(() => studyText(word));
  const request = fromUser(() => readStudySpec(text));
  const { defaultWorkers } = await import("../compare/pool.ts");
  const { prepareStudy } = await import("../study/prepare.ts");
  const { ranks = 1 } = request.spec;
  const workers = options.workers ?? Math.max(1, Math.floor(defaultWorkers() / ranks));
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const prepared = await fromUserLater(() => prepareStudy(request, { env: io.env, say, workers }));
  const folder = options.out ?? join("runs", `study-${request.spec.name}`);
  if (options.on === "slurm") return onSlurm(folder, text, prepared, commandLine(word, options), options, io);
  if (options.dryRun) return showPlan(prepared, workers, options, io);
  const plan = await planInto(folder, text, prepared, commandLine(word, options));
  const left = plan.trials.length - (await doneIn(folder));
  say(
    `Study ${plan.name}: ${plan.trials.length} trials and runs, ${left} of them to do, ${workers} at a time, into ${folder}`,
  );
  const end = await launch(folder, plan, workers, options, io);
  await finish(folder, end, options, io);
}

/** Queue the workers, or show what would be queued. */
async function onSlurm(
  folder: string,
  text: StudyText,
  prepared: PreparedStudy,
  command: string,
  options: Options,
  io: Io,
): Promise<void> {
  const { runOnSlurm } = await import("./study-slurm.ts");
  const { facts, trials } = prepared;
  const planned = { ...facts, trials } as Pick<Plan, "name" | "trials" | "spec">;
  const plan = options.dryRun ? planned : await planInto(folder, text, prepared, command);
  const answer = await runOnSlurm(plan, folder, options, io);
  if (options.json) printJson(io.stdout, answer);
  else if (options.dryRun) io.stdout.write(answer.script);
}

/** The folder's plan, if it is this one; else this one is written. */
async function planInto(
  folder: string,
  { text }: StudyText,
  prepared: PreparedStudy,
  command: string,
): Promise<Plan> {
  const { beginStudy } = await import("../study/begin.ts");
  return beginStudy(folder, text, prepared, command);
}

async function doneIn(folder: string): Promise<number> {
  const { Results } = await import("../study/results.ts");
  return new Results(folder).look().size;
}

async function launch(
  folder: string,
  plan: Plan,
  workers: number,
  options: Options,
  io: Io,
): Promise<LaunchEnd> {
  const { launchLocal } = await import("../study/launch/local.ts");
  const { showStudyProgress } = await import("../study/progress.ts");
  const progress = showStudyProgress({ trials: plan.trials, stream: io.stderr });
  try {
    return await interruptible(
      io,
      "Stopping after the steps at hand; Ctrl-C again ends at once.",
      (signal) => {
        signal.addEventListener("abort", () => progress.stop());
        return launchLocal({
          ...{ folder, workers, signal, onProgress: progress.update },
          ...(options.join && { join: true }),
          say: (line) => io.stderr.write(`${line}\n`),
        });
      },
    );
  } finally {
    progress.stop();
  }
}

async function finish(folder: string, end: LaunchEnd, { json }: Options, io: Io): Promise<void> {
  if (end === "interrupted") {
    throw new Failure(
      `Interrupted: finished runs and checkpoints are kept in ${folder}. To go on, run the same command again.`,
    );
  }
  const { studyStatus } = await import("../study/status.ts");
  const { statusText } = await import("./study-status.ts");
  const status = studyStatus(folder);
  if (json) printJson(io.stdout, status);
  else io.stdout.write(statusText(status));
}

async function showPlan(prepared: PreparedStudy, workers: number, { json }: Options, io: Io): Promise<void> {
  const { estimateCost } = await import("../study/estimate.ts");
  const { planHash } = await import("../study/plan-file.ts");
  const { duration } = await import("../study/progress.ts");
  const { facts, trials } = prepared;
  const cost = await estimateCost(prepared);
  const plan = {
    ...{ name: facts.name, hash: planHash(facts, trials), trials: trials.length, workers },
    tuning: trials.filter(({ phase }) => phase === "tuning").length,
    final: trials.filter(({ phase }) => phase === "final").length,
    ...cost,
    rules: facts.rules.map(({ name, space }) => ({ name, space })),
  };
  if (json) {
    printJson(io.stdout, plan);
    return;
  }
  const rows = [
    ["task", "trials and runs", "each", "together"],
    ...cost.tasks.map(({ task, trials: count, secondsPerTrial }) => [
      task,
      String(count),
      `${secondsPerTrial.toPrecision(2)} s`,
      duration(count * secondsPerTrial),
    ]),
  ];
  const spaces = facts.rules.map(({ name, space }) => [
    `  ${name}`,
    Object.entries(space)
      .map(
        ([hyper, dimension]) =>
          `${hyper} ${"low" in dimension ? `${dimension.low} to ${dimension.high}` : dimension.choices.join(", ")}`,
      )
      .join("; ") || "nothing",
  ]);
  io.stdout.write(
    `${columns(rows, new Set([1, 2, 3]))}\n${plan.tuning} trials, then ${plan.final} runs of winners: about ${duration(cost.seconds / workers)} on ${workers} workers of this machine\n\nSearched\n${columns(spaces)}`,
  );
}

function commandLine(word: string, { out, workers, on }: Options): string {
  const words = [
    `thalweg study run ${quoted(word)}`,
    ...(out === undefined ? [] : [`--out ${quoted(out)}`]),
    ...(workers === undefined ? [] : [`--workers ${workers}`]),
    ...(on === undefined ? [] : [`--on ${on}`]),
  ];
  return words.join(" ");
}

/** As a shell takes it for one word. */
const quoted = (text: string): string =>
  /^[\w.,/=-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
