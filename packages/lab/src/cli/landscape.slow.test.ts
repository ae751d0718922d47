import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const THALWEG = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "thalweg-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("landscape", () => {
  test("acceptance 12: killed in its middle goes on where it was, and ends with the bits of one that was not", async () => {
    const line = (out: string) => [
      "landscape",
      "digits-mlp",
      "--workers",
      "1",
      "--examples",
      "1200",
      "--range",
      "-1:1:61",
      "--json",
      "--out",
      join(folder, out),
    ];
    const killed = spawn(process.execPath, [THALWEG, ...line("killed")], { stdio: "ignore" });
    const ended = once(killed, "close");
    const log = join(folder, "killed", "tiles.bin");
    while (!existsSync(log) || statSync(log).size < 100_000) {
      expect(killed.exitCode).toBeNull(); // still at work
      await wait(10);
    }
    killed.kill("SIGKILL");
    await ended;
    expect(existsSync(join(folder, "killed", "surface.npz"))).toBe(false);
    const [resumed, whole] = [await runCli(line("killed")), await runCli(line("whole"))].map(({ out }) =>
      JSON.parse(out),
    );
    expect(resumed.kept).toBeGreaterThan(3);
    expect(resumed.evaluated).toBe(whole.evaluated - resumed.kept);
    expect(resumed.values).toEqual(whole.values);
    expect(resumed.standardError).toEqual(whole.standardError);
  });
});
