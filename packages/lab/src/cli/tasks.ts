/** `thalweg tasks [NAME]`: the built-in tasks, or all that is held fixed about one of them. */
import { lookUp } from "@thalweg/optim";
import type { Command } from "commander";
import { fingerprints } from "../tasks/fingerprints.ts";
import { benchmark, type Task, tasks } from "../tasks/index.ts";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson } from "./print.ts";

export function define(command: Command, io: Io): void {
  command
    .description("List the tasks, or show what is held fixed about one: data, model, protocol, metric.")
    .argument("[name]", "a task")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg tasks\n  $ thalweg tasks hmm-gru\n\nThe benchmark's tasks have a star; thalweg study run standard compares on all of them.",
    )
    .action((name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) {
        if (json) printJson(io.stdout, Object.values(tasks).map(facts));
        else io.stdout.write(list());
        return;
      }
      const task = fromUser(() => lookUp("task", tasks, name));
      if (json) printJson(io.stdout, facts(task));
      else io.stdout.write(columns(rows(task)));
    });
}

const isBenchmark = (task: Task): boolean => benchmark.includes(task);

const list = (): string =>
  columns([
    ["", "name", "metric", "what it is"],
    ...Object.values(tasks).map((task) => [
      isBenchmark(task) ? "*" : "",
      task.name,
      task.metric.measure,
      task.description,
    ]),
  ]);

/** All that can be said without the data. */
const facts = ({ model: _, ...task }: Task) => ({
  ...task,
  benchmark: Object.hasOwn(fingerprints, task.name),
  ...(Object.hasOwn(fingerprints, task.name) && { fingerprint: fingerprints[task.name] }),
});

function rows(task: Task): string[][] {
  const { name, metric, order = "reshuffled", validation } = task;
  const { measure, better, unit, floor, target } = metric;
  const known = [
    ...(floor === undefined ? [] : [`at best ${floor}`]),
    ...(target === undefined ? [] : [`target ${target}`]),
  ];
  return [
    ["task", `${name}: ${task.description}`],
    [
      "data",
      task.dataset + (task.fallback === undefined ? "" : `, or ${task.fallback} where it cannot be had`),
    ],
    ["held out", validation === 0 ? "the data's own validation split" : `${validation} training examples`],
    ["model", task.architecture],
    ["batches", `of ${task.batchSize}, ${order === "fixed" ? "in one order" : "shuffled anew each epoch"}`],
    ["steps", `${task.steps}, evaluated every ${task.evaluateEvery}`],
    ["metric", [`${measure} (${unit}), ${better} is better`, ...known].join(", ")],
    ...(Object.hasOwn(fingerprints, name) ? [["frozen", fingerprints[name]!]] : []),
  ];
}
