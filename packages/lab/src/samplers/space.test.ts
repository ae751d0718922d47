import fc from "fast-check";
import { expect, test } from "vitest";
import { type Dimension, dimensionOrder, parseSpace, unitOf, valueAt } from "./space.ts";

test("parseSpace() returns a good space unchanged", () => {
  const space = {
    lr: { low: 1e-4, high: 1, log: true },
    momentum: { low: 0.5, high: 0.999, oneMinus: true },
    k: { type: "int", low: 1, high: 20 },
    nesterov: { type: "categorical", choices: [true, false] },
  };
  expect(parseSpace(space)).toEqual(space);
});

test.each([
  [
    { lr: { low: 1, high: 0.1 } },
    "Cannot search lr as low must be below high: current values are low 1, high 0.1",
  ],
  [{ lr: { low: 0, high: 1, log: true } }, /lr as a log scale needs low above 0: current values are low 0/],
  [{ beta: { low: 0.9, high: 1, oneMinus: true } }, /beta as oneMinus needs high below 1/],
  [{ beta: { low: 0.9, high: 0.99, oneMinus: true, log: true } }, /exclude each other/],
  [{ decay: { low: 0, high: 1, orZero: 0.1 } }, /decay as orZero needs low above 0/],
  [
    { lr: { type: "flaot", low: 0, high: 1 } },
    'Cannot search lr as type must be one of float, int, categorical: got "flaot"',
  ],
  [{ lr: { low: Number.NaN, high: 1 } }, /Cannot search lr as .*: low is NaN/],
  [{ lr: { low: 0 } }, /Cannot search lr as .*: high is undefined/],
  [{ lr: { low: 0, high: 1, lgo: true } }, /Cannot search lr as .*lgo/],
  [{ k: { type: "int", low: 0.5, high: 3 } }, /Cannot search k as .*: low is 0.5/],
  [{ k: { type: "categorical", choices: [] } }, /Cannot search k as/],
  [{ lr: 0.1 }, /Cannot search lr as it must be an object like { low, high }: got 0.1/],
  [[], /must be an object like/],
])("parseSpace() refuses %j and says why", (space, message) => {
  expect(() => parseSpace(space)).toThrow(message);
});

test("valueAt() maps the middle of each scale by hand", () => {
  expect(valueAt({ low: 2, high: 4 }, 0.5)).toBe(3);
  expect(valueAt({ low: 1e-4, high: 1, log: true }, 0.5)).toBeCloseTo(1e-2, 12);
  expect(valueAt({ low: 0.9, high: 0.999, oneMinus: true }, 0.5)).toBeCloseTo(0.99, 12); // 1 − x from 0.1 to 0.001
  expect(valueAt({ type: "int", low: 1, high: 4 }, 0.49)).toBe(2);
  expect(valueAt({ type: "int", low: 1, high: 7, log: true }, 0.5)).toBe(2); // 8^0.5 = 2.83
  expect(valueAt({ type: "categorical", choices: ["a", "b"] }, 0.5)).toBe("b");
  const decay: Dimension = { low: 1e-4, high: 1, log: true, orZero: 0.2 };
  expect(valueAt(decay, 0.19)).toBe(0);
  expect(valueAt(decay, 0.6)).toBeCloseTo(1e-2, 12); // the middle of what is left
  expect(unitOf(decay, 1e-2)).toBeCloseTo(0.6, 12);
  expect(valueAt(decay, unitOf(decay, 0))).toBe(0);
});

test("valueAt() reaches both ends exactly and never leaves the range", () => {
  const range = fc
    .tuple(fc.double({ min: 1e-9, max: 0.4, noNaN: true }), fc.double({ min: 0.5, max: 0.9999, noNaN: true }))
    .map(([low, high]) => ({ low, high }));
  const scale = fc.constantFrom<Partial<{ log: boolean; oneMinus: boolean }>>(
    {},
    { log: true },
    { oneMinus: true },
  );
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(range, scale, unit, ({ low, high }, flags, u) => {
      const dimension: Dimension = { low, high, ...flags };
      const value = valueAt(dimension, u) as number;
      expect(value).toBeGreaterThanOrEqual(low);
      expect(value).toBeLessThanOrEqual(high);
      expect(valueAt(dimension, 0)).toBeCloseTo(low, 12);
      expect(valueAt(dimension, 1)).toBeCloseTo(high, 12);
    }),
    { seed: 2, numRuns: 300 },
  );
  expect(valueAt({ type: "int", low: 1, high: 4 }, 1)).toBe(4);
  expect(valueAt({ type: "categorical", choices: ["a", "b"] }, 1)).toBe("b");
});

test("dimensionOrder() puts lr first wherever it is declared", () => {
  expect(dimensionOrder({ beta1: { low: 0, high: 1 }, lr: { low: 0, high: 1 } })).toEqual(["lr", "beta1"]);
  expect(dimensionOrder({ k: { low: 0, high: 1 } })).toEqual(["k"]);
});
