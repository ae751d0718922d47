import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runCli } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-lab-cli-"));
const [folder, file] = [join(root, "runs"), join(root, "file.txt")];
mkdirSync(join(folder, "compare-x"), { recursive: true });
mkdirSync(join(root, "elsewhere"));
writeFileSync(file, "");
afterAll(() => rmSync(root, { recursive: true }));

// what the lab does when it is opened is tested in a browser: packages/web
test.each<[string, string[], string]>([
  ["a file for a folder", ["--folder", file], "must be a folder: it is a file"],
  [
    "a result that is not there",
    ["--folder", folder, "--show", join(folder, "compare-y")],
    "must be a folder below",
  ],
  [
    "a result from elsewhere",
    ["--folder", folder, "--show", join(root, "elsewhere")],
    "must be a folder below",
  ],
  ["the folder itself as a result", ["--folder", folder, "--show", folder], "must be a folder below"],
  ["a port that is none", ["--port", "70000"], "--port"],
])("lab refuses %s before anything is built", async (_, words, message) => {
  const { code, out, err } = await runCli(["lab", ...words]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
  expect(err).not.toContain("Building");
});
