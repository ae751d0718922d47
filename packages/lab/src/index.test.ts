import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readOnnx } from "@thalweg/graph";
import ts from "typescript";
import { afterAll, expect, test } from "vitest";

// inside the package, so that @thalweg/lab is found from there
const folder = mkdtempSync(fileURLToPath(new URL("../test-", import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Run a TypeScript program; what it printed. */
function run(program: string): string {
  const { ESNext } = ts.ModuleKind;
  const plain = ts.transpile(program, { module: ESNext, target: ts.ScriptTarget.ES2022 });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", plain],
    { cwd: folder, encoding: "utf8" },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("the door loads no DOM before a report is asked for", () => {
  const loaded = run(`
    import { createRequire } from "node:module";
    const { cache } = createRequire(import.meta.url);
    const modules = () => Object.keys(cache).filter((path: string) => /node_modules.jsdom/.test(path)).length > 0;
    const { renderReport } = await import("@thalweg/lab");
    const before = modules();
    await renderReport({} as never).catch(() => {}); // nothing to render, but what renders is loaded
    console.log(before, modules());`);
  expect(loaded).toBe("false true\n");
});

test("the README's snippet runs as pasted, and prints the table", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const snippet = /```ts\n(.*?)```/s.exec(readme)![1]!;
  expect(snippet.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  expect(run(snippet)).toMatch(/^Rule .*^sgd .*baseline.*^adamw .*distinguishable/ms);
});

test("the project's README has a snippet that runs as pasted, and prints what its comment says", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const snippet = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const promised = /console\.log\(.*\); \/\/ (.*)\n/.exec(snippet)![1]!;
  expect(snippet.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  expect(run(snippet)).toBe(`${promised}\n`);
  expect(Number(promised)).toBe(signumOnRosenbrock(400));
});

test("the project's README fine-tunes an ONNX file in ten lines, to the accuracy that its comment says", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const snippet = [...readme.matchAll(/```ts\n(.*?)```/gs)][1]![1]!;
  expect(snippet.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  const [, promised, before] = /console\.log\(.*\); \/\/ ([\d.]+), from ([\d.]+)\n/.exec(snippet)!;
  const here = fileURLToPath(new URL("../../../", import.meta.url));
  const first = "console.log(evaluations[0]!.testAccuracy!.toFixed(2));";
  const printed = run(`${snippet.replace('"packages', `"${here}packages`)}\n${first}`)
    .trim()
    .split("\n");
  // other processors round otherwise: 0.01 are four images
  expect(Math.abs(Number(printed[0]) - Number(promised))).toBeLessThan(0.03);
  expect(printed[1]).toBe(before);
  const tuned = readOnnx(readFileSync(join(folder, "tuned.onnx")));
  expect([...tuned.initializers.keys()]).toContain("6.weight");
});

/** The snippet's walk, written out by hand. */
function signumOnRosenbrock(steps: number): number {
  let [x, y, mx, my] = [-1.5, 2, 0, 0];
  for (let t = 0; t < steps; t++) {
    mx = 0.9 * mx + (1 - 0.9) * (-2 * (1 - x) - 400 * x * (y - x * x));
    my = 0.9 * my + (1 - 0.9) * (200 * (y - x * x));
    x -= 0.02 * Math.sign(mx);
    y -= 0.02 * Math.sign(my);
  }
  return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
}
