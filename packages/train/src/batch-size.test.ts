import { ScheduleError } from "@thalweg/optim";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constantBatch, layOutBatches, rampBatch, rateFactor, stepBatch } from "./batch-size.ts";
import { parseBatchSchedule } from "./batch-size-spec.ts";

/** Megatron-LM's rule, step by step. */
function megatron(from: number, to: number, increment: number, examples: number, steps: number) {
  const rises = (to - from) / increment;
  const sizes: number[] = [];
  for (let seen = 0; sizes.length < steps; seen += sizes.at(-1)!) {
    sizes.push(seen > examples ? to : from + Math.floor((seen * rises) / examples) * increment);
  }
  return sizes;
}

const sizesOf = (spec: string, steps: number) => {
  const schedule = parseBatchSchedule(spec);
  return Array.from({ length: steps }, (_, step) => schedule.batchSize(step));
};

describe("parseBatchSchedule()", () => {
  test("ramps by hand: 4 to 10 by 2 over 30 examples", () => {
    // rises at 10, 20, 30 examples. 4 4 4 (12 seen) 6 6 (24) 8 (32) 10 10 …
    expect(sizesOf("ramp(4, 10, examples=30, increment=2)", 8)).toEqual([4, 4, 4, 6, 6, 8, 10, 10]);
    const { examplesBefore, stepsFor } = parseBatchSchedule("ramp(4, 10, examples=30, increment=2)");
    expect([0, 1, 3, 4, 5, 6, 7, 1_000_006].map(examplesBefore)).toEqual([
      0, 4, 12, 18, 24, 32, 42, 10_000_032,
    ]);
    expect([0, 1, 4, 5, 12, 13, 32, 33, 42, 43].map(stepsFor)).toEqual([0, 1, 1, 2, 3, 4, 6, 7, 7, 8]);
  });

  test("ramps as Megatron-LM does, also where a batch steps over a rise", () => {
    const cases = [
      [32, 512, 16, 100_000],
      [16, 2048, 16, 9_765_625 >> 4],
      [100, 1_000, 100, 1_500], // each rise lasts 167 examples: larger batches skip some
      [1, 7, 3, 5],
    ] as const;
    for (const [from, to, increment, examples] of cases) {
      const spec = `ramp(${from}, ${to}, examples=${examples}, increment=${increment})`;
      expect(sizesOf(spec, 3_000), spec).toEqual(megatron(from, to, increment, examples, 3_000));
    }
  });

  test("steps as Smith et al.: five times at the examples where a rate would have dropped, to the largest size", () => {
    const schedule = parseBatchSchedule("step(128, factor=5, every=12800, max=3000)");
    // 100 steps of 128, 20 of 640, then 3000 instead of 3200
    expect(schedule.stages).toEqual([
      { firstStep: 0, batchSize: 128, examplesBefore: 0 },
      { firstStep: 100, batchSize: 640, examplesBefore: 12_800 },
      { firstStep: 120, batchSize: 3_000, examplesBefore: 25_600 },
    ]);
    const options = { from: 128, factor: 5, every: 12_800, max: 3_000 };
    expect([0, 12_799, 12_800].map((seen) => rateFactor(options, seen))).toEqual([1, 1, 1]);
    expect(rateFactor(options, 25_600)).toBeCloseTo(3000 / 3200, 15);
    expect(rateFactor(options, 38_400)).toBeCloseTo(3000 / 16_000, 15);
  });

  test("joins parts, each on a clock of its own", () => {
    // 8 8 (16 ≥ 10 seen), then the ramp began at 10: rises at 10 and 14 have passed
    expect(sizesOf("constant(8, examples=10) > ramp(10, 14, examples=8, increment=2)", 5)).toEqual([
      8, 8, 12, 14, 14,
    ]);
    expect(sizesOf(" constant( 3 ) ", 3)).toEqual([3, 3, 3]);
    expect(sizesOf("ramp(2, 34, examples=1e3)", 1)).toEqual([2]); // 16 rises of 2 by default
  });

  test("counts exactly: examples before a step are the sum of the sizes before it, and stepsFor is its inverse", () => {
    const rise = fc.record({
      gap: fc.integer({ min: 1, max: 500 }),
      batchSize: fc.integer({ min: 1, max: 90 }),
    });
    fc.assert(
      fc.property(fc.array(rise, { minLength: 1, maxLength: 12 }), (list) => {
        let from = 0;
        const rises = list.map(({ gap, batchSize }, i) => {
          from += i === 0 ? 0 : gap;
          return { from, batchSize };
        });
        const { batchSize, examplesBefore, stepsFor } = layOutBatches("test", rises);
        let seen = 0;
        for (let step = 0; step < 200; step++) {
          expect(examplesBefore(step)).toBe(seen);
          expect(batchSize(step)).toBe(rises.findLast((one) => one.from <= seen)!.batchSize);
          expect(stepsFor(seen)).toBe(step);
          expect(stepsFor(seen + 1)).toBe(step + 1);
          seen += batchSize(step);
        }
      }),
      { seed: 11 },
    );
  });

  test("is the same after a way through JSON", () => {
    const { stages } = parseBatchSchedule("ramp(32, 512, examples=100000)");
    expect(JSON.parse(JSON.stringify(stages))).toEqual(stages);
  });

  test.each([
    ["rmap(32, 512, examples=10)", 1, '"rmap" is no batch-size schedule'],
    ["ramp(32, 512)", 1, "ramp needs examples"],
    ["ramp(512, 32, examples=10)", 1, "it goes from 512 to 32"],
    ["ramp(32, 512, examples=10, increment=7)", 1, "480 is no multiple of 7"],
    ["ramp(32, 512, examples=0.5)", 1, "current value is 0.5"],
    ["ramp(32, 512, 100000)", 15, "one number too many"],
    ["ramp(32, 512, example=10)", 15, 'no setting "example"'],
    ["constant(32, size=64)", 14, "size of constant is given twice"],
    ["constant(0)", 1, "current value is 0"],
    ["constant(32) > constant(64)", 1, "only the last part may go on"],
    ["constant(32, examples=-5) > constant(64)", 1, "current value is -5"],
    ["constant 32", 10, 'where "(" or "*" or ">" or the end is accepted'],
    ["constant(32) constant(64)", 14, 'where "*" or ">" or the end is accepted'],
    ["constant(32", 12, "the text ends"],
    ["constant(x=)", 12, 'where "[" or a number or a name is accepted'],
    ["step(32, factor=1, every=10, max=64)", 1, "factor must be at least 1.01"],
    ["step(32, factor=2, every=10, max=16)", 1, "at least the first size, 32"],
    ["", 1, "a name or a number is accepted"],
    ["2 * constant(32)", 1, "a batch-size schedule is a part, or parts joined by"],
    ["constant(8, examples=9) > 32", 27, "a batch-size schedule is a part, or parts joined by"],
    ["ramp(32, 512, examples=5%)", 15, "settings of ramp are plain numbers: write ramp(from, to, examples=…"],
    ["constant(huge)", 10, "settings of constant are plain numbers"],
  ])("refuses %j at column %i", (spec, column, reason) => {
    const act = () => parseBatchSchedule(spec);
    expect(act).toThrow(ScheduleError);
    expect(act).toThrow(reason);
    expect(act).toThrow(`at column ${column}:`);
  });
});

test("rises and counts that are none are refused", () => {
  expect(() => layOutBatches("x", [])).toThrow("must begin at 0 examples");
  const disorder = [
    { from: 0, batchSize: 1 },
    { from: 5, batchSize: 2 },
    { from: 5, batchSize: 3 },
  ];
  expect(() => layOutBatches("x", disorder)).toThrow("5 examples comes after 5");
  expect(() => layOutBatches("x", constantBatch(1.5))).toThrow("current value is 1.5");
  expect(() => layOutBatches("x", constantBatch(4)).batchSize(-1)).toThrow(
    "step must be a whole number from 0",
  );
  expect(() => layOutBatches("x", constantBatch(4)).stepsFor(Number.NaN)).toThrow("current value is NaN");
  expect(() => rampBatch({ from: 1, to: 1e9, examples: 1e9, increment: 1 })).toThrow("below 2^53");
  expect(() => stepBatch({ from: 4, factor: 2, every: 0, max: 8 })).toThrow("every must be a whole number");
});
