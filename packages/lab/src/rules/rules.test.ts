import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adamw, buildRule, catalogue, chain, readRule, ruleToLatex, writeRule } from "@thalweg/optim";
import fc from "fast-check";
import katex from "katex";
import { afterAll, describe, expect, test } from "vitest";
import { alignedBlock } from "../report/formulas.ts";
import { parseRuleFile, parseSpec, readRuleSpec, showRule, showSpec, splitRules } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "thalweg-rules-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
};

describe("splitRules()", () => {
  test("splits at commas, but not inside parentheses", () => {
    expect(splitRules("sgd, muon(scale=none, lr=0.05),a > b(c=1,d=2)")).toEqual([
      "sgd",
      "muon(scale=none, lr=0.05)",
      "a > b(c=1,d=2)",
    ]);
  });
});

describe("parseSpec()", () => {
  test("reads names, options and chains; numbers are numbers, true and false truth values, the rest text", () => {
    expect(
      parseSpec(" clip( maxNorm = 1e-3 ) > rmsprop(dialect=keras,centered=true, eps=Infinity) > ema()"),
    ).toEqual([
      { name: "clip", options: { maxNorm: 1e-3 } },
      { name: "rmsprop", options: { dialect: "keras", centered: true, eps: Number.POSITIVE_INFINITY } },
      { name: "ema", options: {} },
    ]);
  });

  test("is undone by showSpec()", () => {
    const parts = parseSpec("a(b=1,c=no)>d > e( )");
    expect(showSpec(parts)).toBe("a(b=1, c=no) > d > e");
    expect(parseSpec(showSpec(parts))).toEqual(parts);
  });

  test("is undone by showSpec() for any names and options, in lists too", () => {
    const name = fc
      .stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/)
      .filter((text) => !/^(true|false|Infinity|NaN)$/.test(text));
    const value = fc.oneof(
      fc.double({ noNaN: true }).map((x) => (Object.is(x, -0) ? 0 : x)),
      fc.boolean(),
      name.filter((text) => Number.isNaN(Number(text))),
    );
    const part = fc.record({
      name,
      options: fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true }),
    });
    const rule = fc.array(part, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), (all) => {
        expect(splitRules(all.map(showSpec).join(" , ")).map(parseSpec)).toEqual(all);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  test.each([
    ["", 1, "found nothing"],
    ["adamw >", 8, "found nothing"],
    ["adamw(lr=1", 11, 'found the end, accepted here: ")"'],
    ["adamw(lr=1) x", 14, "found the end"],
    ["(lr=1)", 1, 'found "("'],
    ["adamw(lr)", 7, 'found "lr", accepted here: name=value'],
    ["adamw(lr=)", 7, 'found "lr="'],
    ["adamw(lr=1,)", 12, 'found ")", accepted here: name=value'],
    ["sgd > adamw(lr=1, lr=2)", 18, "found lr for the second time"],
    ["adamw)", 1, 'found "adamw)"'],
  ])("refuses %j at column %i", (text, column, says) => {
    const refused = message(() => parseSpec(text));
    expect(refused).toContain(`at column ${column}: ${says}`);
    expect(refused.split("\n").at(-1)).toBe(`${" ".repeat(column + 1)}^`);
  });
});

describe("readRuleSpec()", () => {
  test("reads a name of the catalogue as it is", () => {
    expect(readRuleSpec("adamw")).toEqual({ rule: adamw, fixed: [] });
  });

  test("reads choices and hyperparameters, and says which values are the asker's", () => {
    const { rule, fixed } = readRuleSpec("muon(scale=none,lr=0.05)");
    const expected = buildRule(catalogue.muon!, { scale: "none", lr: 0.05 });
    expect(rule).toEqual({ ...expected, name: "muon(scale=none, lr=0.05)" });
    expect(fixed).toEqual(["lr"]);
  });

  test("reads chains of transforms, wrappers and rules, with names as the chain has them", () => {
    const { rule, fixed } = readRuleSpec(
      "clipByGlobalNorm(maxNorm=2) > addDecayedWeights(weightDecay=0.1) > adamw > ema",
    );
    expect(rule.name).toBe("clipByGlobalNorm(maxNorm=2) > addDecayedWeights(weightDecay=0.1) > adamw > ema");
    expect(rule.links.map(({ name }) => name)).toEqual([
      "clipByGlobalNorm",
      "addDecayedWeights",
      "adamw",
      "ema",
    ]);
    expect(rule.hyper).toMatchObject({
      maxNorm: 2,
      "addDecayedWeights.weightDecay": 0.1,
      "adamw.weightDecay": 0.01,
    });
    expect(fixed).toEqual(["maxNorm", "addDecayedWeights.weightDecay"]);
    expect(readRule(JSON.parse(JSON.stringify(writeRule(rule)))).name).toBe(rule.name);
  });

  test("reads a file, alone, with options, and in a chain; its space takes the chain's names", () => {
    const path = join(root, "mine.yaml");
    writeFileSync(
      path,
      "name: mine\nhyper: { lr: 0.5, c: 2 }\nupdate: theta = theta - c * lr * g\nspace: { lr: { low: 0.1, high: 1 } }\n",
    );
    expect(readRuleSpec(path)).toMatchObject({ rule: { name: "mine", hyper: { lr: 0.5, c: 2 } }, fixed: [] });
    expect(readRuleSpec(`${path}(lr=0.25)`)).toMatchObject({
      ...{ rule: { name: "mine(lr=0.25)", hyper: { lr: 0.25 } }, fixed: ["lr"] },
      space: { lr: { low: 0.1, high: 1 } },
    });
    const chained = readRuleSpec(`sgd > ${path}`);
    expect(chained.rule.hyper).toEqual({ "sgd.lr": 0.01, "mine.lr": 0.5, c: 2 });
    expect(chained.space).toEqual({ "mine.lr": { low: 0.1, high: 1 } });
    expect(chained.rule.links).toEqual(chain(readRuleSpec("sgd").rule, readRuleSpec(path).rule).links);
  });

  test.each([
    ["adm", /Cannot find the rule "adm": there are gd, sgd.*did you mean "adam"\?$/s],
    ["clipByGlobalNrm > sgd", /the rule "clipByGlobalNrm".*did you mean "clipByGlobalNorm"/s],
    ["muon(scale=nun)", /scale must be one of .*current value is nun; did you mean none\?/],
    ["adamw(dialekt=keras)", /it has no option "dialekt".*did you mean "dialect"/],
    ["adamw(lr=-1)", /lr must be finite and not negative: current value is -1/],
    ["clipByGlobalNorm(maxNorm=big) > sgd", /maxNorm must be a number: current value is "big"/],
    ["clipByGlobalNorm", /needs a rule that moves the parameters/],
    ["sgd > clipByValue", /put it before sgd/],
    ["no/such.yaml", /Cannot read the rule no\/such\.yaml as there is no such file/],
  ])("refuses %s", (text, says) => {
    expect(message(() => readRuleSpec(text))).toMatch(says);
  });
});

describe("parseRuleFile()", () => {
  const YAML = `# heavy ball
name: my-momentum
summary: Polyak's
hyper: { lr: 0.1, mu: 0.9 }
state:
  m: { initial: "0 * lr" }
update: |
  m = mu * m + g

  theta = theta - lr * m
before:
  - update: m = m * 1
    every: 2
view: theta + 0 * m
source: Polyak 1964
`;

  test("reads YAML and JSON alike", () => {
    const { rule } = parseRuleFile(YAML, "my.yaml");
    expect(rule).toMatchObject({ name: "my-momentum", hyper: { lr: 0.1, mu: 0.9 }, state: ["m"] });
    expect(ruleToLatex(rule).at(-1)).toBe(String.raw`\theta \leftarrow \theta - \eta \, m`);
    const json = JSON.stringify({ name: "gd2", hyper: { lr: 1 }, update: "theta = theta - lr * g" }, null, 2);
    expect(parseRuleFile(json, "gd2.json").rule).toMatchObject({ name: "gd2", hyper: { lr: 1 } });
  });

  test("reads the README's example, and the one at the top of its own source", () => {
    const text = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const { rule } = parseRuleFile(/```yaml\n(.*?)```/s.exec(text)![1]!, "README.md");
    expect(rule).toMatchObject({ name: "my-momentum", state: ["m"] });
    const source = readFileSync(new URL("./file.ts", import.meta.url), "utf8");
    const header = source
      .split("\n")
      .filter((line) => line.startsWith(" *   "))
      .map((line) => line.slice(5));
    const own = parseRuleFile(header.slice(0, 7).join("\n"), "file.ts");
    expect(own.rule.program.outputs.size).toBe(2); // theta and m
    expect(own.space).toEqual({ lr: { low: 1e-3, high: 1, log: true } });
  });

  /** [what, text, replaced by, line, column, says]; columns are counted by hand from 1. */
  const MISTAKES: readonly (readonly [string, string, string, number, number, string])[] = [
    ["in a block", "theta - lr * m", "theta - rate * m", 10, 19, "in the formula of my-momentum, found"],
    ["in the block's first line", "m = mu * m + g", "m = mu * m + gg", 8, 16, '"gg"'],
    ["at the block's end", "  theta = theta - lr * m\n", "  u = theta\n", 10, 3, "no assignment to theta"],
    ["in a line of a phase", "m = m * 1", "m = m * k", 12, 21, '"k"'],
    ["in a view", "theta + 0 * m", "theta + 0 * q", 14, 19, '"q"'],
    ["in a quoted initial value", "0 * lr", "0 * lq", 6, 22, '"lq"'],
    [
      "a default outside its domain",
      "lr: 0.1",
      "lr: -1",
      4,
      14,
      "lr must be finite and not negative: current value is -1",
    ],
    ["a default that is no number", "mu: 0.9", "mu: big", 4, 23, 'hyper.mu: must be a number: found "big"'],
    ["an unknown field", "summary:", "sumary:", 3, 1, 'there is no field "sumary"'],
    ["a name that is none", "my-momentum", "1st", 2, 7, "its name must start with a letter"],
    ["a missing field", "name: my-momentum\n", "", 2, 1, "name is missing"],
    ["a wrong kind of gradient", "every: 2", "gradient: all", 13, 15, "before.0.gradient: invalid option"],
    ["no YAML", "hyper: {", "hyper: }", 4, 8, ""],
    ["a tab", "summary: Polyak's", "\tsummary: x", 3, 1, ""],
  ];
  test.each(MISTAKES)("points at a mistake %s", (_, text, by, line, column, says) => {
    expect(YAML).toContain(text);
    const refused = message(() => parseRuleFile(YAML.replace(text, by), "my.yaml"));
    expect(refused).toContain(`Cannot read my.yaml at line ${line}, column ${column}: `);
    expect(refused).toContain(says);
  });

  test("says that a field that is nearly right is meant to be the one that exists", () => {
    expect(message(() => parseRuleFile(YAML.replace("summary:", "sumary:"), "my.yaml"))).toMatch(
      /did you mean "summary"\?$/,
    );
  });

  test("points at the text as a whole where its lines are not the file's", () => {
    const json = '{\n "name": "a",\n "update": "u = g\\ntheta = theta - lr * u"\n}';
    expect(message(() => parseRuleFile(json, "a.json"))).toMatch(
      /^Cannot read a\.json at line 3, column 12: in the formula of a, .*theta = theta - lr/s,
    );
  });

  test.each(["", "just text", "[1, 2]", "name: a", "a: &x [*x]", "a: *nothing"])("refuses %j", (text) => {
    expect(message(() => parseRuleFile(text, "my.yaml"))).toMatch(
      /^Cannot read my\.yaml at line 1, column \d+: /,
    );
  });

  test("reads a space to tune, and refuses one that the rule cannot take", () => {
    const text =
      "name: a\nhyper: { lr: 1 }\nupdate: theta = theta - lr * g\nspace:\n  lr: { low: 0.1, high: 1, log: true }\n";
    expect(parseRuleFile(text, "a.yaml").space).toEqual({ lr: { low: 0.1, high: 1, log: true } });
    expect(message(() => parseRuleFile(text.replace("low: 0.1", "low: -1"), "a.yaml"))).toMatch(
      /^Cannot read a\.yaml at line 5, column 7: .*log scale needs low above 0/,
    );
    expect(message(() => parseRuleFile(text.replace("  lr:", "  rate:"), "a.yaml"))).toMatch(
      /^Cannot read a\.yaml at line 5, column 9: .*no hyperparameter "rate"/,
    );
  });
});

describe("showRule()", () => {
  const shown = (text: string) => showRule(readRuleSpec(text).rule);

  test("is the formula alone where there is nothing else", () => {
    expect(shown("clipByValue > sgd")).toEqual({
      text: "g = max(-limit, min(limit, g))\ntheta = theta - lr * g",
      latex: [
        String.raw`g \leftarrow \max\left(-\mathrm{limit}, \min\left(\mathrm{limit}, g\right)\right)`,
        String.raw`\theta \leftarrow \theta - \eta \, g`,
      ],
    });
  });

  test("shows gradients of other kinds, what is evaluated, and what others get, under headings", () => {
    expect(shown("svrg > ema").text).toBe(
      `# first, with the gradient of all data, every 100 steps
anchor = theta
mu = g
# first, with the gradient of the batch
y = theta - lr * (g + mu)
theta = anchor
# then, with the gradient of the batch
theta = y + lr * g
average = where(t == 1, theta, averageDecay * average + (1 - averageDecay) * theta)
# to evaluate with
theta = average`,
    );
    expect(shown("svrg").latex[0]).toBe(
      String.raw`\text{first, with the gradient of all data, every 100 steps}`,
    );
    expect(shown("muon").text).toMatch(/\n# parameters of fewer than 2 dimensions\n.*beta1/s);
  });

  test("shows every rule of the catalogue without an error in its mathematics", () => {
    for (const name of Object.keys(catalogue)) {
      const block = alignedBlock(shown(name).latex);
      expect(() => katex.renderToString(block, { output: "mathml", strict: false }), name).not.toThrow();
    }
  });
});
