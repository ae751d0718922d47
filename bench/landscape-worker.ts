/** A worker thread for the ping of landscape.ts: evaluates a plane over and over, until it is told to end. */

import { parentPort } from "node:worker_threads";
import { chunkSizes, survey } from "@thalweg/landscape";
import { evaluatorOf, mlp, PLANE } from "./landscape-models.ts";

const chunks = chunkSizes(2_000, { first: 250, size: 1_000 });
const evaluator = await evaluatorOf(mlp(), PLANE, chunks);
parentPort!.postMessage("at work");
const stop = new AbortController();
parentPort!.once("message", () => stop.abort()); // ended from outside in the midst of a run, ONNX Runtime ends the process
while (!stop.signal.aborted) {
  await survey({ evaluators: [evaluator], form: { grid: PLANE, chunks }, signal: stop.signal });
}
