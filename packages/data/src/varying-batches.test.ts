import { stream } from "@thalweg/random";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Batches } from "./batches.ts";
import type { Split } from "./dataset.ts";
import { type SizeStage, VaryingBatches } from "./varying-batches.ts";

const NORMALIZATION = { maximum: 255, mean: 0.25, std: 0.5 };

/** `count` images of 2×2, image i all pixels i, labels i mod 10. */
function splitOf(count: number): Split {
  return {
    images: Uint8Array.from({ length: 4 * count }, (_, k) => k >> 2),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
    count,
    shape: [1, 2, 2],
  };
}

const make = (count: number, stages: readonly SizeStage[], seed = 3) =>
  new VaryingBatches(splitOf(count), { stages, seed, normalization: NORMALIZATION });

/** The images of a batch, told by their pixels. */
function imagesOf(batches: VaryingBatches, step: number): number[] {
  const size = batches.batchSize(step);
  const x = new Float32Array(4 * size);
  batches.fill(step, x, new Int32Array(size));
  return Array.from({ length: size }, (_, row) => Math.round((x[4 * row]! * 0.5 + 0.25) * 255));
}

describe("VaryingBatches", () => {
  test("with one size gives the bits of Batches, at every step of many epochs", () => {
    const split = splitOf(23);
    const fixed = new Batches(split, { batchSize: 5, seed: 9, normalization: NORMALIZATION });
    const varying = new VaryingBatches(split, {
      stages: [{ firstStep: 0, batchSize: 5 }],
      seed: 9,
      normalization: NORMALIZATION,
    });
    const memory = () => ({ x: new Float32Array(20), labels: new Int32Array(5) });
    for (const step of [...Array(40).keys(), 1_000, 7]) {
      const [a, b] = [memory(), memory()];
      fixed.fill(step, a.x, a.labels);
      varying.fill(step, b.x, b.labels);
      expect(new Uint32Array(b.x.buffer)).toEqual(new Uint32Array(a.x.buffer));
      expect(b.labels).toEqual(a.labels);
    }
  });

  test("places batches by hand: 3 3 4 4 | 4 4 in epochs of 10 images", () => {
    // epoch 0 holds 3 + 3 + 4; then two of 4, two images dropped; then epoch 2 begins with 8
    const batches = make(10, [
      { firstStep: 0, batchSize: 3 },
      { firstStep: 2, batchSize: 4 },
      { firstStep: 5, batchSize: 8 },
    ]);
    expect(Array.from({ length: 7 }, (_, step) => batches.place(step))).toEqual([
      { batchSize: 3, epoch: 0, offset: 0 },
      { batchSize: 3, epoch: 0, offset: 3 },
      { batchSize: 4, epoch: 0, offset: 6 },
      { batchSize: 4, epoch: 1, offset: 0 },
      { batchSize: 4, epoch: 1, offset: 4 },
      { batchSize: 8, epoch: 2, offset: 0 },
      { batchSize: 8, epoch: 3, offset: 0 },
    ]);
    const order = stream(3, "order", 1).permutation(10);
    expect(imagesOf(batches, 4)).toEqual([...order.subarray(4, 8)]);
  });

  test("lets a smaller batch use what a larger one could not", () => {
    const batches = make(10, [
      { firstStep: 0, batchSize: 4 },
      { firstStep: 2, batchSize: 2 },
    ]);
    expect(batches.place(2)).toEqual({ batchSize: 2, epoch: 0, offset: 8 });
  });

  test("never spans epochs, never repeats an image within one, and drops fewer than a batch", () => {
    const stage = fc.record({
      steps: fc.integer({ min: 1, max: 20 }),
      batchSize: fc.integer({ min: 1, max: 17 }),
    });
    fc.assert(
      fc.property(fc.array(stage, { minLength: 1, maxLength: 6 }), (list) => {
        let firstStep = 0;
        const stages = list.map(({ steps, batchSize }) => {
          const one = { firstStep, batchSize };
          firstStep += steps;
          return one;
        });
        const batches = make(17, stages);
        let before = { batchSize: 0, epoch: 0, offset: 0 };
        for (let step = 0; step < firstStep + 10; step++) {
          const place = batches.place(step);
          const end = before.offset + before.batchSize;
          expect(place.offset + place.batchSize).toBeLessThanOrEqual(17);
          if (place.epoch === before.epoch) expect(place.offset).toBe(end);
          else {
            expect([place.epoch, place.offset]).toEqual([before.epoch + 1, 0]);
            expect(end + place.batchSize).toBeGreaterThan(17); // it would not have fitted
          }
          before = place;
        }
      }),
      { seed: 5 },
    );
  });

  test("refuses stages and buffers that do not fit, with the numbers", () => {
    expect(() => make(10, [])).toThrow("must begin at step 0");
    expect(() => make(10, [{ firstStep: 0, batchSize: 11 }])).toThrow(
      "from 1 to the number of images, 10: current value is 11",
    );
    expect(() => make(10, [{ firstStep: 0, batchSize: Number.NaN }])).toThrow("current value is NaN");
    const stages = [{ firstStep: 0, batchSize: 2 }];
    expect(() => make(10, [...stages, { firstStep: 0, batchSize: 3 }])).toThrow("step 0 comes after 0");
    expect(() => make(10, stages).fill(0, new Float32Array(4), new Int32Array(2))).toThrow("2×4 = 8");
    expect(() => make(10, stages).place(-1)).toThrow("current value is -1");
  });
});
