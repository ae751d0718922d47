import { FormulaError } from "@thalweg/formula";
import { describe, expect, it } from "vitest";
import { declarationSchema, declareRule } from "./declaration.ts";
import { adamw, muon, rules, sgd } from "./rules/index.ts";

const gd = { name: "gd2", hyper: { lr: 0.5 }, update: "theta = theta - lr * g" };

describe("declarationSchema", () => {
  it("has a field for each that a rule may declare: the catalogue's links pass, less what only links have", () => {
    for (const { links } of Object.values(rules)) {
      for (const { kind: _, fallback: __, place: ___, ...declaration } of links) {
        expect(declarationSchema.safeParse(declaration).error).toBeUndefined();
      }
    }
  });

  it("takes infinities as numbers, and as text where JSON has none", () => {
    for (const infinity of [Number.POSITIVE_INFINITY, "Infinity"]) {
      const parsed = declarationSchema.parse({ ...gd, hyper: { lr: 1, bound: infinity } });
      expect(parsed.hyper).toEqual({ lr: 1, bound: Number.POSITIVE_INFINITY });
    }
    const refused = declarationSchema.safeParse({ ...gd, hyper: { lr: "fast" } });
    expect(refused.error!.issues[0]).toMatchObject({
      path: ["hyper", "lr"],
      message: 'must be a number: found "fast"',
    });
  });

  it("refuses fields that no rule has", () => {
    const { error } = declarationSchema.safeParse({ ...gd, updates: "" });
    expect(error!.issues[0]).toMatchObject({ code: "unrecognized_keys", keys: ["updates"] });
  });
});

describe("declareRule()", () => {
  it("makes the rule that rule() makes of the same declaration", () => {
    const { kind: _, place: __, ...declaration } = adamw.links[0]!;
    expect(declareRule(declarationSchema.parse(declaration)).links).toEqual(adamw.links);
  });

  it("takes a fallback by name or as a declaration", () => {
    const matrices = { ...gd, minimumRank: 2 };
    expect(declareRule({ ...matrices, fallback: "sgd" }).fallback!.links).toEqual(sgd.links);
    expect(declareRule({ ...matrices, fallback: gd }).fallback).toMatchObject({
      name: "gd2",
      hyper: { lr: 0.5 },
    });
    expect(() => declareRule({ ...matrices, fallback: "lionn" })).toThrow('did you mean "lion"?');
    expect(muon.fallback).toBeDefined(); // as rules of the catalogue have one
  });

  it("refuses a wrong formula, wrong names and wrong defaults as rule() does", () => {
    expect(() => declareRule({ ...gd, update: "theta = theta - rate * g" })).toThrow(FormulaError);
    expect(() => declareRule({ ...gd, name: "g d" })).toThrow(TypeError);
    expect(() => declareRule({ ...gd, hyper: { lr: -1 } })).toThrow("lr must be finite and not negative");
  });
});
