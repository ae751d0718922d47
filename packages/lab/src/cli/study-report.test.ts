import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCURACY, LOSS, madeUpStudy } from "../../fixtures/made-up-study.ts";
import { saveMadeUpStudy } from "../../fixtures/save-made-up-study.ts";
import { runCli } from "./testing.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-report-"));
  const study = madeUpStudy({
    rules: [{ name: "adamw" }, { name: "sgd", effect: 0.2 }, { name: "lion" }],
    tasks: [
      { name: "spirals", metric: LOSS },
      { name: "digits", metric: ACCURACY },
    ],
  });
  saveMadeUpStudy(folder, study);
});
afterAll(() => rmSync(folder, { recursive: true }));

const claim = (text: string, ...more: string[]) =>
  runCli(["study", "claim", text, "--study", folder, ...more]);

test("study report writes the page and the numbers behind it, and says what was found", async () => {
  const { code, out, err } = await runCli(["study", "report", folder]);
  expect(code).toBe(0);
  expect(out).toMatch(/^made up: 312 of 312 runs\nAgainst adamw, in 2 conditions/);
  expect(out).toMatch(/^sgd +worse +0 +2 +0$/m);
  expect(out).toMatch(/^lion +undecided +0 +0 +2$/m);
  expect(err).toBe(`Report: ${join(folder, "report", "report.html")}\n`);
  expect(readdirSync(join(folder, "report")).sort()).toEqual([
    ...["claims.csv", "report.csv", "report.html", "report.json", "report.tex", "runs.csv"],
  ]);
  expect(readFileSync(join(folder, "report", "report.html"), "utf8")).toContain(
    `href="./../runs/0000000000000000/"`,
  );
});

test("study report --baseline --out --json reports against another rule, elsewhere", async () => {
  const out = join(folder, "elsewhere", "deep");
  const { code, out: json } = await runCli([
    "study",
    "report",
    folder,
    "--baseline",
    "sgd",
    "--out",
    out,
    "--json",
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(json)).toEqual(JSON.parse(readFileSync(join(out, "report.json"), "utf8")));
  expect(JSON.parse(json)).toMatchObject({ baseline: "sgd", comparisons: 6 });
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain(`href="./../../runs/0000000000000000/"`);
});

test("study report refuses a folder without a study and a baseline that is none of its rules", async () => {
  const empty = await runCli(["study", "report", join(folder, "nothing")]);
  expect(empty).toMatchObject({ code: 1, out: "" });
  expect(empty.err).toMatch(/^Cannot /);
  const baseline = await runCli(["study", "report", folder, "--baseline", "muon"]);
  expect(baseline).toMatchObject({ code: 2, out: "" });
  expect(baseline.err).toMatch(/baseline must be a rule of the study: it has adamw, sgd, lion/);
});

test("study claim answers for people and for programs, and exits with 0 whatever the answer", async () => {
  const supported = await claim("adamw < sgd on spirals");
  expect(supported).toMatchObject({ code: 0, err: "" });
  expect(supported.out).toMatch(/^supported: adamw < sgd on spirals at "warmup\(5%\) > cosine"\n/);
  expect(supported.out).toMatch(/A\/A band {4}±0\.\d+\n/);
  expect((await claim("adamw < sgd on digits")).out).toMatch(/^refuted: /); // an accuracy: lower is worse
  expect((await claim("lion better than adamw")).out).toMatch(/^not distinguishable: /);
  const json = await claim("sgd worse than adamw", "--json");
  expect(JSON.parse(json.out)).toMatchObject({
    study: "made up",
    answers: [{ verdict: "supported", condition: { task: "all" } }],
  });
});

test("study claim shows the place of what it cannot read", async () => {
  const { code, out, err } = await claim("adamw < sgdd on spirals");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/did you mean sgd\?\n {2}adamw < sgdd on spirals\n {10}\^\^\^\^\n$/);
});
