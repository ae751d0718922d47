/**
 * A worker thread: takes one run at a time, trains it to its end, and answers. ONNX Runtime blocks this thread, not the
 * one that draws the progress.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Dataset } from "@thalweg/data";
import { type TaskFile, taskFromFile } from "../tasks/from-file.ts";
import { type Task, tasks } from "../tasks/index.ts";
import type { FromWorker, ToWorker } from "./pool.ts";
import { runTrial } from "./trial.ts";

const port = parentPort!;
const { task, dataset } = workerData as { task: string | TaskFile; dataset: Dataset };
/** Begun with the first run, so that what goes wrong is that run's answer. */
let known: Promise<Task> | undefined;
const find = async () => (typeof task === "string" ? tasks[task]! : taskFromFile(task, dataset));
const stop = new AbortController();
let atWork: Promise<void> = Promise.resolve();

port.on("message", async (message: ToWorker) => {
  if (message.kind === "run") {
    atWork = answer(message).then(say);
    return;
  }
  stop.abort();
  await atWork;
  process.exit(); // the thread only
});

async function answer({ config, folder }: Extract<ToWorker, { kind: "run" }>): Promise<FromWorker> {
  try {
    known ??= find();
    const result = await runTrial(config, {
      task: await known,
      dataset,
      folder,
      signal: stop.signal,
      onEvaluation: (evaluation) => say({ kind: "evaluation", evaluation }),
    });
    return { kind: "done", result };
  } catch (error) {
    const { name, message, stack } = error as Error; // a class does not survive the way between threads; its name does
    return { kind: "failed", error: { name, message, stack: stack ?? message } };
  }
}

function say(message: FromWorker): void {
  port.postMessage(message);
}
