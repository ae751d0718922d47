/** What needs no SLURM: the script, and reading of what SLURM says. What needs it is tested on one: see cli/study.slurm.test.ts. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readDuration, secondsLeft, slurmJob } from "./slurm-job.ts";
import { readQueue } from "./slurm-queue.ts";
import { type SlurmRequest, slurmScript } from "./slurm-script.ts";

const REQUEST: SlurmRequest = {
  name: "quick",
  folder: "/home/ada/runs/quick",
  program: ["/usr/bin/node", "/opt/thalweg/bin/thalweg.mjs"],
  chunks: 12,
  minutes: 60,
  ranks: 1,
  options: [],
};

test("slurmScript() writes an array of workers that are warned, and queued again", () => {
  expect(
    slurmScript({ ...REQUEST, parallel: 4, partition: "main", options: ["--account=vision"] }),
  ).toBe(`#!/bin/bash
# The study quick: 12 workers. Submitted again, it goes on where it was.
#SBATCH --job-name=thalweg-quick
#SBATCH --array=0-11%4
#SBATCH --output="/home/ada/runs/quick/slurm/%A_%a.log"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --time=60
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --partition=main
#SBATCH --account=vision

exec /usr/bin/node /opt/thalweg/bin/thalweg.mjs study work /home/ada/runs/quick --chunk "$SLURM_ARRAY_TASK_ID/12"
`);
});

test("slurmScript() warns half way through a time that is too short for the usual warning", () => {
  expect(slurmScript({ ...REQUEST, minutes: 1 })).toContain("#SBATCH --signal=B:USR1@30\n");
});

test("slurmScript() hands any path to the shell as it is", () => {
  const folder = "/tmp/it's $HOME; 100 %/*";
  const [, command] = slurmScript({ ...REQUEST, folder }).split("\nexec ") as [string, string];
  const { stdout } = spawnSync("bash", ["-c", `printf '%s\\n' ${command}`], {
    env: { SLURM_ARRAY_TASK_ID: "3" },
    encoding: "utf8",
  });
  expect(stdout.split("\n")).toEqual([...REQUEST.program, "study", "work", folder, "--chunk", "3/12", ""]);
});

test("slurmScript() refuses a path that SLURM cannot be told", () => {
  expect(() => slurmScript({ ...REQUEST, folder: '/tmp/a"b' })).toThrow(
    'Cannot submit the study in "/tmp/a\\"b" as a path for SLURM must have no quotes',
  );
});

test("readQueue() reads what SLURM 22.05 says, without what has ended", () => {
  const recorded = readFileSync(
    new URL("../../../fixtures/slurm/squeue-22.05.json", import.meta.url),
    "utf8",
  );
  expect(readQueue(recorded, [1])).toEqual([
    { array: 1, tasks: "1", state: "RUNNING", reason: "", nodes: "node1", restarts: 0 },
    { array: 1, tasks: "2", state: "RUNNING", reason: "", nodes: "node1", restarts: 0 },
    { array: 1, tasks: "3-5%2", state: "PENDING", reason: "JobArrayTaskLimit", nodes: "", restarts: 0 },
  ]);
  expect(readQueue(recorded, [7])).toEqual([]);
});

test("readQueue() reads lists of states and numbers that may be unset, as later versions write them", () => {
  const n = (number: number, set = true) => ({ set, infinite: false, number });
  const later = (job_state: string[], more: object) => ({
    job_id: 9,
    array_job_id: n(9),
    job_state,
    ...more,
  });
  const jobs = [
    later(["RUNNING"], {
      array_task_id: n(2),
      array_task_string: "",
      nodes: "a1",
      restart_cnt: 3,
      state_reason: "None",
    }),
    later(["PENDING"], { array_task_id: n(0, false), array_task_string: "3-4", state_reason: "Priority" }),
    later(["COMPLETED"], { array_task_id: n(0) }),
  ];
  expect(readQueue(JSON.stringify({ jobs }), [9])).toEqual([
    { array: 9, tasks: "2", state: "RUNNING", reason: "", nodes: "a1", restarts: 3 },
    { array: 9, tasks: "3-4", state: "PENDING", reason: "Priority", nodes: "", restarts: 0 },
  ]);
});

test("readQueue() refuses an answer of another form", () => {
  expect(() => readQueue("slurm_load_jobs error", [1])).toThrow("Cannot read what squeue --json says");
  expect(() => readQueue('{"jobs":[{"job_id":"one"}]}', [1])).toThrow("Cannot read what squeue --json says");
});

test("readDuration() reads the forms of squeue's time left", () => {
  const forms = { "59": 59, "4:30": 270, "2:00:00": 7200, "1-02:00:00": 93_600 };
  for (const [text, seconds] of Object.entries(forms)) expect(readDuration(text)).toBe(seconds);
  for (const text of ["UNLIMITED", "NOT_SET", ""]) expect(readDuration(text)).toBe(Number.POSITIVE_INFINITY);
});

test("secondsLeft() takes the job's end from SLURM's variable where it is set", async () => {
  const job = { id: "12", name: "12", restarts: 0 };
  const end = Date.now() / 1e3 + 500;
  const left = await secondsLeft(job, { SLURM_JOB_END_TIME: String(end) });
  expect(left).toBeGreaterThan(400);
  expect(left).toBeLessThanOrEqual(500);
});

test("slurmJob() knows the batch script of a job from its steps, and from everything else", () => {
  expect(slurmJob({ SLURM_JOB_ID: "12" })).toEqual({ id: "12", name: "12", restarts: 0 });
  expect(slurmJob({ SLURM_JOB_ID: "12", SLURM_RESTART_COUNT: "2" })).toEqual({
    ...{ id: "12", name: "12", restarts: 2 },
  });
  const last = { SLURM_JOB_ID: "12", SLURM_ARRAY_JOB_ID: "12", SLURM_ARRAY_TASK_ID: "7" };
  expect(slurmJob(last)).toEqual({ id: "12", name: "12_7", restarts: 0 });
  expect(slurmJob({ SLURM_JOB_ID: "12", SLURM_STEP_ID: "0" })).toBeUndefined();
  expect(slurmJob({})).toBeUndefined();
});
