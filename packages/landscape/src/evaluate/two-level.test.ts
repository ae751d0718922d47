import { conv2d, flatten, linear, maxPool2d, relu, sequential } from "@thalweg/nn";
import { classifier, type Model } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { Evaluator } from "./evaluator.ts";
import { chunkSizes, type Grid, parseAxis } from "./grid.ts";
import { interpolator } from "./interpolate.ts";
import { rowModel } from "./rows.ts";
import { survey } from "./survey.ts";
import { examplesOf, planeAround } from "./testing.ts";
import { correctedMean, twoLevelPlan, twoLevelTiles } from "./two-level.ts";

describe("interpolator", () => {
  const uneven = Float64Array.of(-1, -0.4, 0, 0.7, 1.5);
  const even = Float64Array.of(0, 1, 2, 3);
  const f = (x: number, y: number) => 1 + 2 * x - 3 * y + x * x - 0.5 * x * y + 2 * y * y;
  const on = (x: Float64Array, y: Float64Array) =>
    Float64Array.from({ length: x.length * y.length }, (_, at) =>
      f(x[at % x.length]!, y[Math.floor(at / x.length)]!),
    );

  test("is exact for quadratics, at borders and with steps of any length", () => {
    const value = interpolator(uneven, even, on(uneven, even));
    for (const [x, y] of [
      [-1, 0],
      [-0.7, 0.3],
      [0.1, 2.9],
      [1.5, 3],
      [1.2, 1.5],
    ] as const) {
      expect(value(x, y)).toBeCloseTo(f(x, y), 12);
    }
  });

  test("along a line goes through every point, and has no kink", () => {
    const values = Float64Array.of(0, 1, -1, 2);
    const value = interpolator(even, new Float64Array(0), values);
    expect([0, 1, 2, 3].map((x) => value(x, 0))).toEqual([0, 1, -1, 2]);
    const slope = (x: number, h: number) => (value(x + h, 0) - value(x, 0)) / h;
    expect(slope(1, -1e-6)).toBeCloseTo(slope(1, 1e-6), 4);
  });

  test("is NaN in the cells beside what is not finite, and only there", () => {
    const values = on(uneven, even);
    values[0] = Number.POSITIVE_INFINITY;
    const value = interpolator(uneven, even, values);
    expect(value(-0.8, 0.5)).toBeNaN();
    expect(value(-0.2, 1.5)).toBeCloseTo(f(-0.2, 1.5), 1);
  });
});

describe("two levels", () => {
  test("plans about nine places an axis, with both ends", () => {
    const plan = twoLevelPlan([parseAxis("-1:1:51"), parseAxis("0:1:4")], 2);
    expect(plan).toEqual({ chunks: 2, columns: [0, 6, 13, 19, 25, 31, 38, 44, 50], rows: [0, 1, 2, 3] });
  });

  test.each([
    ["MLP", classifier(sequential(linear(12, 16), relu(), linear(16, 3)), [12])],
    [
      "LeNet",
      classifier(
        sequential(conv2d(1, 4, 3), relu(), maxPool2d(2), conv2d(4, 6, 3), relu(), flatten(), linear(24, 3)),
        [1, 10, 10],
      ),
    ],
  ] as [
    string,
    Model,
  ][])("acceptance 13: of an %s are nearer to the whole than their bar says", async (_, model) => {
    const { shape } = model.inputs(1).x!;
    const examples = examplesOf(600, shape.slice(1), 3);
    const grid: Grid = [parseAxis("-1:1:17"), parseAxis("-1:1:13")];
    const chunks = chunkSizes(600, { first: 60, size: 180 });
    const plan = twoLevelPlan(grid, 1);
    const options = {
      model: rowModel(model, { loss: "softmax-cross-entropy" }),
      family: planeAround(model),
      grid,
      examples,
      chunks,
    };
    const evaluator = await Evaluator.create(options);
    const whole = await survey({ evaluators: [evaluator], form: { grid, chunks } });
    const tiles = twoLevelTiles(grid, chunks.length, plan);
    const two = await survey({ evaluators: [evaluator], form: { grid, chunks }, tiles });
    await evaluator.release();
    expect(two.evaluated).toBe(tiles.length);
    const { values, bar } = correctedMean(two.surface, "loss", plan);
    const truth = whole.surface.mean("loss");
    const few = two.surface.mean("loss", 1);
    const rms = (a: Float64Array) =>
      Math.sqrt(a.reduce((sum, value, i) => sum + (value - truth[i]!) ** 2, 0) / a.length);
    expect(rms(values)).toBeLessThan(bar);
    expect(rms(values)).toBeLessThan(rms(few) / 3); // the correction corrects
    plan.rows.forEach((row) => {
      for (const column of plan.columns)
        expect(values[row * 17 + column]).toBeCloseTo(truth[row * 17 + column]!, 10);
    });
  });
});
