/**
 * Studies on a real SLURM of two nodes: arrays of workers that are warned, sent away, lost sight of, and crash. Whatever happens, the results are
 * those of a study that nobody disturbed, to the last bit.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun } from "@thalweg/train";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openMpi } from "../../../../scripts/testing/mpirun.ts";
import { LocalSlurm, type NodeName, onSlurm, slurmMissing } from "../../../../scripts/testing/slurm.ts";
import { secondsLeft } from "../study/launch/slurm-job.ts";
import { readStudy } from "../study/read-study.ts";
import { Results } from "../study/results.ts";
import { timelessStudy } from "../study/testing.ts";

const BIN = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "thalweg-study-slurm-"));
const STUDY = join(root, "study.yaml");
/** Two runs, then the two of their winners; each takes some seconds. */
const TRIALS = 4;
/** Root may start ranks. */
const MPI = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  THALWEG_MPIRUN: openMpi.command,
};
let slurm: LocalSlurm;
let undisturbed: unknown;

beforeAll(async () => {
  if (slurmMissing !== undefined) return;
  writeFileSync(
    STUDY,
    "tasks: quad-deep\nrules: [sgd, adam]\ntrials: 1\nreplicates: 1\nseeds: 1\nsteps: 20000\n",
  );
  const folder = join(root, "undisturbed");
  expect(thalweg("study", "run", STUDY, "--out", folder, "--workers", "2")).toMatchObject({ status: 0 });
  undisturbed = timelessStudy(folder);
  slurm = await LocalSlurm.start();
});
afterAll(async () => {
  await slurm?.stop();
  rmSync(root, { recursive: true, force: true });
});

const it = test.skipIf(slurmMissing);

function thalweg(...words: readonly string[]) {
  const env = { ...process.env, ...MPI, ...slurm?.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Submit the study into a folder of its own, with so many workers. */
function submit(name: string, file = STUDY, workers = 2) {
  const folder = join(root, name);
  const onSlurm = ["--on", "slurm", "--parallel", String(workers), "--json"];
  const words = ["study", "run", file, "--out", folder, ...onSlurm];
  const { status, stdout, stderr } = thalweg(...words);
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  const { array } = JSON.parse(stdout) as { array: number };
  const tasks = () => slurm.jobs().filter((job) => job.array === array);
  const running = () => tasks().filter(({ state }) => state === "RUNNING");
  const done = () => (existsSync(folder) ? new Results(folder).look().size : 0);
  return {
    ...{ folder, array, tasks, running, done, words },
    /** Steps that its runs have taken, by their logs. */
    isTraining: (count: number) => lengths(folder).filter((lines) => lines > 20).length >= count,
    ended: async () => {
      const states = () => tasks().map(({ state }) => state);
      const isOver = (state: string) => !/PENDING|RUNNING|COMPLETING/.test(state);
      await slurm.until(() => states().every(isOver), `the end of ${name}`, 240_000);
      expect({ states: states(), log: logs(folder) }).toMatchObject({
        states: states().map(() => "COMPLETED"),
      });
    },
    log: () => logs(folder),
  };
}

/** Lines in the log of each run. */
function lengths(folder: string): number[] {
  const runs = join(folder, "runs");
  if (!existsSync(runs)) return [];
  return readdirSync(runs).map((run) => {
    const log = join(runs, run, "run.jsonl");
    return existsSync(log) ? readFileSync(log, "utf8").split("\n").length : 0;
  });
}

function logs(folder: string): string {
  const place = join(folder, "slurm");
  const names = readdirSync(place).filter((name) => name.endsWith(".log"));
  return names.map((name) => readFileSync(join(place, name), "utf8")).join("\n");
}

describe("thalweg study run --on slurm", () => {
  it(
    onSlurm(
      "shows the script without writing anything, and does not ask for more tasks than an array may have",
    ),
    () => {
      const folder = join(root, "shown");
      const { status, stdout, stderr } = thalweg(
        "study",
        "run",
        STUDY,
        "--out",
        folder,
        "--on",
        "slurm",
        "--dry-run",
        "--chunks",
        "500",
      );
      expect(status).toBe(0);
      expect(stdout).toContain(`#SBATCH --array=0-19\n`); // MaxArraySize of this SLURM is 20
      expect(stderr).toContain("SLURM lets an array have 20 tasks: so many workers, instead of 500");
      expect(existsSync(folder)).toBe(false);
    },
  );

  it(
    onSlurm(
      "works on the study by an array, says so when asked again, and comes to the bits of workers here",
    ),
    async () => {
      const study = submit("plain");
      await slurm.until(() => study.running().length === 2, "two workers", 120_000);
      for (const [name, value] of Object.entries(slurm.env)) vi.stubEnv(name, value);
      const left = await secondsLeft({ id: "", name: `${study.array}_0`, restarts: 0 }, {});
      vi.unstubAllEnvs();
      expect(left).toBeGreaterThan(3000);
      expect(left).toBeLessThanOrEqual(3600); // the default of --time
      const status = thalweg("study", "status", study.folder).stdout;
      expect(status).toContain(`job ${study.array}_0 running on node`);
      const again = thalweg(...study.words);
      expect(again.stderr).toContain("Nothing was submitted, as workers of");
      const { array, left: trials } = JSON.parse(again.stdout) as { array: number | null; left: number };
      expect(array).toBe(null);
      expect(trials).toBeGreaterThan(0); // fewer than all, where the workers are quick
      await study.ended();
      expect(timelessStudy(study.folder)).toEqual(undisturbed);
      expect(thalweg(...study.words).stderr).toContain("Nothing to submit: all 4 trials");
      expect(thalweg("study", "status", study.folder).stdout).toContain("No workers in SLURM's queue");
    },
  );

  it(
    onSlurm("comes back after the warning that time is up, and after it was sent away, to the same bits"),
    async () => {
      const study = submit("warned");
      await slurm.until(() => study.isTraining(2), "two runs under way", 180_000);
      for (const { id } of study.running()) slurm.run("scancel", ["--batch", "--signal=USR1", String(id)]); // as --signal=B:USR1@… does
      const requeued = (restarts: number) => study.tasks().filter((task) => task.restarts >= restarts);
      await slurm.until(() => requeued(1).length === 2, "both queued again", 120_000);
      expect(study.log()).toContain("Time is up: job");
      await slurm.until(() => study.running().length === 2, "both at work again", 120_000);
      await slurm.until(() => study.isTraining(2), "two runs under way", 180_000);

      const urgent = [
        "--parsable",
        "--partition=urgent",
        "--nodes=2",
        "--exclusive",
        "--output=/dev/null",
        "--wrap=sleep 1",
      ];
      slurm.run("sbatch", urgent);
      await slurm.until(() => requeued(2).length === 2 || study.done() === TRIALS, "both sent away", 180_000);
      await study.ended();
      expect(timelessStudy(study.folder)).toEqual(undisturbed);
    },
  );

  it(
    onSlurm(
      "goes on elsewhere when a node is lost sight of whose workers run on, and when one dies, to the same bits",
    ),
    async () => {
      const study = submit("lost");
      await slurm.until(() => study.isTraining(2), "two runs under way", 180_000);
      const node = study.running()[0]!.nodes as NodeName; // it has place for both workers
      const other = node === "node1" ? "node2" : "node1";
      slurm.freeze(node);
      slurm.cut(node);
      const requeued = () => study.tasks().filter(({ restarts }) => restarts === 1);
      await slurm.until(() => requeued().length === 2, "both queued again", 180_000);
      const before = lengths(study.folder);
      await slurm.until(() => study.running().length === 2, "both at work elsewhere", 120_000);
      const goesOn = () => lengths(study.folder).some((lines, i) => lines !== before[i]);
      await slurm.until(goesOn, "a run taken over", 180_000);
      slurm.thaw(node); // its workers find that they are not wanted
      await slurm.until(
        () => study.log().includes("was started again elsewhere"),
        "the strays leave",
        60_000,
      );
      slurm.revive(node);

      slurm.crash(other);
      await slurm.until(() => slurm.nodeState(other).startsWith("down"), "the node is missed", 180_000);
      slurm.revive(other);
      await study.ended();
      expect(timelessStudy(study.folder)).toEqual(undisturbed);
    },
  );

  const missing = slurmMissing ?? openMpi.missing;
  test.skipIf(missing)(onSlurm("trains each run on the ranks of its task, Open MPI", missing), async () => {
    const file = join(root, "ranked.yaml");
    writeFileSync(
      file,
      "tasks: logreg-digits\nrules: [adam]\ntrials: 1\nreplicates: 1\nseeds: 1\nsteps: 200\nranks: 2\n",
    );
    const study = submit("ranked", file, 1);
    await study.ended();
    expect(readFileSync(join(study.folder, "submit.sbatch"), "utf8")).toContain("#SBATCH --ntasks=2\n");
    const results = [...readStudy(study.folder).results.values()];
    expect(results.map(({ end, reason }) => [end, reason])).toEqual([
      ["finished", ""],
      ["finished", ""],
    ]);
    for (const { folder } of results) {
      expect(readRun(join(study.folder, folder))!.config).toMatchObject({ ranks: 2 });
    }
  });
});
