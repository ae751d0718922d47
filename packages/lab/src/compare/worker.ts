/**
 * A worker thread: takes one run at a time, trains it to its end, and answers. ONNX Runtime blocks this thread, not the
 * one that draws the progress.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Dataset } from "@thalweg/data";
import { tasks } from "../tasks/index.ts";
import type { FromWorker, ToWorker } from "./pool.ts";
import { runTrial } from "./trial.ts";

const port = parentPort!;
const { task, dataset } = workerData as { task: string; dataset: Dataset };
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
    const result = await runTrial(config, {
      task: tasks[task]!,
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
