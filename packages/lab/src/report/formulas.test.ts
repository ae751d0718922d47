import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { madeUpComparison } from "../../fixtures/made-up-comparison.ts";
import { alignedBlock, formulas } from "./formulas.ts";

const rules = madeUpComparison({ rules: ["adam"], seeds: 2, budget: 2 }).rules;
const page = (text: string) => new JSDOM(text).window.document;

test("alignedBlock() aligns lines at their first assignment and leaves a block alone", () => {
  expect(alignedBlock(["a \\leftarrow b = c", "d = e"])).toBe(
    "\\begin{aligned} a &\\leftarrow b = c \\\\ d &= e \\end{aligned}",
  );
  expect(alignedBlock("x^2")).toBe("x^2");
});

test("formulas() sets MathML with the tuned value under each letter", () => {
  const document = page(formulas(rules).text);
  const display = document.querySelector('math[display="block"]');
  expect(display?.querySelectorAll("mtr")).toHaveLength(3);
  expect(display?.querySelectorAll("mfrac")).toHaveLength(1);
  expect(display?.querySelectorAll("msqrt")).toHaveLength(1);
  expect(document.querySelector(".note")?.textContent).toMatch(
    /η.*= [\d.e-]+ \(lr\), β1.*= [\d.]+ \(beta1\)/s,
  );
});

test("formulas() links arXiv numbers and shows LaTeX it cannot read as the rule's text", () => {
  const document = page(formulas([{ ...rules[0]!, latex: "\\frac{", formula: "theta = <x>" }]).text);
  expect(document.querySelector("a")?.getAttribute("href")).toBe("https://arxiv.org/abs/1412.6980");
  expect(document.querySelector(".math pre")?.textContent).toBe("theta = <x>");
});
