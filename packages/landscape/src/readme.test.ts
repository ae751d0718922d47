/** The README's snippet, run as it would be pasted. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const folder = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");

test("README: the snippet prints what its comment says", () => {
  const [, snippet] = /```ts\n(.*?)```/s.exec(readme)!;
  expect(snippet!.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  const plain = ts.transpile(snippet!, { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 });
  const command = ["--import", "tsx", "--input-type=module", "--eval", plain];
  const printed = execFileSync(process.execPath, command, { cwd: fileURLToPath(folder), encoding: "utf8" });
  expect(printed.trim()).toBe(/console\.log\(.*\); \/\/ (.*)\n/.exec(snippet!)![1]);
});
