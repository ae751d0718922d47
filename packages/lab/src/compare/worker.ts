/**
 * A worker thread: takes one job at a time, trains it to its end, and answers. ONNX Runtime blocks this thread, not the one
 * that draws the progress.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Dataset } from "@thalweg/data";
import { tasks } from "../tasks/index.ts";
import type { FromWorker, ToWorker } from "./pool.ts";
import { runTrial } from "./trial.ts";

const port = parentPort!;
const { task, dataset } = workerData as { task: string; dataset: Dataset };
let running: AbortController | undefined;

port.on("message", async (message: ToWorker) => {
  if (message.kind === "abort") {
    running?.abort();
    return;
  }
  running = new AbortController();
  port.postMessage(await answer(message, running.signal));
});

async function answer(
  { config, folder }: Extract<ToWorker, { kind: "run" }>,
  signal: AbortSignal,
): Promise<FromWorker> {
  try {
    return { kind: "done", result: await runTrial(config, tasks[task]!, dataset, folder, signal) };
  } catch (error) {
    const { name, message, stack } = error as Error; // a class does not survive the way between threads; its name does
    return { kind: "failed", error: { name, message, stack: stack ?? message } };
  }
}
