import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeRule } from "@thalweg/optim";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRuleSpec } from "../rules/index.ts";
import { planFile, resultsFolder } from "./layout.ts";
import type { PlannedTrial } from "./plan.ts";
import { type PlanFacts, planHash, readPlan, writePlan } from "./plan-file.ts";
import { readStudy } from "./read-study.ts";
import { type ResultLine, Results, ResultsWriter } from "./results.ts";

const FACTS: PlanFacts = {
  name: "small",
  seed: 7,
  code: "thalweg 0",
  tasks: [
    {
      name: "digits-mlp",
      description: "digits",
      architecture: "64-10",
      fingerprint: "abc-2.30259",
      parameters: 650,
      evaluateEvery: 5,
      metric: { measure: "testLoss", better: "lower", unit: "nat" },
    },
  ],
  rules: [
    {
      name: "sgd",
      spec: "sgd",
      formula: "theta = theta - lr * g",
      source: "",
      written: writeRule(readRuleSpec("sgd").rule),
      fixed: [],
      space: { lr: { low: 1e-3, high: 1, log: true } },
    },
  ],
  spec: { name: "small" },
};
const ABOUT = {
  machine: { cpu: "one" },
  command: "thalweg study run small.yaml",
  startedAt: "2026-01-01T00:00:00.000Z",
};

const trial = (id: number): PlannedTrial => ({
  ...{ id, task: "digits-mlp", rule: "sgd", schedule: "constant", batchSize: 64, steps: 10 },
  ...{ replicate: 0, phase: "tuning", number: id, seed: 42, hyper: { lr: 0.1 } },
});

const line = (id: number, attempt = 0): ResultLine => ({
  ...{
    id,
    hyper: { lr: 0.1 },
    folder: `runs/${id}`,
    fingerprint: "abc-2.30259",
    end: "finished",
    reason: "",
  },
  ...{ steps: 10, gradients: 10, seconds: 0.1, final: { validationLoss: 0.5 }, best: {}, initial: {} },
  ...{ attempt, endedAt: `2026-01-01T00:00:0${id}.000Z` },
});

describe("the files of a study", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "thalweg-study-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("readPlan() gives back what writePlan() wrote", () => {
    const written = writePlan(folder, FACTS, [trial(0), trial(1)], ABOUT);
    expect(readPlan(folder)).toEqual(written);
    expect(written.hash).toBe(planHash(FACTS, [trial(0), trial(1)]));
  });

  test("readPlan() refuses a plan that was changed after it was written, in any of its bytes that results depend on", () => {
    writePlan(folder, FACTS, [trial(0), trial(1)], ABOUT);
    const text = readFileSync(planFile(folder), "utf8");
    const digits = [...text.matchAll(/\d/g)]
      .map(({ index }) => index)
      .filter((at) => at < text.indexOf('"machine"') || at > text.indexOf("\n"));
    fc.assert(
      fc.property(fc.constantFrom(...digits), (at) => {
        const other = text[at] === "7" ? "8" : "7";
        writeFileSync(planFile(folder), text.slice(0, at) + other + text.slice(at + 1));
        expect(() => readPlan(folder)).toThrow(/Cannot (go on with|read)/);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test("readPlan() says so where there is no study", () => {
    expect(() => readPlan(folder)).toThrow(`Cannot read the study in ${folder} as it holds no plan.jsonl`);
  });

  test("Results reads on from where it was, wherever the file was cut", () => {
    const text = [0, 1, 2].map((id) => `${JSON.stringify(line(id))}\n`).join("");
    const path = join(resultsFolder(folder), "one.jsonl");
    fc.assert(
      fc.property(fc.nat(text.length), (cut) => {
        new ResultsWriter(folder, "one");
        writeFileSync(path, text.slice(0, cut));
        const results = new Results(folder);
        const whole = text.slice(0, cut).split("\n").length - 1;
        expect(results.look().size).toBe(whole);
        appendFileSync(path, text.slice(cut));
        expect([...results.look().values()]).toEqual([line(0), line(1), line(2)]);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test("Results lets the latest claim's result count, in whichever file it stands", () => {
    new ResultsWriter(folder, "b").append({ ...line(0, 0), reason: "late" });
    new ResultsWriter(folder, "a").append({ ...line(0, 1), end: "timed-out" });
    expect(new Results(folder).look().get(0)!.end).toBe("timed-out");
  });

  test("readStudy() has finished when every trial has a result", () => {
    writePlan(folder, FACTS, [trial(0), trial(1)], ABOUT);
    expect(readStudy(folder)).toMatchObject({ finishedAt: null, name: "small", machine: { cpu: "one" } });
    const writer = new ResultsWriter(folder, "one");
    writer.append(line(1));
    expect(readStudy(folder).finishedAt).toBeNull();
    writer.append(line(0));
    const study = readStudy(folder);
    expect(study.finishedAt).toBe("2026-01-01T00:00:01.000Z");
    expect(study.results.get(1)!.final).toEqual({ validationLoss: 0.5 });
  });
});
