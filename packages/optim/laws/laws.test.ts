/** Every law for every rule of the catalogue; and a wrong rule for every law that a formula can break. */
import { describe, expect, it } from "vitest";
import { type Rule, rule } from "../src/rule.ts";
import { rules } from "../src/rules/index.ts";
import { LAWS, type Law } from "./laws.ts";

const exemptions = ({ exempt = {} }: Law) => Object.entries(exempt);

describe.each(Object.entries(rules))("%s", (name, one) => {
  const held = Object.entries(LAWS).filter(([, law]) => !exemptions(law).some(([exempt]) => exempt === name));
  it.each(held)("%s", (_, law) => {
    law.check(one);
  });
});

describe("exemptions", () => {
  const all = Object.entries(LAWS).flatMap(([sentence, law]) =>
    exemptions(law).map(([name, reason]) => ({ name, sentence, law, reason })),
  );

  it.each(all)("$name, $sentence: breaks the law, and has a reason", ({ name, law, reason }) => {
    expect(reason.length).toBeGreaterThan(20);
    expect(Object.hasOwn(rules, name)).toBe(true);
    expect(() => law.check(rules[name]!)).toThrow();
  });
});

describe("LAWS", () => {
  const wrong = (update: string, state: string[] = []): Rule =>
    rule({ name: "wrong", hyper: { lr: 0.01 }, state, update, summary: "Wrong.", source: "nobody, 2026" });
  const centred = wrong("theta = theta - lr * (g - mean(g))");
  const noticed: [law: string, by: Rule][] = [
    ["converges on a bowl", wrong("theta = theta + lr * g")],
    ["makes progress on Rosenbrock's valley", wrong("theta = theta - lr * sign(g) * 0.1")],
    ["stands still on zero gradients from fresh state", wrong("theta = theta - lr * (g + 1)")],
    ["does not see how tensors are cut", centred],
    ["is one pass over memory", centred],
    // beside 1e4, float32 keeps three digits of a gradient after the point, float64 twelve
    ["its kernel follows the reference down a noisy bowl", wrong("theta = theta - lr * (1e4 + g - 1e4)")],
    ["says what it is", rule({ name: "silent", hyper: { lr: 0.01 }, update: "theta = theta - lr * g" })],
    [
      "says what it is",
      rule({
        name: "wrong",
        hyper: { mystery: 1 },
        update: "theta = g",
        summary: "Wrong.",
        source: "nobody, 2026",
      }),
    ],
  ];

  it.each(noticed)("%s: a wrong rule is noticed", (sentence, by) => {
    expect(() => LAWS[sentence]!.check(by)).toThrow();
  });
});

describe("rules", () => {
  it("are listed under their own names", () => {
    expect(Object.values(rules).map(({ name }) => name)).toEqual(Object.keys(rules));
  });
});
