import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeCsv } from "../exchange/csv.ts";
import { writeDeepobs } from "../exchange/deepobs.ts";
import { readTensorboard } from "../exchange/tensorboard/read.ts";
import { anyRun } from "../exchange/testing.ts";
import { assessStudy } from "../study/assess.ts";
import { answerClaim } from "../study/claim-answer.ts";
import { readStudy } from "../study/read-study.ts";
import { runCli } from "./testing.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-exchange-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const runs = fc
  .sample(anyRun, { numRuns: 6, seed: 4 })
  .map((run, seed) => ({ ...run, seed, hyper: { lr: 0.1 } }));

describe("thalweg study import", () => {
  it("makes a study of a folder of DeepOBS, which a claim can be asked of", async () => {
    const equal = runs.map((run, i) => ({
      ...run,
      rule: i % 2 === 0 ? "sgd" : "adamw",
      seed: 43 + Math.floor(i / 2),
      steps: 10,
      evaluations: run.evaluations.slice(0, 2),
    }));
    writeDeepobs(equal, join(folder, "theirs"));
    const place = join(folder, "study");
    const { code, out, err } = await runCli([
      "study",
      "import",
      join(folder, "theirs"),
      "--from",
      "deepobs",
      "-o",
      place,
      "--json",
    ]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({
      runs: 6,
      tasks: ["mnist_mlp"],
      rules: ["adamw", "sgd"],
      trials: 6,
    });
    const [answer] = answerClaim(assessStudy(readStudy(place)), "adamw better than sgd on mnist_mlp");
    expect(answer).toMatchObject({ verdict: expect.stringMatching(/supported|refuted|not distinguishable/) });
  });

  it("refuses --task without --beside, a format that it does not know, and a folder without runs", async () => {
    const ask = async (...more: string[]) =>
      runCli(["study", "import", folder, "-o", join(folder, "s"), ...more]);
    expect(await ask("--from", "deepobs", "--task", "a=b")).toMatchObject({
      code: 2,
      err: expect.stringContaining("without --beside"),
    });
    expect(await ask("--from", "mlflow")).toMatchObject({
      code: 2,
      err: expect.stringContaining("must be one of tfevents, optuna"),
    });
    expect(await ask("--from", "deepobs")).toMatchObject({
      code: 2,
      err: expect.stringContaining("there must be runs: none was found"),
    });
    expect(existsSync(join(folder, "s"))).toBe(false);
  });
});

describe("thalweg study export", () => {
  it("takes what thalweg train made, which has an event file of its own already", async () => {
    const place = join(folder, "runs", "one");
    const trained = await runCli([
      "train",
      "quad-deep",
      "--rule",
      "sgd",
      "--steps",
      "70",
      "--seed",
      "3",
      "--out",
      place,
    ]);
    expect(trained.code).toBe(0);
    const [own] = readTensorboard(place);
    expect(own).toMatchObject({
      task: "quad-deep",
      rule: "sgd",
      steps: 70,
      hyper: { lr: 0.01 },
      end: "finished",
    });
    expect(own!.evaluations.map(({ step }) => step)).toEqual([0, 35, 70]);
    const { code, out } = await runCli([
      "study",
      "export",
      join(folder, "runs"),
      "--to",
      "tfevents",
      "-o",
      join(folder, "events"),
      "--json",
    ]);
    expect(code).toBe(0);
    const [file] = (JSON.parse(out) as { files: string[] }).files;
    const made = readdirSync(place).find((name) => name.includes("tfevents"));
    expect(readFileSync(file!).equals(readFileSync(join(place, made!)))).toBe(true);
  });

  it("refuses a folder that holds no runs", async () => {
    writeCsv(runs, folder);
    expect(
      await runCli(["study", "export", folder, "--to", "tfevents", "-o", join(folder, "x")]),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining("there is no plan.jsonl, and no config.json with a run.jsonl"),
    });
  });
});
