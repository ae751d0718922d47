/** The README's snippet, run as it would be pasted, and its table held to the zoo. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { zoo } from "./index.ts";

const folder = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");

const snippets = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), ([, text]) => text!);
const promises = snippets.map((snippet) => /console\.log\(.*\); \/\/ (.*)\n/.exec(snippet)![1]!);

test("README: both snippets print what their comments say", () => {
  expect(snippets[0]!.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  snippets.forEach((snippet, k) => {
    const plain = ts.transpile(snippet, { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 });
    const command = ["--import", "tsx", "--input-type=module", "--eval", plain];
    const printed = execFileSync(process.execPath, command, { cwd: fileURLToPath(folder), encoding: "utf8" });
    expect(printed.trim()).toBe(promises[k]);
  });
});

test("README: a network that knows nothing is as surprised as it should be", () => {
  // five characters, each as likely to come next: ln 5 = 1.61. With a shared table the logit of a token's own repetition is some
  // ‖x‖ ‖w‖ / √2 = √32 · 0.02 √32 / √2 = 0.45 before anything is learnt, and none repeats here
  const own = Math.exp(0.02 * 32 * Math.SQRT1_2);
  expect(Math.abs(Number(promises[0]) - Math.log(4 + own))).toBeLessThan(0.1);
});

test("README: the table lists the whole zoo with its numbers of parameters", () => {
  const rows = [...readme.matchAll(/^\| `([^`]+)` \| `(\w+)` \| ([\d ]+) \|/gm)];
  const listed = rows.map(([, name, , count]) => [name!, Number(count!.replaceAll(" ", ""))]);
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries(Object.entries(zoo).map(([name, { parameters }]) => [name, parameters])),
  );
});
