import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyTree, print, withoutPlaces } from "../testing/trees.ts";
import { FormulaError } from "./error.ts";
import { generateParser, PARSER } from "./make-parser.ts";
import { parseFormula } from "./parse.ts";
import type { SyntaxTree } from "./tree.ts";

/** A tree as a fully parenthesised text: `a-b-c` is `((a - b) - c)`. */
function show(tree: SyntaxTree): string {
  switch (tree.kind) {
    case "number":
      return String(tree.value);
    case "name":
      return tree.name;
    case "call":
      return `${tree.name}(${tree.operands.map(show).join(", ")})`;
    case "unary":
      return `(${tree.operator} ${show(tree.operand)})`;
    case "binary":
      return `(${show(tree.left)} ${tree.operator} ${show(tree.right)})`;
  }
}

const value = (text: string) => show(parseFormula(`x = ${text}`)[0]!.value);
const lines = (text: string) => parseFormula(text).map((line) => `${line.target.name}=${show(line.value)}`);

describe("parseFormula()", () => {
  test.each([
    ["-x^2", "(- (x ^ 2))"],
    ["2^-1", "(2 ^ (- 1))"],
    ["2^3^4", "(2 ^ (3 ^ 4))"],
    ["2^-3^4", "(2 ^ (- (3 ^ 4)))"],
    ["a-b-c", "((a - b) - c)"],
    ["a/b*c", "((a / b) * c)"],
    ["a*b/c", "((a * b) / c)"],
    ["a+b*c^2", "(a + (b * (c ^ 2)))"],
    ["a - -b", "(a - (- b))"],
    ["--a", "(- (- a))"],
    ["-a*b", "((- a) * b)"],
    ["a*-b", "(a * (- b))"],
    ["a + b < c * d", "((a + b) < (c * d))"],
    ["not a < b", "(not (a < b))"],
    ["not not a == b", "(not (not (a == b)))"],
    ["a < b and c >= d or e != f", "(((a < b) and (c >= d)) or (e != f))"],
    ["a <= b or c > d and not e == f", "((a <= b) or ((c > d) and (not (e == f))))"],
    ["(a + b) * c", "((a + b) * c)"],
    ["android + order - nothing", "((android + order) - nothing)"],
    ["f()", "f()"],
    ["f (a, b)", "f(a, b)"],
  ])("reads %s as %s", (text, tree) => {
    expect(value(text)).toBe(tree);
  });

  test.each([
    ["1e-8", 1e-8],
    [".5", 0.5],
    ["2.", 2],
    ["0.10", 0.1],
    ["1E+3", 1000],
    ["2.5e2", 250],
    ["007", 7],
    ["1e999", Number.POSITIVE_INFINITY],
  ])("reads the number %s", (text, expected) => {
    expect(parseFormula(`x = ${text}`)[0]!.value).toMatchObject({ kind: "number", value: expected });
  });

  test.each([
    ["one line per assignment", "a = 1\nb = 2", ["a=1", "b=2"]],
    ["semicolons", "a = 1; b = 2 ;c=3;", ["a=1", "b=2", "c=3"]],
    ["comments", "# first\na = 1 # second\n  # third\nb = 2#", ["a=1", "b=2"]],
    ["Windows line ends", "a = 1\r\n\r\nb = 2 # x\r\nc = 3\r\n", ["a=1", "b=2", "c=3"]],
    ["blank lines and indentation", "\n\n  a = 1\n\t\n\t b = 2\n   ", ["a=1", "b=2"]],
    [
      "calls over several lines",
      "a = where(\n  b < c,\n  d,\r\n  e\n)\nf = (\n g )",
      ["a=where((b < c), d, e)", "f=g"],
    ],
    ["nothing", "", []],
    ["white space only", " \n\t# only a comment", []],
  ])("reads %s", (_, text, expected) => {
    expect(lines(text)).toEqual(expected);
  });

  test("gives every part its place", () => {
    const [, second] = parseFormula("a = 1\n  bc = d + f(e)");
    expect(second!.target.at).toEqual({ line: 2, column: 3 });
    expect(second!.value.at).toEqual({ line: 2, column: 10 }); // an operation stands where its operator does
    const { left, right } = second!.value as Extract<SyntaxTree, { kind: "binary" }>;
    expect([left.at.column, right.at.column]).toEqual([8, 12]);
  });

  const operand = '"(", "-", a name or a number';
  const expression = '"(", "-", "not", a name or a number';
  test.each([
    ["a = b +", 1, 8, "the end of the text", operand],
    ["a = 1\nc = b *\nd = 2", 2, 8, "the end of the line", operand],
    ["a = 3x", 1, 5, '"3x"', expression],
    ["a = 1e", 1, 5, '"1e"', expression],
    ["a == 3", 1, 4, '"="', expression],
    ["a = b = c", 1, 7, '"="', '"(", an operator or the end of the line'],
    ["a = (b + c", 1, 11, "the end of the text", '"(", ")" or an operator'],
    ["a = max(1, 2", 1, 13, "the end of the text", '")", "," or an operator'],
    ["a = max(1,)", 1, 11, '")"', expression],
    ["a = 1)", 1, 6, '")"', "an operator or the end of the line"],
    ["a = $", 1, 5, '"$"', expression],
    ["a = θ", 1, 5, '"θ"', expression],
    ["a = 1\r\nb = 1 2", 2, 7, '"2"', "an operator or the end of the line"],
    ["a = 1..2", 1, 7, '"."', "an operator or the end of the line"],
    ["a = 1 < 2 < 3", 1, 11, '"<"', "an operator or the end of the line"],
    ["a", 1, 2, "the end of the text", '"="'],
    ["= 3", 1, 1, '"="', "a name"],
    ["3 = a", 1, 1, '"3"', "a name"],
    ["and = 3", 1, 1, '"and"', "a name"],
    ["a = not", 1, 8, "the end of the text", expression],
  ])("refuses %j at its place", (text, line, column, found, accepted) => {
    expect(() => parseFormula(text)).toThrow(FormulaError);
    expect(() => parseFormula(text)).toThrow(expect.objectContaining({ line, column, found, accepted }));
  });

  test("shows the line with a caret under the place, whatever the line ends", () => {
    const message = [
      'Cannot read the formula of adam at line 2, column 8: found "$", accepted here: "(", "-", a name or a number',
      "  m = g *$",
      "         ^",
    ].join("\n");
    expect(() => parseFormula("a = 1\r\nm = g *$\r\nb = 2", "adam")).toThrow(
      expect.objectContaining({ message }),
    );
  });

  test("shows a hundred characters of a long line, with the caret still under the place", () => {
    const text = `x = ${"a + ".repeat(100)}$${" + b".repeat(100)}`;
    let message = "";
    try {
      parseFormula(text);
    } catch (error) {
      message = (error as Error).message;
    }
    const [, line = "", caret = ""] = message.split("\n");
    expect(line).toHaveLength(102);
    expect(line[caret.indexOf("^")]).toBe("$");
  });

  test.each([
    ["parentheses", `x = ${"(".repeat(50_000)}`],
    ["signs", `x = ${"-".repeat(50_000)}1`],
    ["calls", `x = ${"f(".repeat(501)}1${")".repeat(501)}`],
    ["terms", `x = 1${" + 1".repeat(500)}`],
  ])("refuses too deeply nested %s instead of exhausting the call stack", (_, text) => {
    expect(() => parseFormula(text)).toThrow(FormulaError);
    expect(() => parseFormula(text)).toThrow(/nested too deeply.*at most 500 levels/);
  });

  test("gives back any tree that was printed", () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const [read] = parseFormula(`x = ${print(tree)}`);
        expect(withoutPlaces(read!.value)).toEqual(withoutPlaces(tree));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("answers any text with statements or a FormulaError", () => {
    const scrap = fc.constantFrom(
      ..."a g theta 1 .5 1e ( ) , + - * / ^ < <= == = != and or not # ; \n \r\n \t where( norm( \u0000 θ 💧".split(
        " ",
      ),
    );
    const garbage = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(scrap).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(garbage, (text) => {
        try {
          parseFormula(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormulaError);
        }
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });
});

test("the checked-in parser is what the grammar generates", () => {
  expect(readFileSync(PARSER, "utf8")).toBe(generateParser());
});
