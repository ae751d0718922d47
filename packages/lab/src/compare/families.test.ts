import { catalogue, checkHyper, rules, wrapperCatalogue } from "@thalweg/optim";
import { describe, expect, it, test } from "vitest";
import { readRuleSpec } from "../rules/index.ts";
import { parseSpace, suggest } from "../samplers/index.ts";
import { deepobsSpaceOf, FAMILIES, familySpaceOf } from "./families.ts";
import { SPACES } from "./spaces.ts";

const ruleOf = (text: string) => readRuleSpec(text).rule;

describe.each(Object.entries(FAMILIES))("the family %s", (_, rows) => {
  it.each(Object.keys(rows))("has for %s a space whose every end the rule takes", (name) => {
    const rule = Object.hasOwn(catalogue, name) ? rules[name]! : ruleOf(`sgd > ${name}`);
    expect(Object.hasOwn(catalogue, name) || Object.hasOwn(wrapperCatalogue, name)).toBe(true);
    for (const [hyper, dimension] of Object.entries(parseSpace(rows[name]!))) {
      const ends = dimension.type === "categorical" ? dimension.choices : [dimension.low, dimension.high];
      for (const end of ends) expect(() => checkHyper(rule, { [hyper]: end as number })).not.toThrow();
      if ("orZero" in dimension) expect(() => checkHyper(rule, { [hyper]: 0 })).not.toThrow();
    }
  });
});

test("FAMILIES.cv2021 has the Crowded Valley's ranges: published draws lie inside", () => {
  // draws that stand in the names of published folders: amsgrad, adabound, momentum, rmsprop
  const drawn: [string, Record<string, number>][] = [
    ["amsgrad", { beta1: 0.51103032267, beta2: 0.92149824486, lr: 2.7012557725e-4 }],
    [
      "adabound",
      {
        beta1: 0.6231352285,
        beta2: 0.81981660247,
        finalLr: 0.26215033588,
        gamma: 4.8284249748e-4,
        lr: 0.16973078532,
      },
    ],
    ["momentum", { lr: 1.8206e-4, momentum: 0.37549 }],
    ["rmsprop", { lr: 1.5375920235e-2, alpha: 0.37549 }],
  ];
  for (const [name, values] of drawn) {
    const space = familySpaceOf(FAMILIES.cv2021, ruleOf(name));
    expect(Object.keys(space).sort()).toEqual(Object.keys(values).sort());
    for (const [hyper, value] of Object.entries(values)) {
      const { low, high } = space[hyper] as { low: number; high: number };
      expect({ hyper, inside: low <= value && value <= high }).toEqual({ hyper, inside: true });
    }
  }
});

test("familySpaceOf() follows rules into chains, takes wrappers in, and has the rate for whom it does not name", () => {
  const of = (text: string) => Object.keys(familySpaceOf(FAMILIES.cv2021, ruleOf(text)));
  expect(of("momentum > lookahead")).toEqual(["lr", "momentum", "slowStep", "interval"]);
  expect(familySpaceOf(FAMILIES.modern, ruleOf("novograd"))).toEqual(SPACES.novograd);
  expect(familySpaceOf(FAMILIES.modern, ruleOf("prodigy"))).toEqual({});
});

test("deepobsSpaceOf() is a grid of 36 rates", () => {
  const space = deepobsSpaceOf(ruleOf("clipByValue > adam"));
  const rates = Array.from(
    { length: 36 },
    (_, k) => suggest({ space, studySeed: 0, budget: 36, sampler: "grid" }, k).lr as number,
  );
  expect([rates[0], rates[35]]).toEqual([1e-5, 100]);
  expect(rates[5]).toBeCloseTo(1e-4, 16);
});
