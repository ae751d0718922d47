/** Studies whose runs take several ranks each: the same results on any worker, after kills too, and close to those of one rank. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRun } from "@thalweg/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mpich, openMpi, processesWith, titled } from "../../../../scripts/testing/mpirun.ts";
import { type Ended, start, until } from "../compare/testing.ts";
import { readStudy } from "../study/read-study.ts";
import { timelessStudy } from "../study/testing.ts";

const launcher = openMpi.missing === undefined ? openMpi : mpich;
const skipped = test.skipIf(launcher.missing);
const name = (title: string) => titled(title, launcher);
/** Root may start ranks, more of them than there are cores. */
const ENV = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_MCA_mpi_yield_when_idle: "1",
  THALWEG_MPIRUN: launcher.command,
};
const root = mkdtempSync(join(tmpdir(), "thalweg-study-ranks-"));
const study = (ranks: number, steps: number) => {
  const file = join(root, `study-${ranks}-${steps}.yaml`);
  const about = `name: ranked\ntasks: logreg-digits\nrules: [adam]\ntrials: 1\nreplicates: 1\nseeds: 1\nsteps: ${steps}\nranks: ${ranks}\n`;
  writeFileSync(file, about);
  return file;
};
const begin = (file: string, folder: string, env: Readonly<Record<string, string>> = {}) =>
  start(["study", "run", file, "--out", folder, "--workers", "1"], { ...ENV, ...env });
const run = (...how: Parameters<typeof begin>): Promise<Ended> => begin(...how).ended;

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("thalweg study run with ranks", () => {
  const undisturbed = join(root, "undisturbed");
  beforeAll(async () => {
    if (launcher.missing !== undefined) return;
    const { code, err } = await run(study(2, 2000), undisturbed);
    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  });

  skipped(
    name("trains each run on two ranks, and comes as close to one rank as rounding lets it"),
    async () => {
      const two = [...readStudy(undisturbed).results.values()];
      expect(two.map(({ end, steps }) => [end, steps])).toEqual([
        ["finished", 2000],
        ["finished", 2000],
      ]);
      for (const { folder } of two)
        expect(readRun(join(undisturbed, folder))!.config).toMatchObject({ ranks: 2 });
      const alone = join(root, "alone");
      expect(await run(study(1, 2000), alone)).toMatchObject({ code: 0 });
      const one = [...readStudy(alone).results.values()];
      two.forEach(({ final }, i) => {
        expect(final.testLoss! / one[i]!.final.testLoss!).toBeCloseTo(1, 5);
      });
    },
  );

  skipped(
    name(
      "lets its ranks go when their worker is killed, and when Ctrl-C comes, and goes on to the same bits",
    ),
    async () => {
      const folder = join(root, "killed");
      const steps = () => {
        const runs = join(folder, "runs");
        const logs = readdirSync(runs).map((key) => readRun(join(runs, key))?.lines.length ?? 0);
        return Math.max(0, ...logs);
      };
      const isTraining = () => {
        try {
          return steps() > 1;
        } catch {
          return false; // there is no run yet
        }
      };
      const first = begin(study(2, 2000), folder);
      await until(isTraining, "a run under way", 120_000);
      const [worker] = processesWith(folder).filter((pid) => words(pid).includes("work"));
      process.kill(worker!, "SIGKILL");
      await until(() => ranksIn(folder).every((pid) => !hadParent(pid, worker!)), "its ranks gone", 120_000);
      const before = steps();
      await until(
        () => steps() !== before || first.process.exitCode !== null,
        "another worker's ranks",
        120_000,
      );
      first.process.kill("SIGINT");
      const { code, err } = await first.ended;
      expect(code === 0 ? "" : err).toMatch(/^$|To go on, run the same command again/m);
      expect(ranksIn(folder)).toEqual([]);
      expect(await run(study(2, 2000), folder)).toMatchObject({ code: 0 });
      expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
    },
  );

  test("says what to install where there is no launcher", async () => {
    const { code, err } = await run(study(2, 10), join(root, "none"), { THALWEG_MPIRUN: "no-such-mpirun" });
    expect(code).toBe(1);
    expect(err).toContain("Cannot train on 2 ranks as no-such-mpirun must start them");
    expect(err).toContain("apt-get install openmpi-bin");
  });

  test("refuses batches that the ranks do not divide, before anything is written", async () => {
    const { code, err } = await run(study(3, 10), join(root, "three"));
    expect(code).toBe(2);
    expect(err).toContain("Cannot divide batches of 64 into 3 parts");
    expect(readdirSync(root)).not.toContain("three");
  });
});

const words = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it has just ended
  }
};

/** Launchers of ranks, and ranks, of a study's runs. */
const ranksIn = (folder: string): number[] =>
  processesWith(folder).filter((pid) => words(pid).includes("--resume"));

/** Whether a process was started by this one, which may be gone: the claim in its environment tells. */
function hadParent(pid: number, worker: number): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const leash = environment.find((one) => one.startsWith("THALWEG_LEASH="))?.slice("THALWEG_LEASH=".length);
    const { holder } = JSON.parse(readFileSync(`${leash}.json`, "utf8")) as { holder: { pid: number } };
    return holder.pid === worker;
  } catch {
    return false;
  }
}
