import { linear, sequential, tanh } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { affineFamily } from "../families/affine.ts";
import { Evaluator } from "./evaluator.ts";
import { type Grid, parseAxis } from "./grid.ts";
import { rowModel } from "./rows.ts";
import { survey } from "./survey.ts";
import { examplesOf, planeAround, surfaceOf } from "./testing.ts";

const COUNT = 40;
const model = classifier(sequential(linear(6, 8), tanh(), linear(8, 3)), [6]);
const grid: Grid = [parseAxis("-1:1:5"), parseAxis("-1:1:3")];
const options = {
  model: rowModel(model, { loss: "softmax-cross-entropy", classes: 3 }),
  family: planeAround(model),
  grid,
  examples: examplesOf(COUNT, [6], 3),
};
const [CENTRE, BESIDE] = [7, 8]; // (0, 0) and (½, 0) of 5 × 3 points

describe("differences", () => {
  test("to the centre have the standard error of paired differences: by hand, from every example's own losses", async () => {
    const chunks = new Array<number>(COUNT).fill(1); // so that each example's losses can be read
    const evaluator = await Evaluator.create({ ...options, chunks, reference: "centre" });
    const { surface } = await survey({ evaluators: [evaluator], form: { grid, chunks } });
    await evaluator.release();
    const d = chunks.map((_, k) => {
      const losses = surface.chunkTotal("loss", k);
      return losses[BESIDE]! - losses[CENTRE]!;
    });
    const mean = d.reduce((sum, one) => sum + one, 0) / COUNT;
    const variance = d.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (COUNT - 1);
    expect(surface.mean("difference")[BESIDE]).toBeCloseTo(mean, 12);
    const paired = surface.standardError(undefined, "difference");
    expect(paired[BESIDE]).toBeCloseTo(Math.sqrt(variance / COUNT), 9);
    expect([surface.mean("difference")[CENTRE], paired[CENTRE]]).toEqual([0, 0]);
    // losses move together: the two heights alone would say more than this
    const alone = surface.standardError();
    expect(paired[BESIDE]!).toBeLessThan(0.8 * Math.hypot(alone[BESIDE]!, alone[CENTRE]!));
  });

  test("do not depend on how examples are chunked", async () => {
    const few = await surfaceOf({ ...options, reference: "centre" });
    const chunks = [COUNT];
    const evaluator = await Evaluator.create({ ...options, chunks, reference: "centre" });
    const { surface } = await survey({ evaluators: [evaluator], form: { grid, chunks } });
    await evaluator.release();
    const [a, b] = [few, surface].map((one) => one.standardError(undefined, "difference"));
    for (const [point, error] of a!.entries()) expect(error).toBeCloseTo(b![point]!, 6);
  });

  test("between two models are taken at each place of their own planes, and none where they are the same", async () => {
    const { family } = options;
    const same = await surfaceOf({ ...options, reference: { model: options.model, family } });
    const none = [...same.mean("difference"), ...same.standardError(undefined, "difference")];
    expect(none.every((d) => d === 0)).toBe(true);
    const moved = affineFamily({
      ...family,
      origin: family.origin.map((value) => 1.5 * value),
      buffers: { origin: new Float32Array(0) },
    });
    const surface = await surfaceOf({ ...options, reference: { model: options.model, family: moved } });
    const other = await surfaceOf({ ...options, family: moved });
    const [a, b] = [surface.mean("loss"), other.mean("loss")];
    for (const [point, value] of surface.mean("difference").entries()) {
      expect(value).toBeCloseTo(a[point]! - b[point]!, 6);
    }
  });

  test("that were not measured are refused by name", async () => {
    const surface = await surfaceOf(options);
    expect(() => surface.mean("difference")).toThrow(
      /Cannot read difference of the surface as it holds loss/,
    );
  });
});
