import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Expression, ExpressionBuilder, topologicalOrder } from "./expression.ts";
import { ELEMENTWISE } from "./functions.ts";
import { parseFormula } from "./syntax/parse.ts";
import type { SyntaxTree } from "./syntax/tree.ts";
import { program } from "./testing/harness.ts";
import { anyFormula, FORMULA_HYPER, FORMULA_STATE } from "./testing/trees.ts";

/** Text of an expression, for comparing graphs by eye. */
function show(node: Expression): string {
  switch (node.kind) {
    case "constant":
      return String(node.value);
    case "step":
      return "t";
    case "reduce":
      return `${node.fn}.${node.scope}(${show(node.operand)})`;
    case "apply":
    case "matrix":
      return `${node.fn}(${node.operands.map(show).join(", ")})`;
    default:
      return node.name;
  }
}

const meaning = (text: string) => show(program(`theta = ${text}`, ["lr", "eps"]).outputs.get("theta")!);

describe("ExpressionBuilder", () => {
  test("makes one node of what is written twice", () => {
    const written = program(
      "a = sqrt(g * g) + eps\nm = a / (sqrt(g * g) + eps)\ntheta = theta - a",
      ["eps"],
      ["m"],
    );
    const roots = topologicalOrder(written.outputs.values()).filter(
      (node) => node.kind === "apply" && node.fn === "sqrt",
    );
    expect(roots).toHaveLength(1);
    const builder = new ExpressionBuilder();
    const sum = () => builder.apply("add", builder.slot("g"), builder.hyper("eps"));
    expect(sum()).toBe(sum());
    expect(builder.constant(0)).not.toBe(builder.constant(-0));
    expect(builder.constant(Number.NaN)).toBe(builder.constant(Number.NaN));
    expect(builder.hyper("g")).not.toBe(builder.slot("g"));
    expect(builder.reduce("sum", "all", sum())).not.toBe(builder.reduce("sum", "tensor", sum()));
  });

  test("equal formulas have equal outputs, different ones have not", () => {
    const builder = new ExpressionBuilder();
    const [g, lr] = [builder.slot("g"), builder.hyper("lr")];
    expect(builder.apply("multiply", g, lr)).toBe(builder.apply("multiply", lr, g));
    expect(builder.apply("power", g, builder.constant(2))).toBe(builder.apply("multiply", g, g));
    expect(builder.apply("subtract", g, lr)).not.toBe(builder.apply("subtract", lr, g));
  });

  test.each([
    // constants fold
    ["2 * 3 + 1", "7"],
    ["-0.5 ^ 2", "-0.25"],
    ["max(1, sqrt(16))", "4"],
    ["where(1 < 2, g, theta)", "where(less(1, 2), g, theta)"],
    // identities
    ["1 * g", "g"],
    ["g / 1", "g"],
    ["g * 0", "multiply(0, g)"], // NaN · 0 is NaN, so this stays
    ["g + 0", "add(g, 0)"], // −0 + 0 is 0, so this stays
    // whole powers are products, of tensors only
    ["g ^ 1", "g"],
    ["g ^ 2", "multiply(g, g)"],
    ["g ^ 3", "multiply(multiply(g, g), g)"],
    ["g ^ 4", "multiply(multiply(g, g), multiply(g, g))"],
    ["g ^ 0.5", "sqrt(g)"],
    ["g ^ -0.5", "divide(1, sqrt(g))"],
    ["g ^ -1", "divide(1, g)"],
    ["g ^ 5", "power(g, 5)"],
    ["g ^ lr", "power(g, lr)"],
    ["lr ^ 2 * g", "multiply(power(lr, 2), g)"],
    // a scalar divides as its reciprocal, and scalars gather in front
    ["g / lr", "multiply(divide(1, lr), g)"],
    ["g * lr", "multiply(lr, g)"],
    ["lr * (eps * g)", "multiply(multiply(lr, eps), g)"],
    ["lr * (g / eps)", "multiply(multiply(lr, divide(1, eps)), g)"],
    ["g * lr * eps / t", "multiply(multiply(divide(1, t), multiply(eps, lr)), g)"],
    ["lr / g", "divide(lr, g)"],
    ["lr / eps", "divide(lr, eps)"],
  ])("means %s as %s", (text, expected) => {
    expect(meaning(text)).toBe(expected);
  });

  test("rewrites change no value beyond rounding", () => {
    let [values, compared] = [0, 0];
    fc.assert(
      fc.property(
        anyFormula,
        fc.array(fc.double({ min: 0.5, max: 2 }), { minLength: 3, maxLength: 3 }),
        (text, [theta = 1, g = 1, m = 1]) => {
          const slots = { theta, g, m };
          const update = program(text, Object.keys(FORMULA_HYPER), FORMULA_STATE);
          for (const slot of ["theta", "m"]) {
            values++;
            const graph = evaluateGraph(update.outputs.get(slot)!, slots);
            const [direct, condition] = evaluateText(text, slots, slot);
            if (!Number.isFinite(condition)) continue; // infinite or NaN on the way, or at a step of floor or sign
            compared++;
            expect(Math.abs(graph - direct)).toBeLessThanOrEqual(condition * 1e-14);
          }
        },
      ),
      { seed: 3, numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(0.8 * values);
  });
});

/** One tensor of one element: a reduction is then its operand, or nearly. */
const LEAVES: Record<string, number> = { ...FORMULA_HYPER, t: 3 };

function evaluateGraph(node: Expression, slots: Record<string, number>): number {
  switch (node.kind) {
    case "constant":
      return node.value;
    case "step":
      return LEAVES.t!;
    case "hyper":
      return LEAVES[node.name]!;
    case "slot":
      return slots[node.name]!;
    case "dimension":
      return 1;
    case "matrix":
      throw new TypeError(`these formulas have no ${node.fn}`);
    case "memory":
      throw new TypeError(`these formulas have no state, and no ${node.name}`);
    case "reduce":
      return evaluateGraph(node.operand, slots);
    case "apply": {
      const evaluate = ELEMENTWISE[node.fn].evaluate as (...operands: number[]) => number;
      return evaluate(...node.operands.map((operand) => evaluateGraph(operand, slots)));
    }
  }
}

const identity = (x: number) => x;
const REDUCED: Record<string, (x: number, y: number) => number> = {
  sum: identity,
  sumAll: identity,
  mean: identity,
  dot: (x, y) => x * y,
  dotAll: (x, y) => x * y,
  norm: Math.abs,
  normAll: Math.abs,
  norm1: Math.abs,
  normInf: Math.abs,
  size: () => 1,
  rows: () => 1,
  cols: () => 1,
  countAll: () => 1,
  tensorsAll: () => 1,
};
const OPERATORS: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  ">": (a, b) => Number(a > b),
  ">=": (a, b) => Number(a >= b),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  and: (a, b) => a * b,
  or: (a, b) => Math.max(a, b),
};

/**
 * The value of a slot straight from the syntax trees, and how much it changes, relative to a change of 1e-7 in what the
 * formula reads and in every intermediate value: rounding is multiplied by no more than that.
 */
function evaluateText(
  text: string,
  slots: Record<string, number>,
  slot: string,
): [value: number, condition: number] {
  const run = (nudge: (x: number) => number) => {
    const names: Record<string, number> = { ...LEAVES, ...slots };
    const value = (tree: SyntaxTree): number => {
      switch (tree.kind) {
        case "number":
          return tree.value;
        case "name":
          return names[tree.name]!;
        case "unary":
          return tree.operator === "-" ? -value(tree.operand) : 1 - value(tree.operand);
        case "binary": {
          const logical = !["+", "-", "*", "/", "^"].includes(tree.operator);
          const result = OPERATORS[tree.operator]!(value(tree.left), value(tree.right));
          return logical ? result : nudge(result);
        }
        case "call": {
          const operands = tree.operands.map(value);
          const reduced = REDUCED[tree.name];
          if (reduced !== undefined) return reduced(operands[0]!, operands[1] ?? 0);
          const { evaluate } = ELEMENTWISE[tree.name as keyof typeof ELEMENTWISE];
          return nudge((evaluate as (...all: number[]) => number)(...operands));
        }
      }
    };
    for (const { target, value: tree } of parseFormula(text)) names[target.name] = value(tree);
    return names[slot]!;
  };
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647 - 0.5;
  };
  const direct = run(identity);
  const changes = Array.from({ length: 8 }, () => Math.abs(run((x) => x * (1 + 1e-7 * random())) - direct));
  const change = Math.max(...changes);
  const isStep = !(change < 1e-4 * (1 + Math.abs(direct))); // NaN too
  return [direct, isStep ? Infinity : (100 * change) / 1e-7 + Math.abs(direct)];
}
