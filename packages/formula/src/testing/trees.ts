/**
 * For tests: random syntax trees, and the printer that turns one into text. Every binary operator and every operand is
 * put into parentheses or not by a coin, except where the tree would change.
 */
import fc from "fast-check";
import { AGGREGATES, CALLABLE, ELEMENTWISE } from "../functions.ts";
import type { BinaryOperator, SyntaxTree } from "../syntax/tree.ts";

const at = { line: 0, column: 0 };

/** How tightly operators bind, loosest first; the grammar says the same in its own way. */
const LEVELS: readonly (readonly string[])[] = [
  ["or"],
  ["and"],
  ["not"],
  ["<", "<=", ">", ">=", "==", "!="],
  ["+", "-"],
  ["*", "/"],
  ["negate"],
  ["^"],
];
const ATOM = LEVELS.length;

const levelOf = (operator: string) => LEVELS.findIndex((level) => level.includes(operator));

/** The text of a tree, with the fewest parentheses that keep it. */
export function print(tree: SyntaxTree, demanded = 0): string {
  const [text, level] = printed(tree);
  return level < demanded ? `(${text})` : text;
}

function printed(tree: SyntaxTree): [text: string, level: number] {
  switch (tree.kind) {
    case "number":
      return [String(tree.value), ATOM];
    case "name":
      return [tree.name, ATOM];
    case "call":
      return [`${tree.name}(${tree.operands.map((operand) => print(operand)).join(", ")})`, ATOM];
    case "unary": {
      const level = levelOf(tree.operator === "-" ? "negate" : "not");
      return [`${tree.operator} ${print(tree.operand, level)}`, level];
    }
    case "binary": {
      const level = levelOf(tree.operator);
      const isComparison = LEVELS[3]!.includes(tree.operator);
      const isPower = tree.operator === "^";
      const left = print(tree.left, isPower || isComparison ? level + 1 : level);
      const right = print(tree.right, isPower ? levelOf("negate") : level + 1);
      return [`${left} ${tree.operator} ${right}`, level];
    }
  }
}

const number = (value: number): SyntaxTree => ({ kind: "number", value, at });
const name = (text: string): SyntaxTree => ({ kind: "name", name: text, at });
const call = (fn: string, ...operands: SyntaxTree[]): SyntaxTree => ({
  kind: "call",
  name: fn,
  operands,
  at,
});
const binary = (operator: BinaryOperator, left: SyntaxTree, right: SyntaxTree): SyntaxTree => ({
  kind: "binary",
  operator,
  left,
  right,
  at,
});
const negate = (operand: SyntaxTree): SyntaxTree => ({ kind: "unary", operator: "-", operand, at });

const literal = (value: number) => (value < 0 ? negate(number(-value)) : number(value));

const pick = <T>(...items: readonly T[]) => fc.constantFrom(...items);
const BINARY = ["+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "and", "or"] as const;

/** Any tree that the grammar can write, whether it means something or not. */
export const anyTree: fc.Arbitrary<SyntaxTree> = fc.letrec<{ tree: SyntaxTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => number(Math.abs(value))),
    fc
      .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/)
      .filter((text) => !/^(and|or|not)$/.test(text))
      .map(name),
    fc.tuple(tie("tree")).map(([operand]) => negate(operand)),
    fc.tuple(tie("tree")).map(([operand]): SyntaxTree => ({ kind: "unary", operator: "not", operand, at })),
    fc.tuple(pick(...BINARY), tie("tree"), tie("tree")).map(([op, a, b]) => binary(op, a, b)),
    fc
      .tuple(pick("norm", "where", "f1", "notable"), fc.array(tie("tree"), { maxLength: 3 }))
      .map(([fn, operands]) => call(fn, ...operands)),
  ),
})).tree;

/** A tree without its places, for comparing shapes. */
export function withoutPlaces(tree: SyntaxTree): SyntaxTree {
  switch (tree.kind) {
    case "call":
      return { ...tree, at, operands: tree.operands.map(withoutPlaces) };
    case "unary":
      return { ...tree, at, operand: withoutPlaces(tree.operand) };
    case "binary":
      return { ...tree, at, left: withoutPlaces(tree.left), right: withoutPlaces(tree.right) };
    default:
      return { ...tree, at };
  }
}

/** Names that `anyFormula` reads. */
export const FORMULA_HYPER = { lr: 0.01, beta: 0.9, eps: 1e-3 };
export const FORMULA_STATE = ["m"];

const unary = CALLABLE.filter((fn) => ELEMENTWISE[fn].operands.length === 1);
const reductions = Object.keys(AGGREGATES).filter((fn) => !fn.startsWith("dot"));

interface Terms {
  number: SyntaxTree;
  logical: SyntaxTree;
}

const terms = fc.letrec<Terms>((tie: fc.LetrecTypedTie<Terms>) => {
  const x: fc.Arbitrary<SyntaxTree> = tie("number");
  const condition: fc.Arbitrary<SyntaxTree> = tie("logical");
  const binaries = (...operators: BinaryOperator[]) =>
    fc.tuple(fc.constantFrom(...operators), x, x).map(([op, a, b]) => binary(op, a, b));
  const perElement = x.map((y) => binary("*", name("theta"), y)); // other names may stand for scalars
  return {
    number: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      pick("theta", "g", "m", "theta", "g", "m", "lr", "beta", "eps", "t").map(name),
      pick(0.5, 1, 2, 3, 1e-3).map(number),
      binaries("+", "-", "*", "/"),
      fc.tuple(pick(...unary), x).map(([fn, a]) => call(fn, a)),
      fc.tuple(pick("min", "max"), x, x).map(([fn, a, b]) => call(fn, a, b)),
      fc.tuple(condition, x, x).map(([c, a, b]) => call("where", c, a, b)),
      x.map(negate),
      fc.tuple(x, pick(2, 3, 4, 0.5, -0.5, -1, 1.5)).map(([a, y]) => binary("^", a, literal(y))),
      fc.tuple(pick(...reductions), perElement).map(([fn, a]) => call(fn, a)),
      fc.tuple(pick("dot", "dotAll"), perElement, perElement).map(([fn, a, b]) => call(fn, a, b)),
    ),
    logical: fc.oneof(
      { maxDepth: 3 },
      binaries("<", "<=", ">", ">=", "==", "!="),
      fc
        .tuple(fc.constantFrom<BinaryOperator[]>("and", "or"), condition, condition)
        .map(([op, a, b]) => binary(op, a, b)),
      condition.map((operand): SyntaxTree => ({ kind: "unary", operator: "not", operand, at })),
    ),
  };
});

/** The text of a random formula that resolves: a temporary, a state slot and theta, of every function there is. */
export const anyFormula: fc.Arbitrary<string> = fc
  .tuple(terms.number, terms.number, terms.number)
  .map(([a, b, c]) => `g = ${print(a)}\nm = ${print(b)}\ntheta = ${print(c)}`);
