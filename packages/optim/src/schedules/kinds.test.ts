/** Schedules by hand: numbers worked out in the comments, for what no library records. */
import { describe, expect, test } from "vitest";
import { checkCurve } from "./check.ts";
import { type Curve, scheduleFactor } from "./curve.ts";
import { lambda } from "./kinds/lambda.ts";
import { parseSchedule } from "./parse.ts";
import { bindCurve } from "./schedule.ts";

/** The factors at steps 0, 1, …, count − 1. */
const factors = (spec: string, totalSteps: number, count = totalSteps, options = {}) => {
  const { at } = parseSchedule(spec, totalSteps, options);
  return Array.from({ length: count }, (_, k) => at(k));
};

function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 14);
  });
}

describe("kinds", () => {
  test("warmup can hold a constant until its end, and start at 0 or 1/W", () => {
    expect(factors("warmup(3, from=0.1, shape=constant)", 3, 5)).toEqual([0.1, 0.1, 0.1, 1, 1]);
    expect(factors("warmup(4, shape=constant)", 4, 5)).toEqual([0.25, 0.25, 0.25, 0.25, 1]);
    expect(factors("warmup(3, from=0)", 3)).toEqual([0, 0.5, 1]);
  });

  test("exponential(rate=r) is e^(−rk)", () => {
    close(factors("exponential(rate=0.5)", 4), [1, Math.exp(-0.5), Math.exp(-1), Math.exp(-1.5)]);
    close(factors("exponential(rate=0.5, every=2, stairs=yes)", 4), [1, 1, Math.exp(-0.5), Math.exp(-0.5)]);
  });

  test("inverse-time is 1 / (1 + rate·k/every)", () => {
    close(factors("inverse-time(rate=1, every=2)", 4), [1, 1 / 1.5, 1 / 2, 1 / 2.5]);
  });

  test("decreasing is (2k + 1) / (2μ(k + 1)²)", () => {
    // 1, 3/4, 5/9, 7/16 with 2μ = 1; a quarter of it with μ = 2
    close(factors("decreasing", 4), [1, 3 / 4, 5 / 9, 7 / 16]);
    close(factors("decreasing(mu=2)", 4), [1 / 4, 3 / 16, 5 / 36, 7 / 64]);
  });

  test("rex is (1 − z)/(1 − z/2)", () => {
    // z = 0, ¼, ½, ¾, 1: 1, 0.75/0.875 = 6/7, 0.5/0.75 = 2/3, 0.25/0.625 = 2/5, 0
    close(factors("rex", 4, 6), [1, 6 / 7, 2 / 3, 2 / 5, 0, 0]);
    close(factors("rex(floor=0.5)", 4, 5), [1, 13 / 14, 5 / 6, 7 / 10, 0.5]);
  });

  test("trapezoid rises, stays and falls in straight lines", () => {
    close(factors("trapezoid(warmup=2, decay=4)", 8, 10), [0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0]);
    expect(factors("trapezoid", 100).indexOf(1)).toBe(4); // 5 % of 100 steps: (4 + 1)/5
    expect(factors("trapezoid", 100).lastIndexOf(1)).toBe(70); // the fall starts at 100 − 30
  });

  test("every shape of cooldown starts at 1 and ends on its floor", () => {
    for (const shape of ["sqrt", "linear", "cosine", "square", "exponential", "mirror-cosine"]) {
      const curve = factors(`cooldown(shape=${shape}, floor=0.1)`, 8, 10);
      expect([curve[0], curve[8], curve[9]]).toEqual([1, 0.1, 0.1]);
      curve.slice(1, 9).forEach((factor, i) => {
        expect(factor).toBeLessThan(curve[i]!);
      });
      const wsd = factors(`wsd(warmup=0, decay=8, shape=${shape}, floor=0.1)`, 10);
      expect(wsd).toEqual([1, 1, ...curve.slice(0, 8)]);
    }
    // half way: 1 − ½², floor^½, twice ½ minus ½
    expect(factors("cooldown(shape=square)", 2)[1]).toBe(0.75);
    expect(factors("cooldown(shape=exponential, floor=0.01)", 2)[1]).toBeCloseTo(0.1, 15);
    expect(factors("cooldown(shape=mirror-cosine)", 2)[1]).toBe(0.5);
  });

  test("cosine-restarts starts each cycle exactly at its peak, however many there are", () => {
    const { at } = parseSchedule("cosine-restarts(first=3, mult=2)", 3 * (2 ** 40 - 1));
    for (let n = 1; n < 40; n++) {
      const start = 3 * (2 ** n - 1);
      expect(at(start)).toBe(1);
      expect(at(start - 1)).toBeLessThan(1e-1 * (1 + 9 / n)); // the last step of the cycle before
    }
    expect(at(3 * (2 ** 40 - 1))).toBe(0); // ends on the floor, not on the peak of a cycle that never runs
  });

  test("piecewise has a value for each stair, on which side of the boundary is the dialect's", () => {
    expect(factors("piecewise(boundaries=[2, 3], values=[1, 0.5, 2])", 5)).toEqual([1, 1, 0.5, 2, 2]);
    const keras = "piecewise(boundaries=[2, 3], values=[1, 0.5, 2], dialect=keras)";
    expect(factors(keras, 5)).toEqual([1, 1, 1, 0.5, 2]);
  });

  test("past its end a curve holds its value unless it is told to continue", () => {
    expect(factors("exponential(2, gamma=0.5)", 2, 5)).toEqual([1, 0.5, 0.25, 0.25, 0.25]);
    expect(factors("exponential(2, gamma=0.5, past=continue)", 2, 5)).toEqual([1, 0.5, 0.25, 0.125, 0.0625]);
    expect(factors("cosine(2, past=continue)", 2, 6)).toEqual([1, 0.5, 0, 0.5, 1, 0.5]);
    expect(factors("cosine(2, dialect=torch, past=hold)", 2, 5)).toEqual([1, 0.5, 0, 0, 0]);
  });
});

describe("lambda()", () => {
  test("is any function, alone or in a sequence, held past its end", () => {
    const curve = lambda((k) => 1 / (k + 1), 3);
    checkCurve(curve);
    expect([0, 1, 3, 9].map(bindCurve(curve).at)).toEqual([1, 0.5, 0.25, 0.25]);
    const tail = { kind: "sequence", parts: [{ kind: "warmup", steps: 2 }, curve] } as const;
    expect([0, 1, 2, 3].map((k) => scheduleFactor(tail, k))).toEqual([0.5, 1, 1, 0.5]);
  });

  test("has no JSON and no text, and says so", () => {
    const curve = lambda((k) => k, 3);
    expect(() => JSON.stringify({ schedule: curve })).toThrow(/Cannot write a lambda schedule as data/);
    expect(() => parseSchedule("lambda(10)", 10)).toThrow(/lambda needs a function, which text cannot give/);
    const lost = { kind: "lambda", steps: 3 } as unknown as Curve;
    expect(() => checkCurve(lost)).toThrow(/as its function is code/);
  });
});

describe("combinators", () => {
  test("a product multiplies on one clock and is as long as its longest factor", () => {
    expect(factors("warmup(2) * linear(4)", 4, 5)).toEqual([0.5, 0.75, 0.5, 0.25, 0]);
    close(factors("0.5 * warmup(2) * 4 > constant", 4), [1, 2, 1, 1]);
  });

  test("parentheses make a sequence one factor of a product", () => {
    // 0.5 · (½, 1, 1, ½) and then as it is
    expect(factors("0.5 * (warmup(2) > linear(2)) > constant", 6)).toEqual([0.25, 0.5, 0.5, 0.25, 1, 1]);
    expect(factors("((warmup(2)) > (linear))", 4)).toEqual([0.5, 1, 1, 0.5]);
  });

  test("clamp bounds from both sides", () => {
    expect(factors("clamp(linear, low=0.4, high=0.8)", 5, 6)).toEqual([0.8, 0.8, 0.6, 0.4, 0.4, 0.4]);
  });

  test("shift starts later, or in the middle", () => {
    expect(factors("shift(linear, by=2)", 6, 7)).toEqual([1, 1, 1, 0.75, 0.5, 0.25, 0]);
    expect(factors("shift(linear(4), by=-2)", 10, 3)).toEqual([0.5, 0.25, 0]);
  });

  test("repeat starts again, and holds its last value after the last time", () => {
    expect(factors("repeat(linear(2), times=2) > constant", 6)).toEqual([1, 0.5, 1, 0.5, 1, 1]);
    expect(factors("repeat(linear(2), times=2)", 6)).toEqual([1, 0.5, 1, 0.5, 0, 0]);
    expect(factors("repeat(linear(2))", 5, 5)).toEqual([1, 0.5, 1, 0.5, 1]); // as often as fits
    expect(factors("repeat(linear, times=2)", 8)).toEqual([1, 0.75, 0.5, 0.25, 1, 0.75, 0.5, 0.25]);
  });

  test("during cuts a schedule off, or prolongs it", () => {
    expect(factors("during(linear(4), steps=2) > constant", 4)).toEqual([1, 0.75, 1, 1]);
    expect(factors("during(linear(1, to=0.5), steps=3) > constant", 4)).toEqual([1, 0.5, 0.5, 1]);
  });

  test("epochs changes once per epoch, and its lengths are epochs", () => {
    expect(factors("epochs(linear)", 6, 6, { stepsPerEpoch: 2 })).toEqual([1, 1, 2 / 3, 2 / 3, 1 / 3, 1 / 3]);
    const milestones = "epochs(multistep(milestones=[1, 2], gamma=0.5), stepsPerEpoch=3)";
    expect(factors(milestones, 8)).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]);
    expect(factors("epochs(warmup(2) > linear)", 5, 5, { stepsPerEpoch: 1.25 })).toEqual([
      0.5, 0.5, 1, 1, 0.5,
    ]);
  });

  test("a length in epochs is a length in steps", () => {
    const { curve } = parseSchedule("warmup(2 epochs) > step(every=1epoch)", 50, { stepsPerEpoch: 10 });
    expect(curve).toMatchObject({ parts: [{ steps: 20 }, { steps: 30, every: 10 }] });
  });
});
