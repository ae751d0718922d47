/** The README's snippet, run as it would be pasted, and its table held to the language. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { AGGREGATES, CALLABLE, MATRIX_FUNCTIONS } from "./functions.ts";

const folder = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");

test("README: the snippet prints what its comment says", () => {
  const [, snippet = ""] = /```ts\n(.*?)```/s.exec(readme)!;
  const [, promised = ""] = /console\.log\(.*\); \/\/ (.*)\n/.exec(snippet)!;
  const command = ["--import", "tsx", "--input-type=module", "--eval", snippet];
  const printed = execFileSync(process.execPath, command, { cwd: fileURLToPath(folder), encoding: "utf8" });
  expect(printed.trim()).toBe(promised);
});

test("README: the table has every function", () => {
  const table = readme.split("\n").filter((line) => /^\| (per|over|of) /.test(line));
  const names = table.flatMap((line) =>
    [...line.matchAll(/`([^`]+)`/g)].flatMap(([, text]) => text!.replace(/\(.*\)/, "").split(" ")),
  );
  expect(names.sort()).toEqual([...CALLABLE, ...Object.keys({ ...AGGREGATES, ...MATRIX_FUNCTIONS })].sort());
});
