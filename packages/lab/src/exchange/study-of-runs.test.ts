import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readStudy } from "../study/read-study.ts";
import { beside, namedByStart } from "./beside.ts";
import { writeImported } from "./imported.ts";
import type { RecordedRun } from "./recorded-run.ts";
import { studyOfRuns } from "./study-of-runs.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-imported-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (more: Partial<RecordedRun> = {}, start = 353.4468, last = 100): RecordedRun => ({
  ...{
    name: "x",
    task: "quadratic_deep",
    rule: "AdamOptimizer",
    schedule: "constant",
    batchSize: 128,
    steps: 700,
    seed: 42,
  },
  hyper: { lr: 0.001, beta1: 0.9 },
  evaluations: [
    { step: 0, seconds: 0, measures: { validationLoss: 353.8, testLoss: start } },
    { step: 700, seconds: 0, measures: { validationLoss: last + 1, testLoss: last } },
  ],
  end: "finished",
  startedAt: 1.6e9,
  ...more,
});
const options = { name: "valley", source: "deepobs", command: "import" };
const study = (...runs: RecordedRun[]) => studyOfRuns(runs, options);
const placed = (...runs: RecordedRun[]) =>
  study(...runs).trials.map(({ phase, seed, hyper }) => [phase, seed, hyper!.lr]);

describe("studyOfRuns()", () => {
  it("tells search and repetitions apart as the Crowded Valley did it: searched on seed 42, the winner again on others", () => {
    const search = [0.1, 0.01, 0.001].map((lr) => run({ hyper: { lr } }));
    const again = [43, 44].map((seed) => run({ hyper: { lr: 0.01 }, seed }));
    expect(placed(...search, ...again)).toEqual([
      ["tuning", 42, 0.1],
      ["tuning", 42, 0.01],
      ["tuning", 42, 0.001],
      ["final", 43, 0.01],
      ["final", 44, 0.01],
    ]);
    expect(study(...search, ...again).rules[0]!.space).toEqual({ lr: { low: 0.001, high: 0.1 } });
  });

  it("takes runs of one configuration for repetitions, and the best trial where nothing was repeated", () => {
    expect(placed(run(), run({ seed: 43 }))).toEqual([
      ["final", 42, 0.001],
      ["final", 43, 0.001],
    ]);
    const trials = [run({ hyper: { lr: 1 } }, 353, 90), run({ hyper: { lr: 2 } }, 353, 80)];
    expect(placed(...trials).at(-1)).toEqual(["final", 42, 2]);
  });

  it("keeps diverged runs, whose numbers are null", () => {
    const diverged = run({ end: "diverged", seed: 43 }, 353, Number.NaN);
    const { results } = study(run(), diverged);
    expect(results.get(1)).toMatchObject({
      end: "diverged",
      final: { testLoss: null },
      initial: { testLoss: 353 },
    });
  });

  it("says what it lacks", () => {
    expect(() => study()).toThrow("there must be runs: none was found");
    expect(() => study(run({ evaluations: [] }))).toThrow("each must be evaluated: x never was");
    const odd = run({ evaluations: [{ step: 1, seconds: 0, measures: { sharpness: 1 } }] });
    expect(() => study(odd)).toThrow(
      /Cannot judge quadratic_deep as all its runs must have one of testAccuracy.*: x has sharpness/,
    );
  });

  it("survives its folder: writeImported(), then readStudy()", () => {
    const made = study(run(), run({ seed: 43 }));
    writeImported(folder, made);
    expect(readStudy(folder)).toEqual(made);
    expect(() => writeImported(folder, made)).toThrow(/it holds a study already \(imported\.json\)/);
  });
});

describe("namedByStart()", () => {
  it("tells the problems of DeepOBS apart that have one name and different Hessians", () => {
    // the first test losses of k = 1, 2 and 12: 353.44677, 347.35822, 379.29912
    const names = namedByStart([
      run({}, 353.44676426),
      run({}, 347.358221),
      run({}, 353.4468),
      run({ task: "mnist_mlp" }),
    ]).map(({ task }) => task);
    expect(names).toEqual([
      "quadratic_deep@353.447",
      "quadratic_deep@347.358",
      "quadratic_deep@353.447",
      "mnist_mlp",
    ]);
    expect(namedByStart([run(), run()]).map(({ task }) => task)).toEqual([
      "quadratic_deep",
      "quadratic_deep",
    ]);
  });
});

describe("beside()", () => {
  const ours = {
    ...studyOfRuns([run({ task: "quad-deep", rule: "adam" }, 353.44681)], options),
    name: "ours",
  };

  it("puts runs of the same task on one, under their own label", () => {
    const both = beside(ours, study(run({ rule: "adam" })), { quadratic_deep: "quad-deep" }, "deepobs");
    expect(both.tasks).toEqual(ours.tasks);
    expect(both.trials.map(({ id, task, rule }) => [id, task, rule])).toEqual([
      [0, "quad-deep", "adam"],
      [1, "quad-deep", "adam (deepobs)"],
    ]);
    expect(both.results.get(1)!.fingerprint).toBe(ours.tasks[0]!.fingerprint);
    expect(both.rules.map(({ name }) => name)).toEqual(["adam", "adam (deepobs)"]);
  });

  it("refuses a task that begins at another loss, as published runs of other Hessians do", () => {
    const other = study(run({}, 379.29912));
    expect(() => beside(ours, other, { quadratic_deep: "quad-deep" }, "deepobs")).toThrow(
      "Cannot take quadratic_deep for quad-deep as the losses before training must agree to four digits: testLoss is 379.29912 there and 353.44681 here",
    );
    expect(() => beside(ours, other, { mnist: "quad-deep" }, "deepobs")).toThrow(
      "valley must have mnist: it has quadratic_deep",
    );
    expect(beside(ours, other, {}, "deepobs").tasks.map(({ name }) => name)).toEqual([
      "quad-deep",
      "quadratic_deep",
    ]);
  });
});
