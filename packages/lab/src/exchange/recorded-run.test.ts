import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRun, type JsonObject } from "@thalweg/train";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlannedTrial } from "../study/plan.ts";
import type { TrialResult } from "../study/result.ts";
import type { StudyData } from "../study/study-data.ts";
import { recordedRuns, runsOfStudy } from "./recorded-run.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-recorded-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const setting = { task: "bowl", rule: "sgd", schedule: "constant", batchSize: 8, steps: 20 };

function write(place: string, seed: number): void {
  const config: JsonObject = { kind: "training", ...setting, seed, hyper: { lr: 0.1, eps: "Infinity" } };
  const run = createRun(join(folder, place), config);
  run.appendLine({
    step: 0,
    gradients: 0,
    seconds: 0,
    trainLoss: Number.NaN,
    validationLoss: 2,
    scheduled: { lr: [1] },
  });
  run.appendLine({ step: 20, gradients: 20, seconds: 3, trainLoss: 1, validationLoss: 1 });
  if (seed === 1) run.appendLine({ end: "finished", step: 20 });
}

test("recordedRuns() finds runs however deep, and says which go on", () => {
  write("all/a/b", 1);
  write("all/c", 2);
  expect(recordedRuns(join(folder, "all"))).toMatchObject([
    { name: "a/b", ...setting, seed: 1, end: "finished", hyper: { lr: 0.1, eps: "Infinity" } },
    {
      ...{ name: "c", seed: 2, end: "running" },
      evaluations: [
        { step: 0, seconds: 0, measures: { trainLoss: Number.NaN, validationLoss: 2 } },
        { step: 20, seconds: 3, measures: { trainLoss: 1, validationLoss: 1 } },
      ],
    },
  ]);
});

test("runsOfStudy() has a run for each trial, of its last part, also where two replicates share a folder", () => {
  write("study/runs/one", 1);
  const result = (id: number, end: TrialResult["end"]): [number, TrialResult] => [
    id,
    {
      ...{
        id,
        hyper: { lr: 0.1 },
        folder: "runs/one",
        fingerprint: "",
        end,
        reason: "",
        steps: 20,
        gradients: 20,
        seconds: 3,
      },
      final: {},
      best: {},
      initial: {},
    },
  ];
  const trial = (id: number, replicate: number, until?: number): PlannedTrial => ({
    ...{ id, ...setting, seed: 1, replicate, phase: "tuning", number: 0 },
    ...(until !== undefined && { until }),
  });
  const trials = [trial(0, 0, 10), trial(1, 0), trial(2, 1, 10), trial(3, 1), trial(4, 2)];
  const results = new Map([
    result(0, "finished"),
    result(1, "pruned"),
    result(2, "finished"),
    result(3, "finished"),
  ]);
  const runs = runsOfStudy({ trials, results } as unknown as StudyData, join(folder, "study"));
  expect(runs.map(({ place, end, evaluations }) => [place!.replicate, end, evaluations.length])).toEqual([
    [0, "pruned", 2],
    [1, "finished", 2],
  ]);
});
