import { describe, expect, test } from "vitest";
import { ELEMENTWISE, type ElementwiseName } from "../functions.ts";
import { numbers, program, runFused } from "../testing/harness.ts";

const TINY = 2 ** -149; // smallest subnormal number
const NORMAL = 2 ** -126; // smallest normal number
const LARGEST = Math.fround(3.4028234663852886e38);

const positive = [
  0,
  TINY,
  NORMAL - TINY,
  NORMAL,
  1e-20,
  0.5,
  0.625,
  1,
  1.5,
  2,
  3,
  4,
  89,
  105,
  2 ** 24,
  1e20,
  LARGEST,
  Infinity,
];
const SPECIAL = [Number.NaN, ...positive, ...positive.map((x) => -x)].map(Math.fround);

/** How each function is written with up to three operands. */
const WRITTEN: Record<ElementwiseName, string> = {
  add: "theta + g",
  subtract: "theta - g",
  multiply: "theta * g",
  divide: "theta / g",
  power: "theta ^ g",
  negate: "-theta",
  abs: "abs(theta)",
  sign: "sign(theta)",
  sqrt: "sqrt(theta)",
  exp: "exp(theta)",
  log: "log(theta)",
  tanh: "tanh(theta)",
  floor: "floor(theta)",
  min: "min(theta, g)",
  max: "max(theta, g)",
  less: "where(theta < g, 1, 0)",
  lessEqual: "where(theta <= g, 1, 0)",
  greater: "where(theta > g, 1, 0)",
  greaterEqual: "where(theta >= g, 1, 0)",
  equal: "where(theta == g, 1, 0)",
  notEqual: "where(theta != g, 1, 0)",
  and: "where(theta > 0 and g > 0, 1, 0)",
  or: "where(theta > 0 or g > 0, 1, 0)",
  not: "where(not theta > 0, 1, 0)",
  where: "where(theta > 0, theta, g)",
};

const MEANING: Partial<Record<ElementwiseName, (theta: number, g: number) => number>> = {
  and: (theta, g) => Number(theta > 0 && g > 0),
  or: (theta, g) => Number(theta > 0 || g > 0),
  not: (theta) => Number(!(theta > 0)),
  where: (theta, g) => (theta > 0 ? theta : g),
};

/** Functions whose results are the float64 ones, rounded. */
const isExact = (fn: ElementwiseName) => !["exp", "log", "tanh", "power"].includes(fn);

function kind(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  const sign = x < 0 || Object.is(x, -0) ? "-" : "+";
  const size = Math.abs(x);
  return sign + (size === 0 ? "0" : size === Infinity ? "∞" : size < NORMAL ? "subnormal" : "normal");
}

/** Distance in units in the last place of float32 at the exact value. */
function ulps(found: number, exact: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))));
  return Math.abs(found - exact) / 2 ** (exponent - 23);
}

/** theta after `theta = …` over the given elements of theta and g, on the fused engine. */
function fused(text: string, theta: readonly number[], g: readonly number[] = theta, hyper = {}): number[] {
  const groups = [{ hyper, tensors: [{ shape: [theta.length], slots: { theta, g } }] }];
  return runFused(program(`theta = ${text}`, Object.keys(hyper)), groups)[0]![0]!.theta!;
}

describe("special values", () => {
  test.each(Object.keys(WRITTEN) as ElementwiseName[])("%s gives what the reference gives", (fn) => {
    const isUnary = ELEMENTWISE[fn].operands.length === 1;
    const pairs = isUnary ? SPECIAL.map((x) => [x, x]) : SPECIAL.flatMap((x) => SPECIAL.map((y) => [x, y]));
    const [left, right] = [pairs.map(([x]) => x!), pairs.map(([, y]) => y!)];
    const found = fused(WRITTEN[fn], left, right);
    const evaluate = MEANING[fn] ?? (ELEMENTWISE[fn].evaluate as (a: number, b: number) => number);
    const wrong: string[] = [];
    pairs.forEach(([x = 0, y = 0], i) => {
      const [exact, value] = [evaluate(x, y), found[i]!];
      const same = isExact(fn)
        ? Object.is(value, Math.fround(exact))
        : agrees(value, exact, fn === "power" ? powerUlps(x, y) : 2);
      if (!same) wrong.push(`${fn}(${x}${isUnary ? "" : `, ${y}`}) = ${value} instead of ${exact}`);
    });
    expect(wrong).toEqual([]);
  });
});

/** Of the same kind; and close, if it is a number other than zero. */
function agrees(found: number, exact: number, tolerance: number): boolean {
  const rounded = Math.fround(exact);
  if (kind(found) !== kind(rounded)) return false;
  return rounded === 0 || !Number.isFinite(rounded) || ulps(found, exact) <= tolerance;
}

/** exp(y ln x) multiplies the rounding of the logarithm, half a unit or so, by |y ln x|. */
const powerUlps = (x: number, y: number) => 3 + (y === 0 ? 0 : 3 * Math.abs(y * Math.log(Math.abs(x))));

describe("accuracy over a dense range, in units in the last place", () => {
  const range = (low: number, high: number, n = 200_000) =>
    Array.from({ length: n }, (_, i) => Math.fround(low + ((high - low) * i) / (n - 1)));
  const worst = (fn: "exp" | "log" | "tanh", xs: number[]) =>
    fused(`${fn}(theta)`, xs).reduce((most, found, i) => Math.max(most, ulps(found, Math[fn](xs[i]!))), 0);

  test.each([
    ["exp", "[-87, 88.7]", range(-87, 88.7), 1],
    ["exp", "[-1, 1]", range(-1, 1), 1],
    ["exp", "[-104, -87], where results are subnormal", range(-103.9, -87.4), 1],
    ["log", "[1e-3, 4]", range(1e-3, 4), 1.5],
    ["log", "[0.99, 1.01]", range(0.99, 1.01), 1.5],
    ["log", "all powers of 2", range(-148.9, 127.9).map((e) => Math.fround(2 ** e)), 1.5],
    ["tanh", "[-10, 10]", range(-10, 10), 1.4],
    ["tanh", "[-1, 1]", range(-1, 1), 1.4],
  ] as const)("%s in %s", (fn, _, xs, bound) => {
    expect(worst(fn, xs)).toBeLessThanOrEqual(bound);
  });

  test("power: 3 + 3 |y ln x| units", () => {
    const [xs, ys] = [numbers(100_000, 1, 1e-3, 100), numbers(100_000, 2, -8, 8)];
    fused("theta ^ g", xs, ys).forEach((found, i) => {
      const [x, y] = [xs[i]!, ys[i]!];
      if (!agrees(found, x ** y, powerUlps(x, y))) {
        expect.fail(`${x} ^ ${y} = ${found}: ${ulps(found, x ** y)} ulp from ${x ** y}`);
      }
    });
  });

  test.each([-3, -2, 5, 1.5, 0, 0.25])("power with the scalar exponent %d", (p) => {
    const xs = [...range(-4, 4, 801), ...SPECIAL];
    fused("theta ^ p", xs, xs, { p }).forEach((found, i) => {
      const exact = xs[i]! ** p;
      if (!agrees(found, exact, powerUlps(xs[i]!, p)))
        expect.fail(`${xs[i]} ^ ${p} = ${found} instead of ${exact}`);
    });
  });
});

test("constants beyond float32 become infinite or zero, as scalars do", () => {
  expect(fused("g * 1e39", [1, -1])).toEqual([Infinity, -Infinity]);
  expect(fused("g - 1e999", [1, -1])).toEqual([-Infinity, -Infinity]);
  expect(fused("g * h", [1, -1], [1, -1], { h: 1e39 })).toEqual([Infinity, -Infinity]);
  expect(fused("g * 1e-50", [1, -1])).toEqual([0, -0]);
  expect(fused("where(g < 2, 0 / 0, g)", [1, 3])).toEqual([Number.NaN, 3]);
});
