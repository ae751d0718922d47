import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RateScaling, scaleRate } from "./scale-rate.ts";

describe("scaleRate()", () => {
  test("is linear as in Goyal et al.: 0.1 at 256 is 3.2 at 8192", () => {
    expect(scaleRate(0.1, 256, 8192, "linear")).toBeCloseTo(3.2, 14);
  });

  test("grows by the root of k as in Krizhevsky: sixteen times the batch, four times the rate", () => {
    expect(scaleRate(0.01, 128, 2048, "sqrt")).toBeCloseTo(0.04, 16);
  });

  test("follows lr_max / (1 + B_noise/B) as in McCandlish et al.", () => {
    // lr_max = 1, B_noise = 1000: at B = 250 lr = 1/5, at 1000 1/2, at 4000 4/5
    expect(scaleRate(1 / 5, 250, 1000, "noise-scale", 1000)).toBeCloseTo(1 / 2, 15);
    expect(scaleRate(1 / 5, 250, 4000, "noise-scale", 1000)).toBeCloseTo(4 / 5, 15);
  });

  test("by noise scale lies between keeping the rate and scaling it linearly, and reaches both", () => {
    expect(scaleRate(0.1, 32, 512, "noise-scale", 0)).toBeCloseTo(0.1, 15);
    expect(scaleRate(0.1, 32, 512, "noise-scale", Number.POSITIVE_INFINITY)).toBeCloseTo(1.6, 15);
    expect(scaleRate(0.1, 32, 512, "noise-scale", 1e12)).toBeCloseTo(1.6, 8);
  });

  test("there and back is the same rate, and two steps are one", () => {
    const scaling = fc.constantFrom<RateScaling>("linear", "sqrt", "noise-scale");
    const size = fc.integer({ min: 1, max: 1 << 20 });
    fc.assert(
      fc.property(
        size,
        size,
        size,
        scaling,
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (a, b, c, how, noise) => {
          const direct = scaleRate(0.1, a, c, how, noise);
          const detour = scaleRate(scaleRate(0.1, a, b, how, noise), b, c, how, noise);
          expect(Math.abs(detour / direct - 1)).toBeLessThan(1e-12);
          expect(Math.abs(scaleRate(direct, c, a, how, noise) / 0.1 - 1)).toBeLessThan(1e-12);
        },
      ),
      { seed: 4 },
    );
  });

  test("refuses what cannot be scaled, with the number", () => {
    expect(() => scaleRate(Number.NaN, 1, 2, "linear")).toThrow(
      "lr must be positive and finite: current value is NaN",
    );
    expect(() => scaleRate(0.1, 0, 2, "linear")).toThrow(
      "from must be positive and finite: current value is 0",
    );
    expect(() => scaleRate(0.1, 1, -2, "sqrt")).toThrow(
      "to must be positive and finite: current value is -2",
    );
    expect(() => scaleRate(0.1, 1, 2, "noise-scale")).toThrow("current value is undefined");
    expect(() => scaleRate(0.1, 1, 2, "noise-scale", Number.NaN)).toThrow("current value is NaN");
    expect(() => scaleRate(0.1, 1, 2, "cubic" as RateScaling)).toThrow("current value is cubic");
  });
});
