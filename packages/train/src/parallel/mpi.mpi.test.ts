/** Ranks as processes under a real mpirun: collectives, the same result on any number of ranks, and ranks that die. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import {
  type Job,
  type Launcher,
  mpich,
  openMpi,
  processesWith,
  runRanks,
  titled,
} from "../../../../scripts/testing/mpirun.ts";
import { readRun } from "../run-folder.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-ranks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const script = (name: string) => fileURLToPath(new URL(`./testing/${name}.mjs`, import.meta.url));

interface Trajectory {
  end: string;
  step: number;
  losses: (number | string)[][];
  hash: string;
  parameters: number[];
}

interface Settings {
  folder: string;
  accumulate?: number;
  sharded?: boolean;
  killAt?: number;
  stopAt?: number;
}

/** Run after run in one job: what takes time is starting it. */
const start = (launcher: Launcher, ranks: number, ...runs: Settings[]): Promise<Job> => {
  const words = runs.map(({ folder, ...settings }) =>
    JSON.stringify({ ...settings, folder: join(root, folder) }),
  );
  return runRanks(launcher, ranks, [script("trajectory"), ...words]);
};

async function train(...how: Parameters<typeof start>): Promise<Trajectory[]> {
  const { code, out, err } = await start(...how);
  expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Trajectory);
}

/** ‖a − b‖ / ‖b‖ */
function distance({ parameters: a }: Trajectory, { parameters: b }: Trajectory): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b);
}

describe.each([openMpi, mpich])("$name", (launcher) => {
  test.skipIf(launcher.missing).each([1, 2, 3])(
    titled("collectives are right on %i ranks", launcher),
    async (ranks) => {
      const { code, out, err } = await runRanks(launcher, ranks, [script("collectives")]);
      expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
      expect(out).toContain(`all is well on ${ranks} ranks`);
    },
  );
});

describe("fit() on ranks", () => {
  const launcher = openMpi.missing === undefined ? openMpi : mpich;
  const skipped = test.skipIf(launcher.missing);
  let undisturbed: Trajectory;

  skipped(
    titled(
      "gives the same trajectory on 1, 2 and 4 ranks and by accumulation, and the same bits again",
      launcher,
    ),
    async () => {
      const [one, accumulated] = (await train(
        launcher,
        1,
        { folder: "one" },
        { folder: "accumulated", accumulate: 4 },
      )) as [Trajectory, Trajectory];
      const [two, sharded] = (await train(
        launcher,
        2,
        { folder: "two" },
        { folder: "sharded", sharded: true },
      )) as [Trajectory, Trajectory];
      const [again] = (await train(launcher, 2, { folder: "again" })) as [Trajectory];
      const [four] = (await train(launcher, 4, { folder: "four" })) as [Trajectory];
      expect(one).toMatchObject({ end: "finished", step: 100 });
      expect(Number(one.losses.at(-1)![0])).toBeLessThan(0.4 * Number(one.losses[1]![0])); // it learns
      for (const other of [accumulated, two, four]) expect(distance(other, one)).toBeLessThan(1e-5);
      expect(again).toEqual(two);
      expect(sharded).toEqual(two);
      undisturbed = two;
    },
  );

  skipped(
    titled("ends all when one is killed, leaves no process, and resumes to the same numbers", launcher),
    async () => {
      const { code, err } = await start(launcher, 2, { folder: "killed", killAt: 50 });
      expect(code).not.toBe(0);
      expect(err).toMatch(/signal 9|EXIT CODE: 9/); // the launcher says what became of the rank
      expect(processesWith(join(root, "killed"))).toEqual([]);
      expect(readRun(join(root, "killed"))!.end).toBeUndefined();
      expect(await train(launcher, 2, { folder: "killed" })).toEqual([undisturbed]);
    },
  );

  skipped(
    titled(
      "stops together when one hears a signal, its state divided, and resumes to the same bits",
      launcher,
    ),
    async () => {
      const stopped = { folder: "stopped", sharded: true };
      const [first, then] = await train(launcher, 2, { ...stopped, stopAt: 33 }, stopped);
      expect(first).toMatchObject({ end: "interrupted", step: 34 });
      expect(then).toEqual(undisturbed);
    },
  );
});
