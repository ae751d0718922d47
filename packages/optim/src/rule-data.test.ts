import { describe, expect, it } from "vitest";
import { chain, readRule, writeRule } from "./rule.ts";
import { adamw, rules } from "./rules/index.ts";
import { clipByGlobalNorm } from "./transforms/index.ts";

const throughJson = (rule: typeof adamw) => readRule(JSON.parse(JSON.stringify(writeRule(rule))));

describe("writeRule() and readRule()", () => {
  it.each(Object.values(rules))("keep all that $name is, its program included", (rule) => {
    expect(throughJson(rule)).toEqual(rule);
  });

  it("keep a chain", () => {
    const clipped = chain(clipByGlobalNorm({ maxNorm: 0.5 }), adamw);
    expect(throughJson(clipped)).toEqual(clipped);
  });
});
