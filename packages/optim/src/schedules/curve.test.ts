import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCurve } from "./any-curve.ts";
import { checkCurve } from "./check.ts";
import { type Curve, curveSteps, mapLeaves, type SimpleCurve, scheduleFactor } from "./curve.ts";
import { parseSchedule } from "./parse.ts";

const all = (curve: Curve, steps = curveSteps(curve)) =>
  Array.from({ length: steps }, (_, k) => scheduleFactor(curve, k));

describe("scheduleFactor() by hand", () => {
  test("warmup rises by 1/W and reaches the peak at its last step", () => {
    expect(all({ kind: "warmup", steps: 4 }, 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    expect(all({ kind: "warmup", steps: 1 })).toEqual([1]);
    expect(all({ kind: "warmup", steps: 3, from: 0 })).toEqual([0, 0.5, 1]);
  });

  test("cosine is 1, ½, floor at the beginning, the middle and the end, and stays there", () => {
    const curve = { kind: "cosine", steps: 4, floor: 0 } as const;
    // (1 + cos 45°)/2 = (1 + √½)/2 = 0.8535533905932737…; its mirror image is 1 minus that
    expect(scheduleFactor(curve, 0)).toBe(1);
    expect(scheduleFactor(curve, 1)).toBeCloseTo(0.8535533905932737, 15);
    expect(scheduleFactor(curve, 2)).toBe(0.5);
    expect(scheduleFactor(curve, 3)).toBeCloseTo(0.14644660940672624, 15);
    expect([4, 5, 1e9, Infinity].map((k) => scheduleFactor(curve, k))).toEqual([0, 0, 0, 0]);
    expect(scheduleFactor({ ...curve, floor: 0.2 }, 2)).toBeCloseTo(0.6, 15);
  });

  test("onecycle starts at 1/div, peaks between steps, and ends at 1/(div·finalDiv)", () => {
    const curve = parseSchedule("onecycle(pct=0.25)", 20).curve; // the peak at 0.25 · 20 − 1 = 4
    expect(scheduleFactor(curve, 0)).toBe(0.04);
    expect(scheduleFactor(curve, 2)).toBeCloseTo(0.52, 15); // half way from 0.04 to 1
    expect(scheduleFactor(curve, 4)).toBe(1);
    expect(scheduleFactor(curve, 19)).toBeCloseTo(4e-6, 20);
    expect(scheduleFactor(curve, 20)).toBe(scheduleFactor(curve, 19)); // torch would rise again here
  });

  test("inverse-sqrt after warmup(W) with timescale W is 1/√(step/W) on the run's clock", () => {
    const { at } = parseSchedule("warmup(100) > inverse-sqrt(timescale=100)", 2000);
    expect(at(100)).toBe(1);
    expect(at(400)).toBe(0.5); // √(100/400)
    expect(at(900)).toBeCloseTo(1 / 3, 15);
  });

  test("wsd rises, stays, and falls in the shape asked for", () => {
    const factors = (shape: string) =>
      all(parseSchedule(`wsd(warmup=2, decay=4, shape=${shape})`, 10).curve, 11);
    const plateau = [0.5, 1, 1, 1, 1, 1, 1];
    expect(factors("linear")).toEqual([...plateau, 0.75, 0.5, 0.25, 0]);
    const sqrt = factors("sqrt"); // 1 − √q at q = 0, ¼, ½, ¾, 1
    expect(sqrt.slice(0, 8)).toEqual([...plateau, 0.5]);
    expect(sqrt[8]).toBeCloseTo(1 - Math.SQRT1_2, 15);
    expect(sqrt[10]).toBe(0);
    expect(factors("cosine")[8]).toBe(0.5);
    const { at } = parseSchedule("wsd(warmup=0, decay=4, shape=linear, floor=0.2)", 10);
    expect([at(0), at(6), at(10)]).toEqual([1, 1, 0.2]);
    expect(at(8)).toBeCloseTo(0.6, 15);
  });

  test("a sequence restarts each part's clock and skips parts of no length", () => {
    const curve: Curve = {
      kind: "sequence",
      parts: [
        { kind: "warmup", steps: 2 },
        { kind: "constant", steps: 0, factor: 0.9 },
        { kind: "linear", steps: 4, from: 1, to: 0 },
        { kind: "constant", steps: 0, factor: 0.9 },
      ],
    };
    expect(all(curve, 8)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25, 0, 0]);
  });

  test("a step that is negative or not a number is refused", () => {
    const curve = { kind: "constant", steps: 3, factor: 1 } as const;
    expect(() => scheduleFactor(curve, -1)).toThrow(/step must be 0 or more: current value is -1/);
    expect(() => scheduleFactor(curve, Number.NaN)).toThrow(RangeError);
  });
});

/** The same curve with nothing in it that goes on past its end. */
const holding = (curve: Curve): Curve =>
  mapLeaves(curve, ({ past: _, ...leaf }: SimpleCurve) => {
    const { dialect: __, ...same } = leaf as typeof leaf & { dialect?: unknown };
    return same as SimpleCurve;
  });

describe("every curve", () => {
  test("stays between 0 and the peak, and holds its value past the end", () => {
    fc.assert(
      fc.property(anyCurve.map(holding), fc.nat(10_000), (curve, step) => {
        const factor = scheduleFactor(curve, step);
        expect(factor).toBeGreaterThanOrEqual(0);
        expect(factor).toBeLessThanOrEqual(1 + 1e-15);
        const T = curveSteps(curve);
        expect(scheduleFactor(curve, T + step)).toBe(scheduleFactor(curve, T));
      }),
      { seed: 2 },
    );
  });

  test("survives JSON with the same factors, and passes checkCurve()", () => {
    fc.assert(
      fc.property(anyCurve, fc.nat(10_000), (curve, step) => {
        const copy: Curve = JSON.parse(JSON.stringify(curve));
        checkCurve(copy);
        expect(scheduleFactor(copy, step)).toBe(scheduleFactor(curve, step));
      }),
      { seed: 3 },
    );
  });
});

describe("checkCurve() refuses", () => {
  const refused: [string, unknown, RegExp][] = [
    ["an unknown kind", { kind: "cosin", steps: 3 }, /kind must be one of constant, linear/],
    ["a name that only objects have", { kind: "toString", steps: 3 }, /kind must be one of constant/],
    [
      "a length of NaN",
      { kind: "constant", steps: Number.NaN, factor: 1 },
      /steps must be a whole number, 0 or more: .* NaN/,
    ],
    ["no parts at all", { kind: "sequence", parts: [] }, /it must have parts, each a curve/],
    [
      "no steps at all",
      { kind: "sequence", parts: [{ kind: "warmup", steps: 0 }] },
      /at least 1 step: it has 0/,
    ],
    [
      "a floor above the peak",
      { kind: "cosine", steps: 9, floor: 1.5 },
      /floor must be in \[0, 1\].*current value is 1.5/,
    ],
    [
      "a missing value",
      { kind: "exponential", steps: 9 },
      /needs gamma .* or rate .*, one of the two: neither is given/,
    ],
    [
      "one cycle in three steps",
      { ...parseSchedule("onecycle", 4).curve, steps: 3 },
      /at least 4 steps to rise.*it has 3/,
    ],
    [
      "a fault inside a sequence",
      { kind: "sequence", parts: [{ kind: "cosine", steps: 9, floor: -1 }] },
      /floor must be/,
    ],
  ];
  test.each(refused)("%s", (_, curve, message) => {
    expect(() => checkCurve(curve as Curve)).toThrow(message);
    expect(() => checkCurve(curve as Curve)).toThrow(RangeError);
  });
});
