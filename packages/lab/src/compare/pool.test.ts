/** What the pool does when its threads fail. That its numbers do not depend on its size: compare.slow.test.ts. */

import { rules } from "@thalweg/optim";
import { expect, test } from "vitest";
import { tasks } from "../tasks/index.ts";
import { loadTask } from "../tasks/load.ts";
import { Pool } from "./pool.ts";
import { type TrialConfig, trialConfig } from "./trial.ts";

const digits = await loadTask(tasks["digits-mlp"]!, { say() {} });
const config: TrialConfig = trialConfig(digits.task, "any", {
  rule: rules.sgd!,
  schedule: "constant",
  steps: 5,
  seed: 7,
  test: false,
});

/** A pool whose threads run this program. */
const poolOf = (program: string, workers = 1) =>
  new Pool({
    task: "digits-mlp",
    dataset: digits.dataset,
    workers,
    entry: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
  });

const DEATHS: [how: string, program: string, says: string][] = [
  ["cannot start", `throw new Error("no such library")`, "no such library"],
  [
    "throws at work",
    `import { parentPort } from "node:worker_threads";
     parentPort.on("message", () => { throw new TypeError("x is not iterable"); });`,
    "x is not iterable",
  ],
  [
    "ends by itself",
    `import { parentPort } from "node:worker_threads";
     parentPort.on("message", () => process.exit(3));`,
    "the worker thread ended by itself, with code 3",
  ],
];

test.each(DEATHS)("run() rejects, with the run and the place, when a thread %s", async (_, program, says) => {
  const pool = poolOf(program, 2);
  const jobs = ["a", "b", "c", "d", "e"].map((folder) => pool.run(config, folder));
  const outcomes = await Promise.allSettled(jobs); // more jobs than threads: none may wait forever
  for (const [i, outcome] of outcomes.entries()) {
    const { reason } = outcome as PromiseRejectedResult;
    const run = `Cannot train sgd with seed 7 in ${"abcde"[i]} as its thread failed: ${says}`;
    expect(reason.message).toBe(run);
    expect(reason.stack).toContain(says);
  }
  expect(outcomes).toHaveLength(5);
  await pool.close();
});

test("run() rejects with the worker's own error, name and stack included", async () => {
  const pool = poolOf(`
    import { parentPort } from "node:worker_threads";
    const error = { name: "RunFolderError", message: "Cannot append", stack: "RunFolderError: Cannot append at trial.ts:1" };
    parentPort.on("message", () => parentPort.postMessage({ kind: "failed", error }));`);
  await expect(pool.run(config, "a")).rejects.toMatchObject({
    name: "RunFolderError",
    message: "Cannot append",
    stack: expect.stringContaining("trial.ts:1"),
  });
  await pool.close();
});

test("close() waits for runs at hand, starts no other, and run() then gives interrupted runs", async () => {
  const pool = poolOf(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ kind }) => {
      if (kind !== "stop") return;
      parentPort.postMessage({ kind: "done", result: { end: "interrupted", step: 4, seconds: 1, evaluations: [] } });
      process.exit();
    });`);
  const jobs = [pool.run(config, "at hand"), pool.run(config, "queued")];
  await pool.close();
  jobs.push(pool.run(config, "late"));
  const results = await Promise.all(jobs);
  expect(results.map(({ end, step }) => [end, step])).toEqual([
    ["interrupted", 4],
    ["interrupted", 0],
    ["interrupted", 0],
  ]);
  await pool.close();
});

test("run() trains a run once that is asked for twice at the same time", async () => {
  const pool = poolOf(
    `import { parentPort } from "node:worker_threads";
    let count = 0;
    parentPort.on("message", ({ folder }) => {
      const result = { end: "finished", step: ++count, seconds: 1, evaluations: [] };
      setTimeout(() => parentPort.postMessage({ kind: "done", result }), 20);
    });`,
    2,
  );
  const [first, second, other] = await Promise.all(["a", "a", "b"].map((folder) => pool.run(config, folder)));
  expect(second).toBe(first);
  expect(other).not.toBe(first);
  expect(await pool.run(config, "a")).not.toBe(first); // asked again afterwards: the worker finds it on disk
  await pool.close();
});
