/** The README's snippet of a minimization, run as it would be pasted, and the methods that it names. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { minimizers } from "./methods.ts";

const cwd = new URL("../..", import.meta.url);
const readme = readFileSync(new URL("README.md", cwd), "utf8");
const [, section = ""] = /## Methods that call the function again(.*)/s.exec(readme)!;

it("README: the snippet prints what its comment says", () => {
  const [, snippet = ""] = /```ts\n(.*?)```/s.exec(section)!;
  const [, promised = ""] = /\n\/\/ (.*)\n/.exec(snippet)!;
  const plain = snippet.replaceAll(/(?<=\w|\])!/g, ""); // Node evaluates text as JavaScript: without TypeScript's marks
  const command = ["--import", "tsx", "--input-type=module", "--eval", plain];
  const printed = execFileSync(process.execPath, command, { cwd: fileURLToPath(cwd), encoding: "utf8" });
  expect(printed.trim()).toBe(promised);
});

it("README: every method that it names is there", () => {
  const rows = section.split("\n").filter((line) => line.startsWith("| **"));
  const names = rows.flatMap((line) => [...line.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!));
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) expect(Object.hasOwn(minimizers, name), name).toBe(true);
});
