import { describe, expect, it } from "vitest";
import { isDocumented } from "../laws/laws.ts";
import { buildRule, type CatalogueEntry } from "./catalogue.ts";
import { withHyper } from "./rule.ts";
import { catalogue, rmsprop, sgd } from "./rules/index.ts";

const fast = withHyper(sgd, { lr: 1 });
const entry: CatalogueEntry = {
  family: "classic",
  rule: sgd,
  use: "…",
  watch: "…",
  choices: { pace: ["slow", "fast"], loud: [false, true] },
  build: ({ pace, loud }) => (pace === "fast" ? withHyper(fast, { lr: loud ? 2 : 1 }) : sgd),
};

describe("buildRule()", () => {
  it("takes numbers for hyperparameters, and texts and truth values for choices", () => {
    expect(buildRule(catalogue.rmsprop!, { lr: 0.5 }).hyper).toEqual({ ...rmsprop.hyper, lr: 0.5 });
    expect(buildRule(entry, { pace: "fast" }).hyper.lr).toBe(1);
    expect(buildRule(entry, { pace: "fast", loud: true }).hyper.lr).toBe(2);
    expect(buildRule(entry, { pace: "fast", loud: "true" }).hyper.lr).toBe(2); // as a command line writes it
    expect(buildRule(entry, { pace: "fast", lr: 7 }).hyper.lr).toBe(7);
    expect(buildRule(entry, {})).toEqual(sgd);
  });

  it.each([
    [{ pace: "fats" }, /pace must be one of slow, fast: current value is fats; did you mean fast\?/],
    [{ pase: "fast" }, /no option "pase": it has lr, pace, loud; did you mean "pace"\?/],
    [{ lr: "fast" }, /lr must be a number: current value is "fast"/],
    [{ lr: -1 }, /lr must be finite and not negative: current value is -1/],
    [{ rl: 1 }, /no hyperparameter "rl"/],
    [{ loud: 3 }, /loud must be one of false, true: current value is 3/],
  ])("refuses %j", (options, message) => {
    expect(() => buildRule(entry, options)).toThrow(RangeError);
    expect(() => buildRule(entry, options)).toThrow(message);
  });
});

describe("catalogue", () => {
  it("names each rule as the rule names itself, and says when to use it and what to watch for", () => {
    for (const [name, { rule, use, watch }] of Object.entries(catalogue)) {
      expect(rule.name).toBe(name);
      expect(use.length).toBeGreaterThan(20);
      expect(watch.length).toBeGreaterThan(20);
    }
  });

  it("builds a rule for every value of every choice, the first of which is the default", () => {
    for (const { rule, choices = {}, build } of Object.values(catalogue)) {
      expect(build === undefined).toBe(Object.keys(choices).length === 0);
      for (const [name, values] of Object.entries(choices)) {
        for (const value of values) {
          const built = buildRule(
            { family: "classic", use: "", watch: "", rule, choices, build: build! },
            { [name]: value },
          );
          expect(built.links.length).toBeGreaterThan(0);
          isDocumented(built);
          if (value === values[0])
            expect(built.links.map(({ update }) => update)).toEqual(rule.links.map(({ update }) => update));
        }
      }
    }
  });
});
