import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRun, type JsonObject } from "@thalweg/train";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../cli/testing.ts";
import { writeImported } from "../exchange/imported.ts";
import { recordedRuns } from "../exchange/recorded-run.ts";
import { studyOfRuns } from "../exchange/study-of-runs.ts";

let folder = "";
/** Rules a and b, learning rates 0.1 and 0.2, seeds 1 to 3: the loss at the end is that of the rule plus the seed over ten. */
const LOSS = { a: 1, b: 2 } as const;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-query-"));
  for (const rule of ["a", "b"] as const) {
    for (const seed of [1, 2, 3]) {
      const config: JsonObject = {
        ...{ kind: "training", task: "bowl", rule, schedule: "constant", batchSize: 8, steps: 20, seed },
        hyper: {
          lr: rule === "a" ? 0.1 : 0.2,
          ...(rule === "b" && { nesterov: true, "inner.beta": "half" }),
        },
      };
      const run = createRun(join(folder, "runs", `${rule}-${seed}`), config);
      const at = (step: number, loss: number) =>
        run.appendLine({
          step,
          gradients: step,
          seconds: step / 10,
          trainLoss: step === 0 ? Number.NaN : loss,
          validationLoss: loss,
          testLoss: loss,
        });
      at(0, 9);
      at(20, rule === "b" && seed === 3 ? Number.POSITIVE_INFINITY : LOSS[rule] + seed / 10);
      run.appendLine({
        end: rule === "b" && seed === 3 ? "diverged" : "finished",
        step: 20,
        gradients: 20,
        seconds: 2,
      });
    }
  }
  const runs = recordedRuns(join(folder, "runs"));
  writeImported(join(folder, "study"), studyOfRuns(runs, { name: "made", source: "test", command: "made" }));
  mkdirSync(join(folder, "nothing"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ask = async (sql: string, ...more: string[]) => {
  const { code, out, err } = await runCli(["query", sql, folder, "--json", ...more]);
  return code === 0 ? (JSON.parse(out) as unknown) : { code, err };
};

describe("thalweg query", () => {
  it("averages over seeds, of runs and of trials alike", async () => {
    const averages = [
      { rule: "a", loss: expect.closeTo(1.2, 12), n: 3 },
      { rule: "b", loss: expect.closeTo(2.15, 12), n: 2 },
    ];
    const of = (table: string) =>
      `select rule, avg(test_loss) loss, count(*) n from ${table} where status = 'finished' group by rule order by rule`;
    expect(await ask(of("runs"))).toEqual(averages);
    expect(await ask(of("trials"))).toEqual(averages);
  });

  it("has the values that rules ran with in a struct, of numbers, truth values and words", async () => {
    const sql =
      'select distinct rule, hyper.lr, hyper.nesterov, hyper."inner.beta" word from runs order by rule';
    expect(await ask(sql)).toEqual([
      { rule: "a", lr: 0.1, nesterov: null, word: null },
      { rule: "b", lr: 0.2, nesterov: true, word: "half" },
    ]);
  });

  it("has every evaluation; NaN is null and so left out of means, infinity stays", async () => {
    const sql =
      "select step, count(*) n, count(train_loss) known, max(validation_loss) worst from evaluations group by step order by step";
    expect(await ask(sql)).toEqual([
      { step: 0, n: 6, known: 0, worst: 9 },
      { step: 20, n: 6, known: 6, worst: "Infinity" },
    ]);
  });

  it("has the columns that its documentation names", async () => {
    const columns = async (table: string) =>
      ((await ask(`describe ${table}`)) as { column_name: string }[]).map((row) => row.column_name);
    const setting = ["task", "rule", "schedule", "batch_size", "steps", "seed", "hyper"];
    const measures = ["test_loss", "train_loss", "validation_loss"];
    expect(await columns("evaluations")).toEqual(["folder", ...setting, "step", "seconds", ...measures]);
    expect(await columns("runs")).toEqual([
      "folder",
      ...setting,
      "status",
      "started_at",
      "step",
      "seconds",
      ...measures,
    ]);
    const ended = ["status", "reason", "step", "gradients", "seconds", "folder"];
    const [best, initial] = ["best_", "initial_"].map((prefix) => measures.map((name) => prefix + name));
    expect(await columns("trials")).toEqual([
      "study",
      "id",
      ...setting,
      "replicate",
      "phase",
      "number",
      "until",
      ...ended,
      ...measures,
      ...best!,
      ...initial!,
    ]);
  });

  it("shows the place of a mistake in SQL", async () => {
    expect(await ask("select tset_loss\nfrom runs")).toEqual({
      code: 2,
      err: expect.stringMatching(
        /Binder Error: Referenced column "tset_loss" not found[\s\S]*LINE 1: select tset_loss\s+\^\n/,
      ),
    });
    expect(await ask("selec 1")).toEqual({
      code: 2,
      err: expect.stringMatching(/syntax error at or near "selec"\s+LINE 1: selec 1\n\s+\^/),
    });
  });

  it("prints tables and CSV, and refuses what is no folder of results", async () => {
    const run = async (...argv: string[]) =>
      runCli(["query", "select rule, steps from runs where seed = 1 order by rule", ...argv]);
    expect((await run(folder)).out).toBe("rule  steps\na        20\nb        20\n");
    expect((await run(folder, "--csv")).out).toBe("rule,steps\na,20\nb,20\n");
    expect(await run(folder, "--csv", "--json")).toMatchObject({
      code: 2,
      err: expect.stringContaining("choose --json or --csv"),
    });
    expect(await run(join(folder, "nothing"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("there are none"),
    });
    expect(await run(join(folder, "nowhere"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("must be a folder"),
    });
  });
});
