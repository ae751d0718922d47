/** `thalweg study status FOLDER`: how far a study is, from its files alone; and, where it is on SLURM, what its queue says. */
import type { Command } from "commander";
import type { StudyStatus } from "../study/status.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

export function define(command: Command, io: Io): void {
  command
    .description("Show how far a study is: what is done, what came of it, and how long the rest will take.")
    .argument("<folder>", "the study's folder")
    .option("--json", "print the status as JSON")
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const { studyStatus } = await import("../study/status.ts");
      const status = studyStatus(folder);
      const { queueIn, queueText } = await import("./study-queue.ts");
      const queue = await queueIn(folder);
      if (json) printJson(io.stdout, queue === undefined ? status : { ...status, queue });
      else io.stdout.write(`${statusText(status)}${queue === undefined ? "" : queueText(queue)}`);
    });
}

const ENDS = ["diverged", "pruned", "failed", "timed-out"] as const;

/** The status for people. */
export function statusText(status: StudyStatus): string {
  const { name, trials, done, running, secondsLeft, workers, settings } = status;
  const shown = ENDS.filter((end) => status.ends[end] > 0);
  const many = (of: (setting: StudyStatus["settings"][number]) => unknown) =>
    new Set(settings.map(of)).size > 1;
  const factors = [
    ["schedule", ({ schedule }) => schedule, many(({ schedule }) => schedule)],
    [
      "batch",
      ({ batchSize }) => String(batchSize),
      many(({ task, batchSize }) => `${task} ${batchSize}`) && hasSeveral(settings, "batchSize"),
    ],
    ["steps", ({ steps }) => String(steps), hasSeveral(settings, "steps")],
  ] as const satisfies readonly [string, (setting: StudyStatus["settings"][number]) => string, boolean][];
  const used = factors.filter(([, , isUsed]) => isUsed);
  const head = [
    "task",
    "rule",
    ...used.map(([title]) => title),
    "done",
    "of",
    "running",
    ...shown,
    "seconds",
  ];
  const rows = settings.map((setting) => [
    ...[setting.task, setting.rule, ...used.map(([, of]) => of(setting))],
    ...[String(setting.done), String(setting.trials), String(setting.running)],
    ...shown.map((end) => String(setting.ends[end])),
    setting.seconds.toFixed(1),
  ]);
  const first = 2 + used.length;
  const right = new Set(Array.from({ length: head.length - first }, (_, i) => first + i));
  const left =
    done === trials
      ? "finished"
      : secondsLeft === null
        ? "nobody is at work on it"
        : `about ${Math.ceil(secondsLeft)} s left`;
  const who = workers
    .map(({ host, pid, trial }) => `  trial ${trial} by process ${pid} on ${host}\n`)
    .join("");
  return `${columns([head, ...rows], right)}\n${name}: ${done} of ${trials} done, ${running} running, ${left}\n${who}`;
}

/** Whether one task has several values of a factor. */
const hasSeveral = (settings: StudyStatus["settings"], factor: "batchSize" | "steps"): boolean => {
  const tasks = new Map<string, Set<number>>();
  for (const setting of settings)
    tasks.set(setting.task, (tasks.get(setting.task) ?? new Set()).add(setting[factor]));
  return [...tasks.values()].some((values) => values.size > 1);
};
