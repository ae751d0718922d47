/** A comparison whose trials are chosen by what came of earlier ones. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { suggest } from "../samplers/index.ts";
import { tasks } from "../tasks/index.ts";
import { loadTask } from "../tasks/load.ts";
import { type CompareOptions, compare } from "./compare.ts";
import { SPACES } from "./spaces.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-learning-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("compare() with tpe learns after ten trials, and gives the same trials on any number of workers", async () => {
  const digits = await loadTask(tasks["digits-mlp"]!, { say() {} });
  const run = async (name: string, more: Partial<CompareOptions>) => {
    const small = { rules: ["sgd"], budget: 13, seeds: 1, steps: 15, schedule: "constant" };
    const measured = await compare({ ...digits, ...small, folder: join(root, name), ...more });
    const [{ trials }] = measured.rules as [(typeof measured.rules)[0]];
    return {
      sampler: measured.study.sampler,
      rates: trials.map(({ hyperparameters }) => hyperparameters.lr as number),
    };
  };
  const one = await run("one", { sampler: "tpe", workers: 1 });
  expect((await run("two", { sampler: "tpe", workers: 2 })).rates).toEqual(one.rates);
  expect(one.sampler).toMatch(/10 scrambled Halton points, then tree-structured Parzen estimator/);

  // the default, then Halton's points
  const study = { space: SPACES.sgd!, studySeed: 0, budget: 13 };
  const placed = Array.from({ length: 13 }, (_, k) => suggest(study, k).lr as number);
  expect(one.rates.slice(1, 10)).toEqual(placed.slice(1, 10));
  // after fifteen steps of sgd the highest rates that do not diverge are best: 0.1 and above, of a range down to 0.001
  const learnt = one.rates.slice(10);
  expect(learnt).not.toEqual(placed.slice(10));
  for (const lr of learnt) expect(lr).toBeGreaterThan(0.05);
});

test("compare() refuses a sampler that it does not have", async () => {
  const digits = await loadTask(tasks["digits-mlp"]!, { say() {} });
  const options = { ...digits, rules: ["sgd"], folder: join(root, "refused"), sampler: "grids" };
  await expect(compare(options as unknown as CompareOptions)).rejects.toThrow(
    /the sampler "grids".*did you mean "grid"/,
  );
});
