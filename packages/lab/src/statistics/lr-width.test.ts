import { expect, test } from "vitest";
import { learningRateWidth } from "./lr-width.ts";

test("learningRateWidth() spans the rates whose loss is within a tenth of the gain of the best", () => {
  // Gain 2.3 − 0.3 = 2: close is at most 0.5.
  const trials = [
    { rate: 1e-4, loss: 1.9 },
    { rate: 1e-3, loss: 0.5 },
    { rate: 1e-2, loss: 0.3 },
    { rate: 1e-1, loss: 0.45 },
    { rate: 1, loss: Number.NaN },
  ];
  const width = learningRateWidth(trials, 2.3);
  expect(width).toMatchObject({ low: 1e-3, high: 1e-1 });
  expect(width?.decades).toBeCloseTo(2, 12);
});

test("learningRateWidth() is null where nothing was learned", () => {
  expect(learningRateWidth([{ rate: 0.1, loss: 2.4 }], 2.3)).toBeNull();
  expect(learningRateWidth([{ rate: 0.1, loss: Number.NaN }], 2.3)).toBeNull();
});
