import fc from "fast-check";
import katex from "katex";
import { describe, expect, test } from "vitest";
import { AGGREGATES, CALLABLE, ELEMENTWISE, MATRIX_FUNCTIONS } from "./functions.ts";
import { nameToLatex, toLatex } from "./latex.ts";
import { anyFormula, anyTree, print } from "./testing/trees.ts";

const render = (line: string) => katex.renderToString(line, { throwOnError: true, strict: "error" });

describe("nameToLatex()", () => {
  test.each([
    ["theta", "\\theta"],
    ["g", "g"],
    ["beta1", "\\beta_{1}"],
    ["m_hat", "\\hat{m}"],
    ["v2_hat", "\\hat{v}_{2}"],
    ["lr", "\\eta"],
    ["eps", "\\epsilon"],
    ["epsRoot", "\\epsilon_{\\text{root}}"],
    ["weightDecay", "\\lambda"],
    ["trust", "\\mathrm{trust}"],
    ["max_norm", "\\mathrm{max\\_norm}"],
    ["_", "\\mathrm{\\_}"],
    ["constructor", "\\mathrm{constructor}"],
  ])("%s is %s", (name, latex) => {
    expect(nameToLatex(name)).toBe(latex);
    expect(() => render(latex)).not.toThrow();
  });
});

describe("toLatex()", () => {
  test("AdamW, line by line", () => {
    const adamw = `
      theta = theta * (1 - lr * weightDecay)
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g^2
      theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`;
    expect(toLatex(adamw)).toEqual([
      "\\theta \\leftarrow \\theta \\, \\left(1 - \\eta \\, \\lambda\\right)",
      "m \\leftarrow \\beta_{1} \\, m + \\left(1 - \\beta_{1}\\right) \\, g",
      "v \\leftarrow \\beta_{2} \\, v + \\left(1 - \\beta_{2}\\right) \\, g^{2}",
      "\\theta \\leftarrow \\theta - \\frac{\\eta \\, \\frac{m}{1 - \\beta_{1}^{t}}}{\\sqrt{\\frac{v}{1 - \\beta_{2}^{t}}} + \\epsilon}",
    ]);
  });

  test("Lion", () => {
    expect(toLatex("u = sign(beta1 * m + (1 - beta1) * g)")).toEqual([
      "u \\leftarrow \\operatorname{sign}\\left(\\beta_{1} \\, m + \\left(1 - \\beta_{1}\\right) \\, g\\right)",
    ]);
  });

  const [open, close] = ["\\left(", "\\right)"];
  test.each([
    // parentheses where the tree needs them, and only there
    ["a + b + c", "a + b + c"],
    ["a - (b - c)", `a - ${open}b - c${close}`],
    ["a + (b + c)", `a + ${open}b + c${close}`],
    ["(a - b) - c", "a - b - c"],
    ["a * (b * c)", "a \\, b \\, c"],
    ["(a * b) + c", "a \\, b + c"],
    ["(a + b) * (c - d)", `${open}a + b${close} \\, ${open}c - d${close}`],
    ["-a * b", "-a \\, b"],
    ["-(a * b)", "-a \\, b"],
    ["-(a + b)", `-${open}a + b${close}`],
    ["a * -b", `a \\, ${open}-b${close}`],
    ["a - -b", `a - ${open}-b${close}`],
    ["a + (-b * c)", `a + ${open}-b \\, c${close}`],
    ["-a + b", "-a + b"],
    ["--a", `-${open}-a${close}`],
    ["-x^2", "-x^{2}"],
    ["(-x)^2", `${open}-x${close}^{2}`],
    ["x^-1", "x^{-1}"],
    ["2^(a + b)", "2^{a + b}"],
    ["a^b^c", "a^{b^{c}}"],
    ["(a^b)^c", `${open}a^{b}${close}^{c}`],
    ["(a * b)^2", `${open}a \\, b${close}^{2}`],
    ["(a / b)^2", `${open}\\frac{a}{b}${close}^{2}`],
    ["(a + b) / (c * d)", "\\frac{a + b}{c \\, d}"],
    ["a / b / c", "\\frac{\\frac{a}{b}}{c}"],
    ["a / (b / c)", "\\frac{a}{\\frac{b}{c}}"],
    ["sqrt(a + b)^2", "\\sqrt{a + b}^{2}"],
    ["exp(-a)^2", `${open}e^{-a}${close}^{2}`],
    ["exp(a) * b", "e^{a} \\, b"],
    // numbers
    ["2 * 3", "2 \\cdot 3"],
    ["a * 2", "a \\cdot 2"],
    ["3 * 2^x", "3 \\cdot 2^{x}"],
    ["1e-8 + a", "10^{-8} + a"],
    ["1e-8^2", `${open}10^{-8}${close}^{2}`],
    ["2.5e-8 * a", "2.5 \\cdot 10^{-8} \\, a"],
    ["a * 1e30", "a \\cdot 10^{30}"],
    ["1e999", "\\infty"],
    // functions
    ["norm(g)^2", "\\left\\| g \\right\\|^{2}"],
    ["norm1(g) + normInf(g)", "\\left\\| g \\right\\|_1 + \\left\\| g \\right\\|_\\infty"],
    ["normAll(g)", "\\left\\| g \\right\\|_{\\text{all}}"],
    ["dot(a, b)", "\\left\\langle a, b \\right\\rangle"],
    ["abs(a + b)", "\\left|a + b\\right|"],
    ["sum(a * b)", "\\textstyle\\sum a \\, b"],
    ["sum(a + b) * c", `${open}\\textstyle\\sum ${open}a + b${close}${close} \\, c`],
    ["max(a, b + c)", "\\max\\left(a, b + c\\right)"],
    ["mean(g)", "\\operatorname{mean}\\left(g\\right)"],
    // matrices
    ["transpose(g)", "g^{\\top}"],
    ["transpose(a + b)", `${open}a + b${close}^{\\top}`],
    ["transpose(transpose(g))", `${open}g^{\\top}${close}^{\\top}`],
    ["matmul(g, transpose(g))", "g \\, g^{\\top}"],
    ["matmul(matmul(transpose(P), g), Q)", "P^{\\top} \\, g \\, Q"],
    ["matmul(P, a + b) * lr", `P \\, ${open}a + b${close} \\, \\eta`],
    ["matmul(a, b)^2", `${open}a \\, b${close}^{2}`],
    ["inverseRoot(L, 4)", "L^{-1/4}"],
    ["inverseRoot(L + R, 1)", `${open}L + R${close}^{-1}`],
    ["inverseRoot(L, 2 * k)", `L^{-1/${open}2 \\, k${close}}`],
    ["eps * identityLike(matmul(g, transpose(g)))", "\\epsilon \\, I"],
    ["rowMean(g^2)", "\\operatorname{rowmean}\\left(g^{2}\\right)"],
    ["orthogonalize(u)", "\\operatorname{NS}_5\\left(u\\right)"],
    ["diagonal(A)", "\\operatorname{diag}\\left(A\\right)"],
    // conditions
    [
      "where(a < b and not c >= d, 1, 0)",
      `\\begin{cases} 1 & \\text{if } a < b \\land \\lnot ${open}c \\ge d${close} \\\\ 0 & \\text{otherwise} \\end{cases}`,
    ],
    [
      "a * where(a != b, 1, 0)",
      `a \\, ${open}\\begin{cases} 1 & \\text{if } a \\ne b \\\\ 0 & \\text{otherwise} \\end{cases}${close}`,
    ],
    [
      "where((a < b or c == d) and e <= 1, 1, 0)",
      `\\begin{cases} 1 & \\text{if } ${open}a < b \\lor c = d${close} \\land e \\le 1 \\\\ 0 & \\text{otherwise} \\end{cases}`,
    ],
  ])("%s", (text, latex) => {
    expect(toLatex(`x = ${text}`)).toEqual([`x \\leftarrow ${latex}`]);
    expect(() => render(latex)).not.toThrow();
  });

  test("every function has a form that KaTeX reads, alone, raised and multiplied", () => {
    const calls = [
      ...CALLABLE.map((name) => [
        name,
        ELEMENTWISE[name].operands.map((type) => (type === "logical" ? "a < b" : "a + b")),
      ]),
      ...Object.entries({ ...AGGREGATES, ...MATRIX_FUNCTIONS }).map(([name, { arity }]) => [
        name,
        Array(arity).fill("a + b"),
      ]),
    ] as [string, string[]][];
    for (const [name, operands] of calls) {
      const call = `${name}(${operands.join(", ")})`;
      for (const text of [call, `${call} ^ 2`, `2 * ${call} * c`, `1 / ${call}`]) {
        const [line] = toLatex(`x = ${text}`);
        expect(line).not.toContain("undefined");
        expect(() => render(line!)).not.toThrow();
      }
    }
  });

  test("KaTeX reads whatever the language can write", () => {
    fc.assert(
      fc.property(anyFormula, (text) => {
        for (const line of toLatex(text)) render(line);
      }),
      { seed: 5, numRuns: 150 },
    );
    fc.assert(
      fc.property(anyTree, (tree) => {
        for (const line of toLatex(`x = ${print(tree)}`)) render(line);
      }),
      { seed: 6, numRuns: 150 },
    );
  });

  test("raises FormulaError for what is not a formula, with the rule's name", () => {
    expect(() => toLatex("x = ", "sgd")).toThrow(/formula of sgd at line 1/);
  });
});
