import fc from "fast-check";
import { expect, test } from "vitest";
import { isAlgoperfSpace, readAlgoperfSpace, writeAlgoperfSpace } from "./algoperf-space.ts";
import type { Space } from "./space.ts";

/** Of mlcommons/algorithmic-efficiency, the NadamW baseline's: its names and ranges. */
const nadamw = {
  learning_rate: { min: 1e-4, max: 1e-2, scaling: "log" },
  one_minus_beta1: { min: 4e-3, max: 1e-1, scaling: "log" },
  beta2: { feasible_points: [0.999] },
  weight_decay: { min: 5e-3, max: 1.0, scaling: "log" },
  epsilon: { feasible_points: [1e-8] },
  warmup_factor: { feasible_points: [0.05] },
  dropout_rate: { feasible_points: [0.0, 0.1] },
  label_smoothing: { feasible_points: [0.1, 0.2] },
};

test("readAlgoperfSpace() reads the baseline's space by our names", () => {
  expect(readAlgoperfSpace(nadamw)).toEqual({
    space: {
      lr: { low: 1e-4, high: 1e-2, log: true },
      beta1: { low: 0.9, high: 0.996, oneMinus: true },
      beta2: { type: "categorical", choices: [0.999] },
      weightDecay: { low: 5e-3, high: 1, log: true },
      eps: { type: "categorical", choices: [1e-8] },
    },
    leftOut: ["warmup_factor", "dropout_rate", "label_smoothing"],
  });
  expect([
    isAlgoperfSpace(nadamw),
    isAlgoperfSpace({ lr: { low: 1, high: 2 } }),
    isAlgoperfSpace([]),
    isAlgoperfSpace({}),
  ]).toEqual([true, false, false, false]);
});

test.each([
  [
    { learning_rate: { min: 1, max: 2 } },
    /Cannot search learning_rate as it must be \{ min, max, scaling.*got \{"min":1,"max":2\}/,
  ],
  [{ learning_rate: { min: 2, max: 1, scaling: "log" } }, /Cannot search lr as low must be below high/],
  [[{ learning_rate: 1 }, { learning_rate: 2 }], /it is a list of 2 points/],
  [3, /Cannot search this as it must be/],
])("readAlgoperfSpace() refuses %j and says why", (input, message) => {
  expect(() => readAlgoperfSpace(input)).toThrow(message);
});

test("writeAlgoperfSpace() and readAlgoperfSpace() carry spaces there and back", () => {
  const name = fc.constantFrom("lr", "eps", "weightDecay", "momentum", "beta2", "trustCoefficient");
  const ends = fc.tuple(
    fc.double({ min: 1e-6, max: 0.4, noNaN: true }),
    fc.double({ min: 0.5, max: 0.99, noNaN: true }),
  );
  const float = fc
    .tuple(ends, fc.constantFrom({}, { log: true }))
    .map(([[low, high], flags]) => ({ low, high, ...flags }));
  const choices = fc
    .array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 3 })
    .map((list) => ({ type: "categorical" as const, choices: list }));
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(float, choices), { minKeys: 1 }), (space) => {
      expect(readAlgoperfSpace(writeAlgoperfSpace(space as Space))).toEqual({ space, leftOut: [] });
    }),
  );
  const beta: Space = {
    beta1: { low: 0.9, high: 0.996, oneMinus: true },
    k: { type: "int", low: 1, high: 3 },
  };
  expect(readAlgoperfSpace(writeAlgoperfSpace(beta)).space).toEqual({
    beta1: { low: expect.closeTo(0.9, 12), high: expect.closeTo(0.996, 12), oneMinus: true },
    k: { type: "categorical", choices: [1, 2, 3] },
  });
  expect(() => writeAlgoperfSpace({ decay: { low: 1e-4, high: 1, log: true, orZero: 0.1 } })).toThrow(
    "it has 0 besides 0.0001 … 1",
  );
});
