/**
 * Studies under misfortune, as processes: workers and launchers that are killed, hang, crash, and disks that are full. Nothing that was finished is
 * lost, and what comes out at the end is the same bits as without.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stream } from "@thalweg/random";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, start, until } from "../compare/testing.ts";
import { claimsFolder } from "./layout.ts";
import { readStudy } from "./read-study.ts";
import { Results } from "./results.ts";
import { timelessStudy } from "./testing.ts";

const STUDY = `
name: small
tasks: [matrix-factorization, logreg-digits]
rules: [sgd, adamw]
steps: 500
trials: 6
seeds: 4
`;
const TRIALS = 2 * 2 * 2 * (6 + 4);

let root: string;
let file: string;
let undisturbed: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "thalweg-study-slow-"));
  file = join(root, "study.yaml");
  writeFileSync(file, STUDY);
  undisturbed = join(root, "undisturbed");
  expect(await run(file, undisturbed)).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (study: string, folder: string): Promise<Ended> =>
  start(["study", "run", study, "--out", folder, "--workers", "2"]).ended;

/** Processes that work on a study, by what they were started with. */
function pids(folder: string, command: "run" | "work"): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words.includes("study") && words.includes(command) && words.includes(folder);
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

const doneIn = (folder: string): number => new Results(folder).look().size;

describe.skipIf(process.platform !== "linux")("a study that is killed", () => {
  it("gives the same bits as one that is not, after fifty kills of workers and launchers at random moments", async () => {
    const random = stream(1, "kills");
    let kills = 0;
    for (let study = 0; kills < 50; study++) {
      const folder = join(root, `killed-${study}`);
      let launched = run(file, folder);
      while (kills < 50 && doneIn(folder) < TRIALS) {
        await sleep(random.uniform() * 600);
        if (pids(folder, "run").length === 0) {
          await launched; // killed
          launched = run(file, folder);
          await until(() => pids(folder, "work").length > 0 || doneIn(folder) === TRIALS, "a worker");
        }
        const victims = pids(folder, random.uniform() < 0.1 ? "run" : "work");
        if (victims.length === 0) continue;
        try {
          process.kill(victims[random.integer(victims.length)]!, "SIGKILL");
          kills++;
        } catch {
          // it has just ended
        }
      }
      await launched;
      expect(await run(file, folder)).toMatchObject({ code: 0 });
      expect([...readStudy(folder).results.values()].map(({ end }) => end)).not.toContain("failed");
      expect(timelessStudy(folder)).toEqual(timelessStudy(undisturbed));
    }
  });
});

describe("two launchers", () => {
  it("are one too many: the second is told who the first is, and may help; the first ends by Ctrl-C and says how to go on", async () => {
    const folder = join(root, "two");
    const longer = join(root, "longer.yaml");
    writeFileSync(
      longer,
      STUDY.replace(/steps: .*\ntrials: .*\nseeds: .*/, "steps: 5000\ntrials: 2\nseeds: 1"),
    );
    const launch = (...more: string[]) =>
      start(["study", "run", longer, "--out", folder, "--workers", "1", ...more]);
    const first = launch();
    await until(() => pids(folder, "work").length > 0, "a worker");
    const second = await launch().ended;
    expect(second).toMatchObject({ code: 1, out: "" });
    expect(second.err).toContain(
      `Cannot run the study in ${folder} as it must have one launcher: process ${first.process.pid} on`,
    );
    const helper = launch("--join");
    await until(() => pids(folder, "work").length > 1, "the helper's worker");
    first.process.kill("SIGINT");
    const ended = await first.ended;
    expect(ended.code).toBe(1);
    expect(ended.err).toContain(
      `Interrupted: finished runs and checkpoints are kept in ${folder}. To go on, run the same command again.`,
    );
    expect((await helper.ended).code).toBe(0);
    expect(readStudy(folder).finishedAt).not.toBeNull();
  });
});

describe("a program that fails", () => {
  /** A user's task that misbehaves in workers only, when a run begins. */
  const moduleText = (how: string) => `
import { flatten, linear, sequential } from "@thalweg/nn";
export default (shape, classes, options) => {
  const how = options !== undefined && process.argv.includes("work") ? "${how}" : "";
  if (how === "hang") for (;;);
  if (how === "crash") process.abort();
  if (how === "throw") throw new Error("the model's own mistake");
  return sequential(flatten(), linear(64, classes));
};
`;
  const study = (how: string, more = ""): string => {
    const module = join(import.meta.dirname, `../../misbehaves-${how}.tmp.mjs`); // beside the packages that it imports
    writeFileSync(module, moduleText(how));
    modules.push(module);
    const path = join(root, `${how}.yaml`);
    writeFileSync(
      path,
      `{name: ${how}, tasks: [matrix-factorization, {file: "${module}", data: digits}], rules: sgd, steps: 20, trials: 1, replicates: 1, seeds: 1, ${more}}`,
    );
    return path;
  };
  const modules: string[] = [];
  afterAll(() => {
    for (const module of modules) rmSync(module, { force: true });
  });
  const endsByTask = (folder: string) => {
    const { trials, results } = readStudy(folder);
    const of = (isGood: boolean) =>
      trials
        .filter(({ task }) => (task === "matrix-factorization") === isGood)
        .map(({ id }) => results.get(id)!);
    return { good: of(true), bad: of(false) };
  };

  it("that hangs is ended after its time, and the study goes on without it", async () => {
    const folder = join(root, "hangs");
    const ended = await run(study("hang", "limits: {secondsPerTrial: 2}"), folder);
    expect(ended).toMatchObject({ code: 0 });
    const { good, bad } = endsByTask(folder);
    expect(good.map(({ end }) => end)).not.toContain("timed-out");
    expect(bad.map(({ end, reason }) => [end, reason])).toEqual(
      bad.map(() => ["timed-out", "it took longer than 2 s"]),
    );
  });

  it.each([
    ["crash", "its process was ended by SIGABRT"],
    ["throw", "the model's own mistake"],
  ])("by %s is tried twice, then its trial has failed, and the others have not", async (how, reason) => {
    const folder = join(root, how);
    const ended = await run(study(how), folder);
    expect(ended).toMatchObject({ code: 0 });
    const { good, bad } = endsByTask(folder);
    expect(good.every(({ end }) => end === "finished")).toBe(true);
    expect(bad.map((one) => [one.end, one.reason.includes(reason)])).toEqual(bad.map(() => ["failed", true]));
    expect(
      readdirSync(claimsFolder(folder)).filter((name) => name.endsWith(".1.end")).length,
    ).toBeGreaterThan(0);
  });
});

describe("a disk that is full", () => {
  const disk = () => {
    const at = join(root, "disk");
    mkdirSync(at);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", at]);
    return status === 0 ? at : undefined;
  };

  it("ends the study with a message, loses nothing that was finished, and with more space it goes on", async ({
    skip,
  }) => {
    const at = disk();
    if (at === undefined) return skip("a small disk takes the right to mount one");
    const folder = join(at, "study");
    try {
      const full = await run(file, folder);
      expect(full.code).toBe(1);
      expect(full.err).toMatch(/no space left on (the )?device|no space is left on the device/);
      const done = doneIn(folder);
      expect(done).toBeGreaterThan(0);
      const copy = join(root, "roomy");
      cpSync(folder, copy, { recursive: true });
      expect(timelessResults(copy, done)).toEqual(timelessResults(undisturbed, done, copy));
      expect(await run(file, copy)).toMatchObject({ code: 0 });
      expect(timelessStudy(copy)).toEqual(timelessStudy(undisturbed));
    } finally {
      execFileSync("umount", [at]);
    }
  });

  /** Results that a copy of the study has, with all digits, as this folder has them. */
  function timelessResults(folder: string, count: number, of = folder): unknown {
    const ids = [...new Results(of).look().keys()];
    expect(ids).toHaveLength(count);
    const known = (timelessStudy(folder) as { known: { id: number }[] }).known;
    return known.filter(({ id }) => ids.includes(id));
  }
});
