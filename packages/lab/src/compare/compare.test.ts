/** A comparison by its function, on the digits that ship with the package. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRun } from "@thalweg/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assess } from "../report/assess.ts";
import type { MeasuredComparison } from "../report/comparison.ts";
import { renderTable } from "../report/terminal.ts";
import { tasks } from "../tasks/index.ts";
import { type LoadedTask, loadTask } from "../tasks/load.ts";
import { type CompareOptions, compare, type ProgressEvent } from "./compare.ts";
import { writeOutputs } from "./outputs.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-compare-"));
let digits: LoadedTask;
beforeAll(async () => {
  digits = await loadTask(tasks["digits-mlp"]!, { say() {} });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("compare()", () => {
  describe("with rates that are far too high", () => {
    const folder = join(root, "diverging");
    const events: ProgressEvent[] = [];
    let measured: MeasuredComparison;
    beforeAll(async () => {
      measured = await compare({
        ...digits,
        folder,
        rules: ["adam", "sgd", "momentum"],
        budget: 3,
        seeds: 2,
        schedule: "constant",
        steps: 400,
        spaces: {
          sgd: { lr: { low: 1e-3, high: 1e15, log: true } }, // its default, 0.01, is trial 0 and works
          momentum: { lr: { low: 1e12, high: 1e15, log: true } },
        },
        onProgress: (event) => events.push(event),
      });
    });

    test("keeps a rule whose trials diverged in part, tuned to one that did not", () => {
      const sgd = measured.rules[1]!;
      expect(sgd.trials.map(({ status }) => status)).toContain("diverged");
      expect(sgd.trials[0]).toMatchObject({ status: "finished", hyperparameters: { lr: 0.01 }, steps: 400 });
      const best = Math.min(...sgd.trials.map(({ validationLoss }) => validationLoss ?? Infinity));
      const winner = sgd.trials.find(({ validationLoss }) => validationLoss === best)!;
      expect(sgd.tuned).toEqual(winner.hyperparameters);
      expect(sgd.runs.map(({ status }) => status)).toEqual(["finished", "finished"]);
    });

    test("keeps a rule that always diverged, with reasons, in results, table and report", async () => {
      const momentum = measured.rules[2]!;
      const attempts = [...momentum.trials, ...momentum.runs];
      expect(attempts).toHaveLength(5);
      for (const { status, reason, steps } of attempts) {
        expect(status).toBe("diverged");
        expect(reason).toMatch(/the loss of step|the training loss stayed above/);
        expect(steps).toBeLessThan(400);
      }
      const comparison = assess(measured);
      expect(comparison.rules[2]!.accuracy).toMatchObject({ n: 2, diverged: 2, mean: null });
      expect(renderTable(comparison, { color: false, columns: 120 })).toMatch(/^momentum .*diverged/m);
      const { report } = await writeOutputs(folder, comparison);
      expect(readFileSync(report, "utf8")).toMatch(/momentum.*diverged/s);
    });

    test("writes a report that asks the network for nothing", () => {
      const page = readFileSync(join(folder, "report.html"), "utf8");
      expect(page).toMatch(/<a href="https:/); // only a reader's click leaves the page
      const loaded = page.replaceAll(/<a\b[^>]*>/g, "");
      const pattern = /\b(?:src|srcset|href|action|data|poster)="([^"]*)"|url\(([^)]*)\)|@import\s+(\S+)/g;
      const targets = [...loaded.matchAll(pattern)].map(([, name, url, sheet]) => name ?? url ?? sheet!);
      expect(targets.length).toBeGreaterThan(10);
      for (const target of targets) expect(target).toMatch(/^["']?(#|data:)/);
      expect(loaded).not.toMatch(/<script|<iframe|<link|<object/);
    });

    test("tells of every run once, and counts them", () => {
      expect(events.map(({ done }) => done)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
      expect(events.every(({ total, reused }) => total === 15 && !reused)).toBe(true);
    });

    test("gives rules the same start: seeds pair by initial parameters and batches", () => {
      const starts = measured.rules.map(({ runs }) => runs.map(({ evaluations }) => evaluations[0]));
      expect(starts[1]).toEqual(starts[0]);
      expect(starts[2]).toEqual(starts[0]);
      expect(starts[0]![0]).not.toEqual(starts[0]![1]);
    });

    test("leaves every run on disk, ended, and never measures the test split in a trial", () => {
      for (const { trials, runs } of measured.rules) {
        for (const { folder: at } of [...trials, ...runs])
          expect(readRun(join(folder, at))!.end).toBeDefined();
        for (const { folder: at } of trials)
          expect(readRun(join(folder, at))!.lines[0]).not.toHaveProperty("testLoss");
      }
    });
  });

  test("runs equal configurations once: a rule with nothing to search has one trial, told as often as asked", async () => {
    const folder = join(root, "nothing to search");
    const { rules } = await compare({
      ...{
        ...digits,
        folder,
        rules: ["sgd"],
        spaces: { sgd: {} },
        budget: 3,
        seeds: 1,
        steps: 30,
        workers: 2,
      },
    });
    const [sgd] = rules;
    expect(new Set(sgd!.trials.map(({ folder: at }) => at)).size).toBe(1);
    expect(sgd!.trials.map(({ number }) => number)).toEqual([0, 1, 2]);
    const losses = sgd!.trials.map(({ validationLoss }) => validationLoss);
    expect(losses[0]).toBeGreaterThan(0);
    expect(losses).toEqual([losses[0], losses[0], losses[0]]);
    expect(sgd!.tuned).toEqual({ lr: 0.01 });
  });

  const refusals: [what: string, options: Partial<CompareOptions>, says: string][] = [
    ["no rule", { rules: [] }, "no rule is named"],
    ["a rule twice", { rules: ["sgd", "adam", "sgd"] }, "Cannot compare sgd with itself"],
    ["an unknown rule", { rules: ["lionn"] }, 'did you mean "lion"'],
    ["no budget", { budget: 0 }, "budget must be a whole number, at least 1: current value is 0"],
    ["half a seed", { seeds: 0.5 }, "seeds must be a whole number, at least 1: current value is 0.5"],
    ["NaN steps", { steps: Number.NaN }, "steps must be a whole number, at least 1: current value is NaN"],
    ["no workers", { workers: 0 }, "workers must be a whole number, at least 1: current value is 0"],
    ["an unknown schedule", { schedule: "cosin" }, 'Did you mean "cosine"'],
    [
      "a negative rate",
      { spaces: { sgd: { lr: { low: -1, high: 1 } } } },
      "lr must be finite and not negative",
    ],
    ["a space of nothing known", { spaces: { sgd: { rate: { low: 1, high: 2 } } } }, '"rate"'],
  ];
  test.each(refusals)("refuses %s before it writes anything", async (what, options, says) => {
    const folder = join(root, what);
    await expect(compare({ ...digits, folder, rules: ["sgd"], ...options })).rejects.toThrow(says);
    expect(existsSync(folder)).toBe(false);
  });
});
