import { describe, expect, test } from "vitest";
import { benchmark, tasks } from "../tasks/index.ts";
import { runCli } from "./testing.ts";

describe("thalweg tasks", () => {
  test("lists every task, those of the benchmark with a star", async () => {
    const { code, out } = await runCli(["tasks"]);
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n").slice(1);
    expect(lines.length).toBe(Object.keys(tasks).length);
    expect(lines.filter((line) => line.startsWith("*")).length).toBe(12);
    for (const { name } of benchmark) expect(out).toContain(` ${name} `);
  });

  test("shows what is held fixed about one", async () => {
    const { out } = await runCli(["tasks", "quad-deep"]);
    expect(out).toMatch(/metric +testLoss \(loss\), lower is better, at best 86\.926/);
    expect(out).toMatch(/batches +of 128, in one order/);
    expect(out).toMatch(/frozen +[0-9a-f]{16}-353\.447/);
    const json = JSON.parse((await runCli(["tasks", "mnist14-mlp", "--json"])).out);
    expect(json).toMatchObject({ dataset: "mnist14-noisy", batchSize: 64, steps: 940, benchmark: true });
    expect(json).not.toHaveProperty("model");
  });

  test("suggests a name for one that there is not", async () => {
    const { code, err } = await runCli(["tasks", "quad-depp"]);
    expect(code).toBe(2);
    expect(err).toContain("quad-deep");
  });
});
