/** Through the command line as a process: a test's own loader would hide what Node's does. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { start } from "../compare/testing.ts";

const folder = mkdtempSync(join(tmpdir(), "no-package-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("importModule() takes a file, and one beside it, for modules where no package.json says so", async () => {
  const nn = JSON.stringify(import.meta.resolve("@thalweg/nn"));
  writeFileSync(join(folder, "size.ts"), "export const classes: number = 10;\n");
  const model = join(folder, "model.ts");
  writeFileSync(
    model,
    `import { flatten, linear, sequential } from ${nn};
import { classes } from "./size.ts";
export default sequential(flatten(), linear(64, classes));
`,
  );
  const words = ["train", model, "--data", "digits", "--rule", "sgd", "--steps", "2", "--json"];
  const { code, out, err } = await start([...words, "--out", join(folder, "run")]).ended;
  expect(err).not.toMatch(/Cannot/);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ end: "finished", step: 2 });
});
