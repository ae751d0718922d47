import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRuleSpec } from "../rules/index.ts";
import { spaceFamily } from "./families.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thalweg-space-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const lr = { min: 1e-4, max: 1e-2, scaling: "log" };

test("spaceFamily() finds families by name, and says which there are", () => {
  const names = (family: string, rule: string) => Object.keys(spaceFamily(family)(readRuleSpec(rule), rule));
  expect(names("learning-rate", "adamw")).toEqual(["lr"]);
  expect(names("modern", "adamw")).toEqual(["lr", "beta1", "beta2", "weightDecay"]);
  expect(names("cv2021", "momentum")).toEqual(["lr", "momentum"]);
  expect(spaceFamily("deepobs")(readRuleSpec("sgd"), "sgd").lr).toMatchObject({ levels: 36 });
  expect(() => spaceFamily("modren")).toThrow(/modern/);
});

test("spaceFamily() reads a file in AlgoPerf's form: each rule searches what it has of it", () => {
  const path = join(folder, "tuning_search_space.json");
  writeFileSync(
    path,
    JSON.stringify({
      learning_rate: lr,
      one_minus_beta1: { min: 0.02, max: 0.5, scaling: "log" },
      dropout_rate: { feasible_points: [0] },
    }),
  );
  const family = spaceFamily(path);
  expect(family(readRuleSpec("adamw"), "adamw")).toEqual({
    lr: { low: 1e-4, high: 1e-2, log: true },
    beta1: { low: 0.5, high: 0.98, oneMinus: true },
  });
  expect(Object.keys(family(readRuleSpec("sgd"), "sgd"))).toEqual(["lr"]);
  expect(() => family(readRuleSpec("agd"), "agd")).toThrow(
    /Cannot search agd by .* as it must name one of its values, gain: it names lr, beta1/,
  );
  expect(() => spaceFamily(join(folder, "none.json"))).toThrow(
    /Cannot read the space .*none\.json as ENOENT/,
  );
});

test("spaceFamily() takes AlgoPerf's form for one rule too, and checks its ends", () => {
  const family = spaceFamily({ sgd: { learning_rate: { ...lr, min: -1, scaling: "linear" } } });
  expect(() => family(readRuleSpec("sgd"), "sgd")).toThrow(/lr/);
});
