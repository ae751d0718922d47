/** The README's snippet, run as it would be pasted, and its table held to the catalogue. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { catalogue } from "./rules/index.ts";

const cwd = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", cwd), "utf8");

it("README: the snippet prints what its comment says", () => {
  const [, snippet = ""] = /```ts\n(.*?)```/s.exec(readme)!;
  const [, promised = ""] = /console\.log\(.*\); \/\/ (.*)\n/.exec(snippet)!;
  const command = ["--import", "tsx", "--input-type=module", "--eval", snippet];
  const printed = execFileSync(process.execPath, command, { cwd: fileURLToPath(cwd), encoding: "utf8" });
  expect(printed.trim()).toBe(promised);
});

it("README: the table has every rule of the catalogue, family by family", () => {
  const rows = readme.split("\n").filter((line) => /^\| [a-z-]+ +\| `/.test(line));
  const table = rows.map((line) => {
    const [, family = "", names = ""] = line.split("|");
    return [family.trim(), [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!)] as const;
  });
  const named = table.flatMap(([family, names]) => names.map((name) => [name, family]));
  expect(named).toEqual(Object.entries(catalogue).map(([name, { family }]) => [name, family]));
});
