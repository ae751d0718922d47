import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const bin = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));

test("bin/thalweg.mjs runs as a program: result, message, exit code", () => {
  const good = spawnSync(process.execPath, [bin, "schedule", "linear", "--steps", "2"], { encoding: "utf8" });
  expect(good).toMatchObject({ status: 0, stdout: "1\n0.5\n", stderr: "" });
  const bad = spawnSync(process.execPath, [bin, "walk", "--surface", "beal", "--rule", "adam"], {
    encoding: "utf8",
  });
  expect(bad).toMatchObject({ status: 2, stdout: "" });
  expect(bad.stderr).toMatch(/did you mean "beale"/);
});

test("bin/thalweg.mjs ends quietly when its reader has seen enough", async () => {
  // far more than a pipe holds, so that writing goes on after the reader has gone
  const child = spawn(process.execPath, [bin, "schedule", "cosine", "--steps", "300000"]);
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = await once(child, "close");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
