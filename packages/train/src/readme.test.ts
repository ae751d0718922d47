/** The README's snippet, run as it would be pasted. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const folder = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");

test("README: the snippet prints what its comment says", () => {
  const [, snippet] = /```js\n(.*?)```/s.exec(readme)!;
  const [, promised] = /console\.log\(.*\); \/\/ (.*)\n/.exec(snippet!)!;
  const command = ["--import", "tsx", "--input-type=module", "--eval", snippet!];
  const printed = execFileSync(process.execPath, command, { cwd: fileURLToPath(folder), encoding: "utf8" });
  expect(printed.trim()).toBe(promised);
});
