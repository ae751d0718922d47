/** `mpirun … thalweg train`: what a person sees, exit codes, signals, and what is refused before the first step. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import {
  mpich,
  openMpi,
  runRanks,
  startJob,
  startRanks,
  titled,
} from "../../../../scripts/testing/mpirun.ts";
import { until } from "../compare/testing.ts";

const BIN = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "thalweg-mpirun-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const TRAIN = [BIN, "train", "digits-mlp", "--rule", "adamw"];
const launcher = openMpi.missing === undefined ? openMpi : mpich;
const skipped = test.skipIf(launcher.missing);
const name = (title: string) => titled(title, launcher);

/** Sends a process a signal as soon as it listens to it, long before training begins. */
const EARLY = `data:text/javascript,${encodeURIComponent(`
  import { isMainThread } from "node:worker_threads";
  const { EARLY_SIGNAL: signal } = process.env;
  const look = isMainThread && setInterval(() => {
    if (process.listenerCount(signal) === 0) return;
    clearInterval(look);
    process.kill(process.pid, signal);
  }, 1);`)}`;

/** How often a text occurs. */
const count = (text: string, part: string) => text.split(part).length - 1;

describe("thalweg train on two ranks", () => {
  skipped(name("writes one run and says everything once"), async () => {
    const folder = join(root, "once");
    const { code, out, err } = await runRanks(launcher, 2, [...TRAIN, "--steps", "40", "--out", folder]);
    expect(code).toBe(0);
    expect(err).toMatch(
      new RegExp(
        `^Training digits-mlp by adamw, 40 steps on 2 ranks \\(${launcher.name}, [\\d.]+\\), into`,
        "m",
      ),
    );
    expect(count(err, "Training digits-mlp")).toBe(1);
    expect(count(out, "Test accuracy")).toBe(1);
    const { config, lines, end } = readRun(folder)!;
    expect(config).toMatchObject({ batchSize: 32, ranks: 2 });
    expect(lines.map(({ step }) => step)).toEqual([0, 40]);
    expect(end).toMatchObject({ end: "finished", step: 40 });
    const files = readdirSync(folder).filter((file) => !file.startsWith("events.")); // TensorBoard's
    expect(files.sort()).toEqual(["checkpoint.safetensors", "config.json", "run.jsonl"]);
  });

  skipped(
    name("stops together at SIGUSR1, exits with 75, and is resumed with its state divided"),
    async () => {
      const folder = join(root, "requeued");
      const job = startRanks(launcher, 2, [...TRAIN, "--steps", "3000", "--zero", "1", "--out", folder]);
      await until(() => (readRun(folder)?.lines.at(-1)?.step ?? 0) >= 100, "a hundred steps");
      job.kill("SIGUSR1"); // mpirun passes it on to every rank
      const { code, err } = await job.ended;
      expect(code).toBe(75);
      expect(count(err, `thalweg train --resume ${folder}`)).toBe(1);
      expect(readRun(folder)!.end).toBeUndefined();
      expect(existsSync(join(folder, "checkpoint.safetensors"))).toBe(true);

      const alone = await runRanks(launcher, 1, [BIN, "train", "--resume", folder]);
      expect(alone.code).toBe(2);
      expect(alone.err).toContain(
        `Cannot resume ${folder} on 1 rank as a run must go on as it began, on 2: start with mpirun -n 2`,
      );
      const resumed = await runRanks(launcher, 2, [BIN, "train", "--resume", folder]);
      expect(resumed.code).toBe(0);
      expect(readRun(folder)!.end).toMatchObject({ end: "finished", step: 3000 });
    },
  );

  skipped(name("hears SIGUSR1 and SIGTERM that come before the first step, and exits with 75"), async () => {
    for (const signal of ["SIGUSR1", "SIGTERM"] as const) {
      const folder = join(root, `early-${signal}`);
      const early = { NODE_OPTIONS: `--import=${EARLY}`, EARLY_SIGNAL: signal };
      const words = [...TRAIN, "--steps", "200", "--out", folder];
      const { code, err } = await runRanks(launcher, 2, words, early);
      expect({ signal, code, err: code === 75 ? "" : err }).toEqual({ signal, code: 75, err: "" });
      expect(readRun(folder)!.lines.map(({ step }) => step)).toEqual([0]); // not one update
      const resumed = await runRanks(launcher, 2, [BIN, "train", "--resume", folder]);
      expect(resumed.code).toBe(0);
      expect(readRun(folder)!.end).toMatchObject({ end: "finished", step: 200 });
    }
  });

  skipped(name("scales the learning rate with the batch, and synchronises batch statistics"), async () => {
    const folder = join(root, "scaled");
    const scaled = ["--local-batch", "32", "--scale-rate", "linear", "--set", "lr=0.01"];
    const words = [...scaled, "--batch-norm", "synchronised", "--steps", "2", "--out", folder];
    const { code } = await runRanks(launcher, 2, [...TRAIN, ...words]);
    expect(code).toBe(0);
    const { config } = readRun(folder)!;
    expect(config).toMatchObject({ batchSize: 64, hyper: { lr: 0.02 }, synchronised: true }); // the task's batch is 32
  });
});

test("thalweg train hears SIGUSR1 before there is a run, and writes nothing", async () => {
  const folder = join(root, "early-alone");
  const early = { NODE_OPTIONS: `--import=${EARLY}`, EARLY_SIGNAL: "SIGUSR1" };
  const { code, err } = await startJob(process.execPath, [...TRAIN, "--out", folder], early).ended;
  expect(code).toBe(1);
  expect(err).toContain("Interrupted before the first step: nothing was written.");
  expect(existsSync(folder)).toBe(false);
});

describe("thalweg train refuses on every rank, once,", () => {
  skipped(name("a batch that the ranks do not divide"), async () => {
    const folder = join(root, "three");
    const { code, err } = await runRanks(launcher, 3, [...TRAIN, "--out", folder]);
    expect(code).toBe(2);
    expect(count(err, "Cannot divide batches of 32 into 3 parts")).toBe(1);
    expect(existsSync(folder)).toBe(false);
  });

  skipped(name("a rule whose state cannot be divided"), async () => {
    const chain = [BIN, "train", "digits-mlp", "--rule", "clipByGlobalNorm(maxNorm=1) > adamw"];
    const { code, err } = await runRanks(launcher, 2, [
      ...chain,
      "--zero",
      "1",
      "--out",
      join(root, "clipped"),
    ]);
    expect(code).toBe(2);
    expect(count(err, "as a part of it must not depend on all parameters, as by a global norm")).toBe(1);
  });

  skipped(name("ranks that were asked for different runs"), async () => {
    const folder = join(root, "different");
    const one = ["-n", "1", process.execPath, ...TRAIN, "--out", folder];
    const { code, err } = await startJob(launcher.command, [...one, ":", ...one, "--seed", "2"]).ended;
    expect(code).toBe(2);
    expect(count(err, "Cannot train on 2 ranks as all must have the same to do as rank 0")).toBe(1);
    expect(err).toContain("rank 1 on");
    expect(existsSync(folder)).toBe(false);
  });

  skipped(name("a folder that the ranks do not share"), async () => {
    const one = ["-n", "1", process.execPath, ...TRAIN, "--out"];
    const folders = [join(root, "mine"), join(root, "yours")] as const;
    const { code, err } = await startJob(launcher.command, [...one, folders[0], ":", ...one, folders[1]])
      .ended;
    expect(code).toBe(2);
    expect(count(err, "as it must be a folder that all of them share")).toBe(1);
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
  });

  skipped(name("what only one rank cannot do, by its number, and ends the others"), async () => {
    const one = ["-n", "1", process.execPath, ...TRAIN, "--out", join(root, "wrong")];
    const { code, err } = await startJob(launcher.command, [...one, ":", ...one, "--steps", "none"]).ended;
    expect(code).toBe(2);
    expect(count(err, "Rank 1 of 2: Cannot")).toBe(1);
  });

  test.skipIf(openMpi.missing ?? mpich.missing)(
    titled(titled("a library that does not belong to the launcher", openMpi), mpich),
    async () => {
      const words = [...TRAIN, "--out", join(root, "mismatch")];
      const { code, err } = await runRanks(openMpi, 2, words, { MPI_LIB: "libmpich.so.12" });
      expect(code).toBe(1);
      expect(count(err, "launcher and MPI library must belong together")).toBe(1);
      expect(err).toContain("mpirun of Open MPI started 2 ranks, but libmpich.so.12 (MPICH) sees 1");
    },
  );

  test("a launcher without an MPI library, and says what to install", async () => {
    const env = { SLURM_STEP_NUM_TASKS: "2", SLURM_PROCID: "0", MPI_LIB: "libnone.so" };
    const { code, err } = await startJob(process.execPath, [...TRAIN, "--out", join(root, "none")], env)
      .ended;
    expect(code).toBe(1);
    expect(count(err, "Cannot train on several ranks as it needs an MPI library")).toBe(1);
    expect(err).toContain("apt-get install openmpi-bin");
    expect(readdirSync(root)).not.toContain("none");
  });

  test("--zero without ranks", async () => {
    const { code, err } = await startJob(process.execPath, [...TRAIN, "--zero", "1"]).ended;
    expect([code, err]).toEqual([
      2,
      "Cannot train with --zero 1 as it divides the optimizer's state among ranks, and there is one: start with mpirun -n 2 thalweg train …, or leave it out\n",
    ]);
  });
});
