import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  box,
  elasticNet,
  groupL1,
  l1,
  l1Ball,
  l2,
  l2Ball,
  nonNegative,
  nuclear,
  simplex,
  squaredL2,
} from "./penalties.ts";
import { none, type Penalty } from "./penalty.ts";

const of = (...values: number[]) => Float64Array.from(values);
const step = (penalty: Penalty, s: number, ...x: number[]) => [...penalty.prox(of(...x), s, of(...x))];

const near = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  expected.forEach((one, i) => {
    expect(found[i]).toBeCloseTo(one, 12);
  });
};

describe("prox() by hand", () => {
  it.each<[string, number[], number[]]>([
    ["none: stays", step(none, 3, 1, -2), [1, -2]],
    ["l1(2), s = ½: one towards zero", step(l1(2), 0.5, 3, -0.5, -4), [2, 0, -3]],
    ["l2(5), s = ½ of (3, 4): half of its length 5 is left", step(l2(5), 0.5, 3, 4), [1.5, 2]],
    ["l2(10), s = ½ of (3, 4): nothing is left", step(l2(10), 0.5, 3, 4), [0, 0]],
    ["squaredL2(3), s = 1: divided by 1 + 3", step(squaredL2(3), 1, 8, -4), [2, -1]],
    ["elasticNet(2, ½), s = 1: less 1, then over 1 + 1", step(elasticNet(2, 0.5), 1, 5, -0.5), [2, 0]],
    // √4·1 = 2 off the first group's length of 4, √1·1 off the second's
    [
      "groupL1(1): by groups",
      step(groupL1(1, [[0, 1, 2, 3], [5]]), 1, 2, 2, 2, 2, 7, 0.5),
      [1, 1, 1, 1, 7, 0],
    ],
    ["box(−1, 2)", step(box(-1, 2), 9, -3, 0.5, 4), [-1, 0.5, 2]],
    ["box by coordinate", step(box(of(0, 1), of(1, 5)), 9, -3, 9), [0, 5]],
    ["nonNegative", step(nonNegative(), 9, -3, 0.5), [0, 0.5]],
    // t = (1 + 0.6 − 1)/2 = 0.3, which the third is below
    ["simplex(1)", step(simplex(1), 9, 1, 0.6, -1), [0.7, 0.3, 0]],
    // |x| on the simplex of total 2: t = (3 + 1 − 2)/2 = 1 is not below 1, so t = (3 − 2)/1
    ["l1Ball(2)", step(l1Ball(2), 9, -3, 1), [-2, 0]],
    ["l1Ball(9): inside", step(l1Ball(9), 9, -3, 1), [-3, 1]],
    ["l2Ball(1)", step(l2Ball(1), 9, 3, -4), [0.6, -0.8]],
    // singular values 3 and 1 of a diagonal matrix become 1 and 0
    ["nuclear(2) of diag(3, 1)", step(nuclear(2, 2, 2), 1, 3, 0, 0, 1), [1, 0, 0, 0]],
    // one row: its only singular value is its length, 5
    ["nuclear(1) of a row", step(nuclear(1, 1, 2), 1, 3, 4), [2.4, 3.2]],
    ["nuclear(1) of a column", step(nuclear(1, 2, 1), 1, 3, 4), [2.4, 3.2]],
  ])("%s", (_, found, expected) => near(found, expected));
});

describe("value() by hand", () => {
  it.each<[string, number, number]>([
    ["l1", l1(2).value(of(1, -3)), 8],
    ["l2", l2(2).value(of(3, -4)), 10],
    ["squaredL2", squaredL2(2).value(of(3, -4)), 25],
    ["elasticNet", elasticNet(2, 0.25).value(of(3, -4)), 2 * (0.25 * 7 + 0.375 * 25)],
    ["groupL1", groupL1(1, [[0, 1, 2, 3], [4]]).value(of(1, 1, 1, 1, -3)), 2 * 2 + 3],
    ["nuclear of diag(3, −1)", nuclear(2, 2, 2).value(of(3, 0, 0, -1)), 8],
    ["box", box(0, 1).value(of(0, 1.1)), Number.POSITIVE_INFINITY],
    ["simplex", simplex(2).value(of(0.5, 1.5)), 0],
    ["simplex, outside", simplex(2).value(of(0.5, 1)), Number.POSITIVE_INFINITY],
    ["l1Ball", l1Ball(1).value(of(0.5, 0.6)), Number.POSITIVE_INFINITY],
    ["l2Ball", l2Ball(1).value(of(0.5, 0.6)), 0],
  ])("%s", (_, found, expected) => {
    expect(found).toBeCloseTo(expected, 12);
  });
});

/** Six coordinates, so that they are a 2 × 3 matrix too. */
const PENALTIES: readonly Penalty[] = [
  ...[
    none,
    l1(0.7),
    l2(0.9),
    squaredL2(1.3),
    elasticNet(1.1, 0.3),
    groupL1(0.5, [
      [0, 2],
      [1, 4, 5],
    ]),
  ],
  ...[
    box(-0.5, 1),
    nonNegative(),
    simplex(2),
    l1Ball(1.5),
    l2Ball(0.8),
    nuclear(0.6, 2, 3),
    nuclear(0.6, 3, 2),
  ],
];
const point = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 });
const size = fc.double({ min: 0.05, max: 3, noNaN: true });
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, one, i) => sum + one * b[i]!, 0);
const minus = (a: Float64Array, b: Float64Array) => a.map((one, i) => one - b[i]!);

describe.each(PENALTIES.map((penalty) => ({ name: penalty.name, penalty })))("$name", ({ penalty }) => {
  const at = (x: readonly number[], s: number) => penalty.prox(of(...x), s, new Float64Array(6));

  it("prox() is the least of g(u) + ‖u − x‖²/2s: no point of its domain around it is lower", () => {
    fc.assert(
      fc.property(point, size, point, fc.double({ min: 1e-3, max: 1, noNaN: true }), (x, s, aim, far) => {
        const least = at(x, s);
        const whole = (u: Float64Array) =>
          penalty.value(u) + dot(minus(u, of(...x)), minus(u, of(...x))) / (2 * s);
        // between the least point and another of the domain, which is convex
        const other = at(aim, s);
        const between = least.map((one, i) => one + far * (other[i]! - one));
        expect(penalty.value(least)).toBeLessThan(Number.POSITIVE_INFINITY);
        expect(whole(least)).toBeLessThanOrEqual(whole(between) + 1e-9);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("prox() is firmly non-expansive", () => {
    fc.assert(
      fc.property(point, point, size, (x, y, s) => {
        const apart = minus(at(x, s), at(y, s));
        expect(dot(apart, apart)).toBeLessThanOrEqual(dot(apart, minus(of(...x), of(...y))) + 1e-9);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it("prox() may write where it reads", () => {
    const x = of(3, -2, 0.5, 1, -0.1, 2);
    const apart = penalty.prox(x, 0.5, new Float64Array(6));
    expect([...penalty.prox(x, 0.5, x)]).toEqual([...apart]);
  });
});

/** Moreau: x = prox of g at x with s, plus s times the prox of its conjugate at x/s with 1/s; a norm's conjugate is its dual's ball. */
describe("Moreau's decomposition", () => {
  const pairs: [string, Penalty, Penalty][] = [
    ["l1 and the box", l1(0.7), box(-0.7, 0.7)],
    ["l2 and its ball", l2(0.7), l2Ball(0.7)],
  ];
  it.each(pairs)("%s add up to x", (_, norm, ball) => {
    fc.assert(
      fc.property(point, size, (x, s) => {
        const shrunk = norm.prox(of(...x), s, new Float64Array(6));
        const projected = ball.prox(
          of(...x).map((one) => one / s),
          1 / s,
          new Float64Array(6),
        );
        near(
          shrunk.map((one, i) => one + s * projected[i]!),
          x,
        );
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});

describe("errors", () => {
  it.each<[string, () => Penalty, RegExp]>([
    ["l1", () => l1(-1), /Cannot build l1 as lambda must be finite and at least 0: current value is -1/],
    ["l1 of NaN", () => l1(Number.NaN), /current value is NaN/],
    ["elasticNet", () => elasticNet(1, 2), /alpha must be in \[0, 1\]: current value is 2/],
    ["box", () => box(1, 0), /low\[0\] must be at most high\[0\] = 0: current value is 1/],
    ["simplex", () => simplex(0), /total must be finite and above 0/],
    ["groupL1", () => groupL1(1, [[0, 1], [1]]), /coordinate 1 is in two of them/],
    ["nuclear", () => nuclear(1, 0, 2), /rows must be a whole number above 0/],
  ])("%s names what is wrong", (_, build, message) => {
    expect(build).toThrow(message);
  });

  it("nuclear() names a vector that is no such matrix", () => {
    expect(() => nuclear(1, 2, 2).value(of(1, 2, 3))).toThrow(/the length of x must be rows × columns = 4/);
  });
});
