import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const find = (line: string) => runCli(["find-lr", ...line.split(" ")]);

const SMALL = "digits-mlp --rule momentum --seeds 2 --steps 120";

describe("find-lr", () => {
  test("prints ours and all other methods, with the rates between which to look", async () => {
    const { code, out, err } = await find(SMALL);
    expect(err).toBe("");
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toBe("Learning rates for momentum on digits-mlp, 2 seeds · 120 steps up and down each");
    expect(lines[2]).toMatch(/^method +lr +over seeds +what it reads$/);
    expect(lines[3]).toMatch(/^thalweg +0\.\d+ +0\.\d+ to 0\.\d+ +where noise/);
    expect(lines.slice(4, 13).map((line) => line.split(" ")[0])).toEqual([
      "fastai.valley",
      "fastai.slide",
      "fastai.steep",
      "fastai.minimum",
      "torch-lr-finder",
      "ignite",
      "lightning<2.5.3",
      "lightning>=2.5.3",
      "keras-lr-finder",
    ]);
    expect(out).toMatch(/\nUseful from 0\.\d+, stable to 0\.\d+\.\n$/);
  });

  test("suggests a rate that practice would: for momentum on the digits between 0.003 and 0.1", async () => {
    const result = JSON.parse((await find(`${SMALL} --json`)).out);
    expect(result).toMatchObject({
      task: "digits-mlp",
      rule: "momentum",
      seeds: [0, 1],
      steps: 120,
      from: 1e-6,
      to: 10,
    });
    expect(result.suggestion).toBeGreaterThan(0.003);
    expect(result.suggestion).toBeLessThan(0.1);
    expect(result.suggestion).toBe(result.suggestions[0].rate.median);
    expect(result.usefulFrom).toBeLessThan(result.suggestion);
    expect(result.stableTo).toBeGreaterThanOrEqual(result.suggestion);
    expect(result.tests).toHaveLength(2);
    expect(result.tests[0].up.rates).toHaveLength(120);
  });

  test("gives the same bytes again, and other ones for another momentum", async () => {
    const first = await find(`${SMALL} --json`);
    expect((await find(`${SMALL} --json`)).out).toBe(first.out);
    const heavy = await find(`${SMALL} --set momentum=0.99 --json`);
    expect(JSON.parse(heavy.out).suggestion).toBeLessThan(JSON.parse(first.out).suggestion);
  });

  test("draws a standalone SVG that names its suggestion", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thalweg-find-lr-"));
    const file = join(folder, "rates.svg");
    const { code, out } = await find(`${SMALL} --plot ${file}`);
    const svg = await readFile(file, "utf8");
    await rm(folder, { recursive: true });
    expect(code).toBe(0);
    const suggestion = /^thalweg +(\S+)/m.exec(out)![1]!;
    expect(svg).toContain(`>${suggestion}</text>`);
    for (const text of [
      "Learning rates for momentum on digits-mlp",
      "back down",
      "unstable",
      "fastai.valley",
    ]) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("says why, and ends with 1, where the range holds no answer", async () => {
    const { code, out, err } = await find("digits-mlp --rule sgd --seeds 2 --steps 60 --from 1e-9 --to 1e-7");
    expect(code).toBe(1);
    expect(out).toMatch(/^thalweg +none/m);
    expect(err).toContain("No reading from 2 of 2 seeds: the loss never fell between 1e-9 and 1e-7");
    expect(err).toContain("no seed gave a reading");
  });

  test.each([
    ["digits-mlp", "Cannot go on without --rule"],
    ["digits-mlp --rule sdg", 'Cannot find the rule "sdg"'],
    ["digts-mlp --rule sgd", "digits-mlp"],
    ["digits-mlp --rule sgd --set lr=0.1", "Cannot set lr to 0.1 as it is what is looked for"],
    ["digits-mlp --rule momentum --set momentum=1", "momentum must be in [0, 1)"],
    ["digits-mlp --rule agd", "agd has no hyperparameter lr: it has gain"],
    ["digits-mlp --rule sgd --from 1 --to 0.1", "they are 1 and 0.1"],
    ["digits-mlp --rule sgd --from 0", "they are 0 and 10"],
    ["digits-mlp --rule sgd --steps 10", "--steps"],
    ["digits-mlp --rule sgd --seeds 0", "--seeds"],
  ])("refuses %s with exit 2", async (line, message) => {
    const { code, out, err } = await find(line);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });
});
