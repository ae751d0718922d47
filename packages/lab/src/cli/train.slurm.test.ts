/** `thalweg train` on several ranks in a job of SLURM's: by mpirun, by srun, and stopped by a scheduler's warning. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun } from "@thalweg/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Launcher, mpich, openMpi } from "../../../../scripts/testing/mpirun.ts";
import { LocalSlurm, onSlurm, pmixMissing, slurmMissing } from "../../../../scripts/testing/slurm.ts";

const BIN = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "thalweg-srun-"));
const TRAIN = ["train", "digits-mlp", "--rule", "adamw", "--steps"];
let slurm: LocalSlurm;

beforeAll(async () => {
  if (slurmMissing === undefined) slurm = await LocalSlurm.start();
});
afterAll(async () => {
  await slurm?.stop();
  rmSync(root, { recursive: true, force: true });
});

const whyNot = ({ missing }: Launcher, plugin?: string) => slurmMissing ?? missing ?? plugin;

/** Queue a batch script of two tasks; what it writes goes to a file of its name. */
function submit(name: string, lines: readonly string[], options: readonly string[] = ["--nodes=1"]) {
  const script = join(root, `${name}.sbatch`);
  writeFileSync(script, ["#!/bin/bash", ...lines, ""].join("\n"));
  const log = join(root, `${name}.log`);
  const words = [
    "--parsable",
    "--requeue",
    "--ntasks=2",
    "--open-mode=append",
    `--output=${log}`,
    ...options,
  ];
  const id = Number(slurm.run("sbatch", [...words, script]));
  return {
    id,
    log: () => readFileSync(log, "utf8"),
    state: () => slurm.jobs().find((job) => job.id === id)?.state,
    ended: async () => {
      const last = () => slurm.jobs().find((job) => job.id === id)?.state ?? "";
      await slurm.until(
        () => /COMPLETED|FAILED|CANCELLED|NODE_FAIL|TIMEOUT/.test(last()),
        `the end of ${name}`,
        90_000,
      );
      return last();
    },
  };
}

/** What a shell has to run. */
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");
const thalweg = (...words: readonly string[]) => quoted([process.execPath, BIN, ...words]);

const ENV = ["export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 NO_COLOR=1"];

/** The batch script that train's README shows, for a smaller task and this folder. */
function scriptOfReadme(folder: string): string[] {
  const readme = readFileSync(new URL("../../../train/README.md", import.meta.url), "utf8");
  const [, script] = /```sh\n#!\/bin\/bash\n([^`]*)```/.exec(readme) as unknown as [string, string];
  return script
    .replace("run=runs/on-four", `run=${folder}`)
    .replace("mnist-cnn --rule adamw", TRAIN.slice(1).concat("600").join(" "))
    .replace("mpirun thalweg", `mpirun.openmpi ${thalweg()}`)
    .split("\n")
    .filter((line) => !line.startsWith("#SBATCH")); // this queue has two tasks for it
}

/** All that was measured, to the last bit, and nothing of how long it took. */
function numbers(folder: string) {
  const { config, lines, end } = readRun(folder)!;
  const timeless = lines.map(({ seconds: _, ...line }) => line);
  return { config, lines: timeless, end: { ...end, seconds: undefined } };
}

describe("thalweg train in a job of two tasks", () => {
  const ways = [
    { how: "srun --mpi=pmi2", launcher: mpich, start: "srun --mpi=pmi2" },
    { how: "srun --mpi=pmix", launcher: openMpi, start: "srun --mpi=pmix", plugin: pmixMissing },
    { how: "mpirun", launcher: openMpi, start: "mpirun.openmpi" },
  ];
  for (const { how, launcher, start, plugin } of ways) {
    const missing = whyNot(launcher, plugin);
    test.skipIf(missing)(onSlurm(`trains on two ranks by ${how}, ${launcher.name}`, missing), async () => {
      const folder = join(root, how.replaceAll(" ", ""));
      const job = submit(how.replaceAll(" ", ""), [
        ...ENV,
        `exec ${start} ${thalweg(...TRAIN, "40", "--out", folder)}`,
      ]);
      const state = await job.ended();
      expect({ state, log: state === "COMPLETED" ? "" : job.log() }).toEqual({ state: "COMPLETED", log: "" });
      expect(readRun(folder)!.config).toMatchObject({ ranks: 2 });
      expect(job.log()).toMatch(new RegExp(`40 steps on 2 ranks \\(${launcher.name}`));
      expect(readRun(folder)!.end).toMatchObject({ end: "finished", step: 40 });
    });
  }

  const missing = whyNot(openMpi);
  test.skipIf(missing)(
    onSlurm(
      "checkpoints at a scheduler's warning, is queued again, and comes to the same bits, Open MPI",
      missing,
    ),
    async () => {
      const undisturbed = join(root, "undisturbed");
      const first = submit("undisturbed", [
        ...ENV,
        `exec mpirun.openmpi ${thalweg(...TRAIN, "600", "--out", undisturbed)}`,
      ]);
      expect(await first.ended()).toBe("COMPLETED");

      const folder = join(root, "warned");
      const job = submit("warned", [...ENV, ...scriptOfReadme(folder)]);
      await slurm.until(() => (readRun(folder)?.lines.length ?? 0) >= 2, "an evaluation", 60_000);
      slurm.run("scancel", ["--batch", "--signal=USR1", String(job.id)]); // what --signal=B:USR1@… sends
      await slurm.until(
        () => slurm.jobs().some(({ id, restarts }) => id === job.id && restarts === 1),
        "a requeue",
        60_000,
      );
      expect(await job.ended()).toBe("COMPLETED");
      expect(job.log()).toContain("Interrupted at step");
      expect(numbers(folder)).toEqual(numbers(undisturbed));
    },
  );
});
