import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { expect, test } from "vitest";
import { define } from "./bench.ts";
import { runCli } from "./testing.ts";

test("bench hands its words to bench/run.ts, and its refusals back", async () => {
  const { code, out, err } = await runCli(["bench", "stp", "--rounds", "2"]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/Cannot run stp as it is no benchmark: choose from step, copy, mlp, conv/);
  const rounds = await runCli(["bench", "all", "--rounds", "0"]);
  expect(rounds.code).toBe(2);
  expect(rounds.err).toMatch(/--rounds must be a whole number at least 1: current value is 0/); // so "all" was understood
});

test("bench says, exit 1, that a package without the repository has no benchmarks", async () => {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-no-bench-"));
  try {
    const command = new Command("bench").exitOverride();
    const io = { stdout: { write() {} }, stderr: { write() {} }, stdin: async () => "", env: {} };
    define(command, io, pathToFileURL(`${folder}/`));
    await expect(command.parseAsync(["step"], { from: "user" })).rejects.toMatchObject({
      name: "Failure",
      message: expect.stringContaining("clone Thalweg's repository"),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
