import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { start } from "../compare/testing.ts";
import { readPlan } from "../study/plan-file.ts";
import { ResultsWriter } from "../study/results.ts";
import type { StudyStatus } from "../study/status.ts";
import { planStudyInto } from "../study/testing.ts";
import { runCli } from "./testing.ts";

const STUDY =
  "tasks: [matrix-factorization]\nrules: [sgd, adamw]\nsteps: 20\ntrials: 2\nseeds: 1\nschedules: constant\n";

describe("thalweg study", () => {
  let root: string;
  let file: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "thalweg-study-cli-"));
    file = join(root, "small.yaml");
    writeFileSync(file, STUDY);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("run --dry-run shows the plan and its cost, and writes nothing", async () => {
    const out = join(root, "out");
    const { code, out: text } = await runCli([
      "study",
      "run",
      file,
      "--out",
      out,
      "--workers",
      "2",
      "--dry-run",
      "--json",
    ]);
    expect(code).toBe(0);
    const plan = JSON.parse(text);
    expect(plan).toMatchObject({ name: "small", trials: 2 * 2 * (2 + 1), tuning: 8, final: 4, workers: 2 });
    expect(plan.tasks).toEqual([
      { task: "matrix-factorization", trials: 12, secondsPerTrial: expect.any(Number) },
    ]);
    expect(plan.seconds).toBeGreaterThan(0);
    expect(existsSync(out)).toBe(false);
    const shown = await runCli(["study", "run", file, "--dry-run"]);
    expect(shown.out).toMatch(/8 trials, then 4 runs of winners: about .* on \d+ workers of this machine/);
    expect(shown.out).toMatch(/Searched\n {2}sgd {4}lr 0\.001 to 3\n {2}adamw {2}lr 0\.00001 to 0\.1\n/);
  });

  it("run shows what is wrong with the file, with its place, and exit code 2", async () => {
    writeFileSync(file, STUDY.replace("adamw", "adamv"));
    const { code, err } = await runCli(["study", "run", file]);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^Cannot read .*small\.yaml:2:14: Cannot find the rule "adamv": .*did you mean "adam"\?\n {2}rules: \[sgd, adamv\]\n {15}\^\n$/,
    );
  });

  it("run refuses a folder that holds another study, and says what differs", async () => {
    const folder = join(root, "out");
    await planStudyInto(folder, STUDY);
    writeFileSync(file, STUDY.replace("trials: 2", "trials: 3"));
    const { code, err } = await runCli(["study", "run", file, "--out", folder]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^Cannot run the study in .* as it holds another one, begun .* with another trials, name: choose another folder with --out, or delete this one\n$/,
    );
  });

  it("status counts what is done, by setting and by how it ended", async () => {
    const folder = join(root, "out");
    await planStudyInto(folder, STUDY);
    const { trials } = readPlan(folder);
    const writer = new ResultsWriter(folder, "one");
    const done = trials.filter(({ rule, phase }) => rule === "sgd" && phase === "tuning");
    done.forEach(({ id, hyper }, i) => {
      writer.append({
        ...{
          id,
          hyper: hyper!,
          folder: `runs/${id}`,
          fingerprint: "",
          end: i === 0 ? "diverged" : "finished",
          reason: "",
        },
        ...{
          steps: 20,
          gradients: 20,
          seconds: 0.5,
          final: {},
          best: {},
          initial: {},
          attempt: 0,
          endedAt: "2026-01-01",
        },
      });
    });
    const { code, out } = await runCli(["study", "status", folder, "--json"]);
    expect(code).toBe(0);
    const status = JSON.parse(out) as StudyStatus;
    expect(status).toMatchObject({
      name: "study",
      trials: 12,
      done: 4,
      running: 0,
      secondsLeft: null,
      finishedAt: null,
    });
    expect(status.ends).toEqual({ finished: 3, diverged: 1, pruned: 0, failed: 0, "timed-out": 0 });
    expect(
      status.settings.map(({ rule, trials: of, done: count, seconds }) => [rule, of, count, seconds]),
    ).toEqual([
      ["sgd", 6, 4, 2],
      ["adamw", 6, 0, 0],
    ]);
    const shown = await runCli(["study", "status", folder]);
    expect(shown.out).toContain("study: 4 of 12 done, 0 running, nobody is at work on it");
  });

  it.each([
    [
      ["study", "status", "nowhere"],
      1,
      "Cannot read the study in nowhere as it holds no plan.jsonl: give the folder of a study\n",
    ],
    [
      ["study", "run", "quik"],
      2,
      /there is no such file, and the studies that come with Thalweg are .*; did you mean "quick"\?/,
    ],
    [
      ["study", "run", "quick", "--workers", "0"],
      2,
      "Cannot use --workers as it must be a whole number, from 1 to 1024: current value is 0\n",
    ],
    [
      ["study", "work", "x", "--chunk", "4/4"],
      2,
      /Cannot use --chunk as it must be i\/n with i from 0 to n - 1: current value is 4\/4/,
    ],
  ])("%j ends with %i", async (words, code, message) => {
    const ended = await runCli(words as string[]);
    expect(ended.code).toBe(code);
    if (typeof message === "string") expect(ended.err).toBe(message);
    else expect(ended.err).toMatch(message);
  });

  it("work says where there is nothing to work on", async () => {
    const ended = await start(["study", "work", "nowhere"]).ended; // a process of its own: it speaks with whoever started it
    expect(ended).toMatchObject({ code: 1, out: "", err: expect.stringContaining("it holds no plan.jsonl") });
  });
});
