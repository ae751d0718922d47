/** A worker thread that evaluates tiles, one at a time, and answers with their sums. */
import { parentPort, workerData } from "node:worker_threads";
import { createEvaluator, taskOf } from "./evaluator.ts";
import type { Assignment, FromThread, ToThread } from "./threads.ts";

const port = parentPort!;
const assignment = workerData as Assignment;
const say = (message: FromThread) => port.postMessage(message);

/** A class does not survive the way between threads; its name does. */
const failed = (error: unknown): FromThread => {
  const { name, message } = error as Error;
  return { kind: "failed", name, message };
};

const { maker, dataset } = assignment;
const task = await taskOf(maker, dataset);
const evaluator = await createEvaluator(assignment, task).catch((error: unknown) => {
  say(failed(error));
  process.exit(); // the thread only
});

port.on("message", async (message: ToThread) => {
  if (message.kind === "end") {
    await evaluator.release();
    process.exit();
  }
  try {
    say({ kind: "sums", sums: await evaluator.evaluate(message.tile) });
  } catch (error) {
    say(failed(error));
  }
});
say({ kind: "ready", columns: evaluator.columns });
