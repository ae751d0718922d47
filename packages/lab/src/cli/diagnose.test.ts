import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDiagnoses } from "@thalweg/landscape";
import { afterAll, describe, expect, test } from "vitest";
import { DIAGNOSTICS } from "../compare/trial.ts";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-cli-diagnose-"));
afterAll(() => rmSync(root, { recursive: true }));

const train = (folder: string, more: string) =>
  runCli(
    `train digits-mlp --rule sgd --set lr=0.1 --steps 30 --out ${folder} --json ${more}`.trim().split(" "),
  );

describe("train --diagnose", () => {
  test("keeps diagnostics in the run's folder, and trains as without them", async () => {
    const [watched, plain] = [join(root, "watched"), join(root, "plain")];
    const first = await train(watched, "--diagnose");
    expect(first.code).toBe(0);
    const lines = readDiagnoses(join(watched, DIAGNOSTICS));
    expect(lines[0]).toMatchObject({ step: 1, examples: { examples: 16 } });
    expect(Object.keys(lines[0]!.tensors!.each)).toContain("1.weight");
    expect(JSON.parse(readFileSync(join(watched, "config.json"), "utf8")).diagnostics).toBe(0.1);
    const second = await train(plain, "");
    const losses = ({ out }: { out: string }) =>
      JSON.parse(out).evaluations.map(({ validationLoss }: { validationLoss: number }) => validationLoss);
    expect(losses(first)).toEqual(losses(second));
  }, 180_000);

  test("is shown by thalweg diagnostics: numbers, costs, alerts and a picture", async () => {
    const folder = join(root, "shown");
    expect((await train(folder, "--diagnose 1000000")).code).toBe(0);
    const [svg, png] = ["d.svg", "d.png"].map((name) => join(root, name)) as [string, string];
    const told = await runCli(["diagnostics", folder, "--plot", svg, "--plot", png]);
    expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: expect.stringContaining("Wrote") });
    expect(told.out).toMatch(/30 lines in 30 steps/);
    expect(told.out).toMatch(/sharpness λ₁ .* % of 2\/η/);
    expect(told.out).toMatch(/cost of curvature/);
    const picture = readFileSync(svg, "utf8");
    for (const title of [
      "Step quality α",
      "TIC",
      "Gradients by weights",
      "What it cost",
      "Batch size by CABS",
    ])
      expect(picture).toContain(title);
    expect(readFileSync(png).subarray(1, 4).toString("latin1")).toBe("PNG");
    const { lines } = JSON.parse((await runCli(["diagnostics", folder, "--json"])).out);
    const { curvature, examples, rate, stable, cabs } = lines[3];
    expect([rate, stable]).toEqual([0.1, 20]); // 2 / 0.1
    expect(curvature.ratio).toBeCloseTo(curvature.sharpness / 20, 12);
    expect(cabs).toBeCloseTo(0.1 * examples.cabsPerRate, 12);
    const none = await runCli(["diagnostics", root]);
    expect({ code: none.code, err: none.err }).toEqual({
      code: 2,
      err: expect.stringContaining("config.json"),
    });
  }, 180_000);

  test("takes other examples where batches come in parts, and refuses a budget that is none", async () => {
    const parts = join(root, "parts");
    expect(await train(parts, "--accumulate 2 --diagnose 1000000")).toMatchObject({ code: 0 });
    const lines = readDiagnoses(join(parts, DIAGNOSTICS));
    expect(lines).toHaveLength(30);
    expect(lines.every(({ examples }) => examples!.normTest > 0)).toBe(true);
    const { code, err } = await train(join(root, "none"), "--diagnose 0");
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("a share above 0 of a step's time: current value is 0"),
    ]);
  }, 180_000);
});
