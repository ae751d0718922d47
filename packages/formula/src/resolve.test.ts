import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FormulaSource, resolve } from "./resolve.ts";
import { FormulaError } from "./syntax/error.ts";
import { program, runFused, runReference } from "./testing/harness.ts";
import { anyFormula, anyTree, print } from "./testing/trees.ts";

const source = (update: string, more: Partial<FormulaSource> = {}): FormulaSource => ({
  name: "rule",
  update,
  hyper: ["lr", "beta1"],
  state: [],
  assigns: ["theta"],
  ...more,
});

/** theta after one step from theta = 2, g = 3, with lr = 0.5 and beta1 = 0.25. */
const thetaAfter = (update: string) => {
  const groups = [
    { hyper: { lr: 0.5, beta1: 0.25 }, tensors: [{ shape: [1], slots: { theta: [2], g: [3] } }] },
  ];
  return runReference(program(update, ["lr", "beta1"]), groups)[0]![0]!.theta![0];
};

describe("resolve()", () => {
  test.each([
    ["the last assignment", "a = 1\na = a + 1\ntheta = a", 2],
    ["the last assignment of theta", "theta = theta * 10\ntheta = theta + g", 23],
    ["the last assignment of g", "g = g * lr\ntheta = theta - g", 0.5],
    ["a scalar as every element", "theta = lr + t", 1.5],
    ["a comparison under a name", "small = theta < g\ntheta = where(small, 10, 20)", 10],
    [
      "comparisons of names, joined",
      "a = theta < g\nb = not a or t > 1\ntheta = where(a and not b, 1, 0)",
      1,
    ],
    ["a scalar comparison under a name", "first = t == 1\ntheta = where(first, lr, theta)", 0.5],
  ])("a name means %s", (_, update, expected) => {
    expect(thetaAfter(update)).toBe(expected);
  });

  test.each<[string, string, Partial<FormulaSource>, number, number, RegExp, RegExp]>([
    [
      "an unknown name",
      "theta = theta - lr * gg",
      {},
      1,
      22,
      /unknown name "gg"/,
      /theta, g, t, thetaOld, noise, lr, beta1.*did you mean "g"\?/,
    ],
    [
      "a misspelt name on a later line",
      "a = 1\ntheta = a * beta",
      {},
      2,
      13,
      /unknown name "beta"/,
      /did you mean "beta1"\?/,
    ],
    ["a temporary before its line", "theta = a\na = 1", {}, 1, 9, /unknown name "a"/, /theta, g, t/],
    ["a name of the prototype", "theta = constructor", {}, 1, 9, /unknown name "constructor"/, /theta, g, t/],
    [
      "a function without operands",
      "theta = norm",
      {},
      1,
      9,
      /unknown name "norm"/,
      /norm is a function: norm\(…\)/,
    ],
    ["an unknown function", "theta = sqr(g)", {}, 1, 9, /unknown function "sqr"/, /did you mean "sqrt"\?/],
    [
      "a method of the prototype",
      "theta = toString(g)",
      {},
      1,
      9,
      /unknown function "toString"/,
      /abs, sign/,
    ],
    ["an operator by its name", "theta = add(g, g)", {}, 1, 9, /unknown function "add"/, /abs, sign/],
    ["too few operands", "theta = g + max(g)", {}, 1, 13, /max with 1 operand$/, /max with 2 operands/],
    [
      "too many operands",
      "theta = sqrt(g, g, g)",
      {},
      1,
      9,
      /sqrt with 3 operands$/,
      /sqrt with 1 operand\b/,
    ],
    ["no operands", "theta = norm()", {}, 1, 9, /norm with 0 operands$/, /norm with 1 operand\b/],
    [
      "an assignment to a hyperparameter",
      "theta = g\nlr = 2",
      {},
      2,
      1,
      /hyperparameter "lr"$/,
      /theta, g, a new name/,
    ],
    ["an assignment to the step", "t = 2", {}, 1, 1, /step "t"$/, /theta, g, a new name/],
    ["an assignment to a function", "theta = g; max = 2", {}, 1, 12, /function "max"$/, /a new name/],
    ["an assignment to a reduction", "norm = 2", {}, 1, 1, /function "norm"$/, /a new name/],
    [
      "a comparison as a value",
      "theta = g < lr",
      {},
      1,
      11,
      /a comparison$/,
      /a number.*where\(condition, 1, 0\)/,
    ],
    [
      "a named comparison as theta",
      "a = g < lr\ntheta = a",
      {},
      2,
      9,
      /a comparison$/,
      /where\(condition, 1, 0\)/,
    ],
    ["a named comparison as g", "a = g < lr\ng = a", {}, 2, 5, /a comparison$/, /where\(condition, 1, 0\)/],
    [
      "arithmetic with a named comparison",
      "a = g < lr\ntheta = 1 - a",
      {},
      2,
      13,
      /a comparison$/,
      /- computes/,
    ],
    [
      "a named comparison in state",
      "theta = g\nm = theta > g",
      { state: ["m"] },
      2,
      11,
      /a comparison$/,
      /where\(condition, 1, 0\)/,
    ],
    [
      "a number under a name as a condition",
      "a = g\ntheta = where(a, 1, 2)",
      {},
      2,
      15,
      /a number$/,
      /a comparison/,
    ],
    [
      "a comparison as a number",
      "theta = g * (g < lr)",
      {},
      1,
      16,
      /a comparison$/,
      /\* computes with numbers.*where/,
    ],
    ["a reduced comparison", "theta = sum(g < lr)", {}, 1, 15, /a comparison$/, /sum computes with numbers/],
    [
      "a number as a condition",
      "theta = where(g, 1, 2)",
      {},
      1,
      15,
      /a number$/,
      /a comparison, as where takes a condition/,
    ],
    ["a number under not", "theta = where(not g, 1, 2)", {}, 1, 19, /a number$/, /as not takes a condition/],
    [
      "a compared comparison",
      "theta = where((g < 1) < 2, 1, 2)",
      {},
      1,
      18,
      /a comparison$/,
      /< computes with numbers/,
    ],
    ["a reduced scalar", "theta = norm(lr * t)", {}, 1, 17, /a single number$/, /norm reduces over a tensor/],
    [
      "no assignment to theta",
      "a = g\nb = a",
      {},
      2,
      1,
      /no assignment to theta in the whole formula/,
      /"theta = …"/,
    ],
    ["no text", "", {}, 1, 1, /no assignment to theta/, /"theta = …"/],
    ["a transform without g", "a = g", { assigns: ["g"] }, 1, 1, /no assignment to g in/, /"g = …"/],
    [
      "a state slot that stays",
      "theta = m",
      { state: ["m"] },
      1,
      1,
      /state slot "m" that is never updated/,
      /"m = …".*leave it out/,
    ],
  ])("refuses %s", (_, update, more, line, column, found, accepted) => {
    const attempt = () => resolve([source(update, more)]);
    expect(attempt).toThrow(FormulaError);
    expect(attempt).toThrow(
      expect.objectContaining({ rule: "rule", line, column, found: expect.stringMatching(found) }),
    );
    expect(attempt).toThrow(accepted);
  });

  test("a transform may assign theta or g", () => {
    expect(() => resolve([source("g = g * 2", { assigns: ["theta", "g"] })])).not.toThrow();
  });

  test.each([
    ["twice", { hyper: ["a"], state: ["a"] }, '"a" is taken'],
    ["as theta", { state: ["theta"] }, '"theta" is taken'],
    ["as a function", { hyper: ["norm"] }, '"norm" is taken'],
    ["as a word of the language", { hyper: ["not"] }, '"not" is taken'],
    ["with a sign that is no letter", { hyper: ["weight-decay"] }, 'found "weight-decay"'],
    ["empty", { state: [""] }, 'found ""'],
  ])("refuses a name declared %s", (_, more, message) => {
    expect(() => resolve([source("theta = g", more)])).toThrow(TypeError);
    expect(() => resolve([source("theta = g", more)])).toThrow(message);
  });

  test("refuses a program of more than 1000 operations, so that no later pass exhausts the call stack", () => {
    const long = `${"a = a + g\n".repeat(1_100)}`;
    expect(() => resolve([source(`a = g\n${long}theta = a`)])).toThrow(FormulaError);
    expect(() => resolve([source(`a = g\n${"a = a + g\n".repeat(900)}theta = a`)])).not.toThrow();
  });

  test("answers whatever parses with a program or a FormulaError", () => {
    const answers = new Set<string>();
    const attempt = (update: string) => {
      try {
        resolve([source(update, { hyper: ["lr", "beta", "eps"], state: ["m"] })]);
        answers.add("program");
      } catch (error) {
        expect(error).toBeInstanceOf(FormulaError);
        answers.add("error");
      }
    };
    const parameters = { seed: 7, numRuns: 300 };
    fc.assert(
      fc.property(anyTree, (tree) => attempt(`m = 1; theta = ${print(tree)}`)),
      parameters,
    );
    // nearly a formula: one character of one that resolves is changed
    const character = fc.constantFrom(..."()+-*^<=,.1gm;# \n");
    fc.assert(
      fc.property(anyFormula, fc.nat(), character, (text, place, changed) => {
        const at = place % text.length;
        attempt(`${text.slice(0, at)}${changed}${text.slice(at + 1)}`);
      }),
      parameters,
    );
    expect(answers).toEqual(new Set(["program", "error"]));
  });
});

describe("resolve() of a chain", () => {
  const average = (name: string, rename?: (slot: string) => string): FormulaSource => ({
    name,
    update: "m = beta * m + g\ng = m",
    hyper: ["beta"],
    state: ["m"],
    assigns: ["g"],
    ...(rename === undefined ? {} : { rename }),
  });
  const descend = source("theta = theta - lr * g", { hyper: ["lr"] });

  test("shares theta and g, and keeps renamed states and hyperparameters apart", () => {
    const chain = resolve([
      average("first", (n) => `first.${n}`),
      average("second", (n) => `second.${n}`),
      descend,
    ]);
    expect(chain.hyper).toEqual(["first.beta", "second.beta", "lr"]);
    expect(chain.state).toEqual(["first.m", "second.m"]);
    const tensors = [{ shape: [1], slots: { theta: [1], g: [2] } }];
    const hyper = { "first.beta": 0.5, "second.beta": 0.25, lr: 0.1 };
    // step 1: m₁ = 2, m₂ = 2, θ = 1 − 0.2;   step 2: m₁ = 1 + 2 = 3, m₂ = 0.5 + 3 = 3.5, θ = 0.8 − 0.35
    const [[after]] = runReference(chain, [{ hyper, tensors }], { steps: 2 }) as [[Record<string, number[]>]];
    expect(after["first.m"]).toEqual([3]);
    expect(after["second.m"]).toEqual([3.5]);
    expect(after.theta![0]).toBeCloseTo(0.45, 15);
    expect(after.g).toEqual([2]); // the gradient itself is only read
  });

  test("temporaries stay in their link", () => {
    const first = source("a = 1\ng = g * a", { assigns: ["g"] });
    expect(() => resolve([first, source("theta = a")])).toThrow(/unknown name "a"/);
  });

  test("shares a hyperparameter that two links call by one name, and lists it once", () => {
    const chain = resolve([source("g = lr * g", { hyper: ["lr"], assigns: ["g"] }), descend]);
    expect(chain.hyper).toEqual(["lr"]);
  });

  test("refuses two links whose states would have one name", () => {
    expect(() => resolve([average("first"), average("second"), descend])).toThrow(
      new TypeError(
        'Cannot chain second as every state slot of a chain needs a name of its own: "m" is taken: rename it',
      ),
    );
  });
});

describe("noise", () => {
  const jitter = program("theta = theta + lr * noise", ["lr"]);

  test("is a slot that the owner fills, on both engines, also where tensors are merged", () => {
    const tensors = [
      { shape: [3], slots: { theta: [1, 2, 3], noise: [4, 0, -4] } },
      { shape: [2], slots: { theta: [0, 0], noise: [8, 2] } },
    ];
    const groups = [{ hyper: { lr: 0.5 }, tensors }];
    for (const result of [runReference(jitter, groups), runFused(jitter, groups, { dense: true })]) {
      expect(result[0]!.map(({ theta }) => theta)).toEqual([
        [3, 2, 1],
        [4, 1],
      ]);
    }
    expect(jitter.noise).toBe(true);
    expect(program("theta = theta - g").noise).toBe(false);
  });

  test("cannot be assigned", () => {
    expect(() => program("noise = 1\ntheta = noise")).toThrow(
      /an assignment to the random numbers of the step "noise"/,
    );
  });
});

describe("thetaOld", () => {
  test("is theta as the rule of a chain finds it, after what comes before", () => {
    const links = [
      source("theta = theta * 10"),
      source("theta = theta - lr * g", { isRule: true }),
      source("theta = thetaOld + 1000 * (theta - thetaOld)"),
    ];
    const chained = resolve(links);
    const tensors = [{ shape: [1], slots: { theta: [2], g: [3] } }];
    const [[{ theta }]] = runReference(chained, [{ hyper: { lr: 0.5, beta1: 0 }, tensors }]) as [
      [{ theta: number[] }],
    ];
    expect(theta).toEqual([20 - 1500]);
  });
});
