import { problems } from "@thalweg/optim";
import { describe, expect, test } from "vitest";
import { ExpressionError, expressionSurface } from "./expression-surface.ts";
import { surfaces } from "./surface.ts";

/** Central differences: error O(h²) and O(ε f / h), balanced near 1e-10 of f's size. */
const H = 1e-5;

/** The catalogue's own functions, typed; its values and gradients are the oracle. */
const TYPED: Readonly<Record<string, string>> = {
  rosenbrock: "(1 - x)^2 + 100 (y - x^2)^2",
  himmelblau: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
  beale: "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
  ackley: "-20 exp(-0.2 sqrt((x^2 + y^2) / 2)) - exp((cos(2 pi x) + cos(2 pi y)) / 2) + 20 + e",
  rastrigin: "20 + x^2 - 10 cos(2 pi x) + y^2 - 10 cos(2 pi y)",
};
const POINTS = [
  [0.3, -1.1],
  [-1.7, 2.4],
  [2.2, 0.6],
] as const;

describe("expressionSurface()", () => {
  test.each(Object.entries(TYPED))("%s typed has the catalogue's values and gradients", (name, text) => {
    const [typed, known] = [expressionSurface(text), surfaces[name]!];
    const [a, b] = [new Float64Array(2), new Float64Array(2)];
    for (const [x, y] of POINTS) {
      const size = 1 + Math.abs(known.value(x, y));
      expect(Math.abs(typed.value(x, y) - known.value(x, y))).toBeLessThan(1e-12 * size);
      typed.gradient(x, y, a);
      known.gradient(x, y, b);
      for (const i of [0, 1]) expect(Math.abs(a[i]! - b[i]!)).toBeLessThan(1e-10 * (1 + Math.abs(b[i]!)));
    }
  });

  test.each([
    "abs(x - 2y)",
    "acos(x / 5)",
    "asin(y / 5)",
    "atan(x y)",
    "cbrt(3 + x)",
    "cosh(x) - sinh(y)",
    "log(4 + x)",
    "log10(4 + x) log2(5 + y)",
    "sqrt(5 + x)",
    "square(x) - -y",
    "tan(x / 4)",
    "tanh(x - y)",
    "max(x, y)",
    "min(x^2, y)",
    "pow(2, x)",
    "(3 + x)^y",
    "sign(x) * y / tau",
    "x^0 + y",
  ])("%s has the slopes that differences measure", (text) => {
    const { value, gradient } = expressionSurface(text);
    const into = new Float64Array(2);
    for (const [x, y] of POINTS) {
      gradient(x, y, into);
      const measured = [
        (value(x + H, y) - value(x - H, y)) / (2 * H),
        (value(x, y + H) - value(x, y - H)) / (2 * H),
      ];
      for (const i of [0, 1]) expect(into[i]).toBeCloseTo(measured[i]!, 7);
    }
  });

  test.each([
    ["sin(x", 6, "Parenthesis ) expected"],
    ["x + z", 5, 'There is no "z"'],
    ["x + sn(y)", 5, 'There is no function "sn"'],
    ["atan(x, y)", 1, "takes one value"],
    ["x > y", 3, 'Cannot use ">"'],
    ["import(x)", 1, 'There is no function "import"'],
    ["x = 3", 1, "one expression of x and y"],
    ["[x, y]", 1, "one expression of x and y"],
    ["constructor", 1, 'There is no "constructor"'],
    ["", 1, "it is empty"],
  ])("%j is refused at column %d: %s", (text, column, reason) => {
    try {
      expressionSurface(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ExpressionError);
      expect(error).toMatchObject({ column, message: expect.stringContaining(reason) });
      return;
    }
    expect.fail("it was accepted");
  });
});

describe("surfaces", () => {
  test("are the problems of two variables that have a view", () => {
    expect(Object.keys(surfaces)).toEqual(
      Object.values(problems)
        .filter(({ build }) => build().view !== undefined)
        .map(({ name }) => name),
    );
  });
});
