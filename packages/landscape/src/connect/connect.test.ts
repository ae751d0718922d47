/** Curves between models: by hand, by the points themselves, and on a loss whose every value is known. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Split } from "@thalweg/data";
import { linear, sequential } from "@thalweg/nn";
import { momentum, sgd } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { createRun, openRun, supervised } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import type { Examples } from "../evaluate/examples.ts";
import { chordLengths, coefficients, curveKinds, straightCurve, writeCurve } from "./curve.ts";
import { barrierOf, CurveMeter, evenly, meanAlong } from "./curve-heights.ts";
import { trainCurve } from "./train-curve.ts";

const vector = (...values: number[]) => Float32Array.from(values);

describe("coefficients", () => {
  test.each([
    ["bezier", 0.25, [0.5625, 0.375, 0.0625]],
    ["bezier", 1, [0, 0, 1]],
    ["chain", 0.25, [0.5, 0.5, 0]],
    ["chain", 0.75, [0, 0.5, 0.5]],
  ] as const)("of a %s at %d are those of the definition", (kind, t, expected) => {
    expect(coefficients(kind, t, 3)).toEqual(expected);
  });

  test.each(curveKinds)("of a %s add up to 1 for any number of points", (kind) => {
    for (const points of [2, 3, 5]) {
      for (const t of evenly(11)) {
        expect(coefficients(kind, t, points).reduce((a, b) => a + b)).toBeCloseTo(1, 14);
      }
    }
  });
});

describe("curves", () => {
  const curve = { kind: "bezier", points: [vector(0, 0), vector(2, 4), vector(4, 0)] } as const;

  test("pass through their ends and, for a parabola, its known middle", () => {
    const out = vector(0, 0);
    const at = (t: number) => {
      writeCurve(curve, t, out);
      return [...out];
    };
    expect([at(0), at(0.5), at(1)]).toEqual([
      [0, 0],
      [2, 2], // ¼·0 + ½·2 + ¼·4, ½·4
      [4, 0],
    ]);
  });

  test("have the chords of their points, found without them", () => {
    const places = evenly(6);
    const points = places.map((t) => {
      const out = vector(0, 0);
      writeCurve(curve, t, out);
      return out;
    });
    chordLengths(curve, places).forEach((length, k) => {
      const [a, b] = [points[k]!, points[k + 1]!];
      expect(length).toBeCloseTo(Math.hypot(b[0]! - a[0]!, b[1]! - a[1]!), 6);
    });
  });

  test("without training are the straight line", () => {
    for (const kind of curveKinds) {
      const out = vector(0, 0);
      writeCurve(straightCurve(kind, vector(0, 1), vector(4, 3), 2), 0.25, out);
      expect([...out].map((value) => value.toFixed(6))).toEqual(["1.000000", "1.500000"]);
    }
  });

  test("refuse models that do not fit, with their numbers", () => {
    expect(() => straightCurve("chain", vector(1), vector(1, 2), 1)).toThrow(
      /must have as many parameters: they have 1 and 2/,
    );
    expect(() => straightCurve("chain", vector(1), vector(1), 1)).toThrow(/must differ: all 1 parameters/);
    expect(() => straightCurve("chain", vector(1), vector(2), 0.5)).toThrow(/bends must be whole.*0.5/);
  });
});

describe("what is told of heights", () => {
  const heights = { at: [0, 0.5, 1], loss: [1, 4, 3], others: {}, lengths: [0, 1, 4] };

  test("the barrier is the rise above the line between the ends: 4 − 2", () => {
    expect(barrierOf(heights)).toEqual({ height: 2, at: 0.5 });
    expect(barrierOf({ ...heights, loss: [1, 0, 3] })).toEqual({ height: 0, at: 0 });
    expect(barrierOf({ ...heights, loss: [1, Number.NaN, 3] })).toEqual({ height: Number.NaN, at: 0.5 });
  });

  test("the mean goes by length: (2.5 · 1 + 3.5 · 3) / 4", () => {
    expect(meanAlong(heights)).toBe(3.25);
  });
});

/** y = w₂ w₁ x for x = 1 and y = 1: L = (w₁ w₂ − 1)², zero on a hyperbola. */
const product = supervised(sequential(linear(1, 1, { bias: false }), linear(1, 1, { bias: false })), {
  example: { shape: [1], dtype: "float32" },
  labels: "values",
  labelShape: [1],
});
const ones: Examples = {
  split: {
    images: new Float32Array(4).fill(1),
    labels: new Float32Array(4).fill(1),
    labelShape: [1],
    count: 4,
    shape: [1],
  } satisfies Split,
  normalization: { maximum: 1, mean: 0, std: 1 },
  indices: Uint32Array.of(0, 1, 2, 3),
};
const ends = { from: vector(2, 0.5), to: vector(0.5, 2) };
const lossAt = ([a, b]: Float32Array) => (a! * b! - 1) ** 2;

describe("CurveMeter", () => {
  test("has the losses and the barrier of the straight line through a hyperbola", async () => {
    const meter = await CurveMeter.create({ model: product, examples: ones });
    try {
      const heights = await meter.measure({ kind: "chain", points: [ends.from, ends.to] }, [0, 0.25, 0.5, 1]);
      // (1.625 · 0.875 − 1)², (1.25² − 1)²
      [0, 0.421875 ** 2, 0.5625 ** 2, 0].forEach((expected, k) => {
        expect(heights.loss[k]).toBeCloseTo(expected, 6);
      });
      expect(barrierOf(heights).at).toBe(0.5);
      expect(heights.lengths.at(-1)).toBeCloseTo(1.5 * Math.SQRT2, 6);
    } finally {
      await meter.release();
    }
  });
});

describe("trainCurve", () => {
  const training = { model: product, ...ends, examples: ones, batchSize: 4, seed: 3 };

  test("takes the step of the formula: the bend moves by −lr c(t) (∇L(φ) + λφ)", async () => {
    const lr = 0.1;
    const weightDecay = 0.01;
    const rule = { ...sgd, hyper: { ...sgd.hyper, lr } };
    const { curve } = await trainCurve({ ...training, kind: "bezier", rule, steps: 1, weightDecay });
    const t = stream(3, "connect/place", 0).uniform();
    const c = 2 * t * (1 - t);
    const [x, y] = [2 - 1.5 * t, 0.5 + 1.5 * t]; // straight at first
    const error = 2 * (x * y - 1);
    expect(curve.points[1]![0]).toBeCloseTo(1.25 - lr * c * (error * y + weightDecay * x), 6);
    expect(curve.points[1]![1]).toBeCloseTo(1.25 - lr * c * (error * x + weightDecay * y), 6);
    expect(curve.points[0]).toEqual(ends.from);
    expect(curve.points[2]).toEqual(ends.to);
  });

  test.each([
    ["bezier", 1],
    ["chain", 3],
  ] as const)("bends a %s with %d bends into the valley: below a tenth of the line's barrier", async (kind, bends) => {
    const rule = { ...momentum, hyper: { ...momentum.hyper, lr: 0.02 } };
    const { curve, result } = await trainCurve({ ...training, kind, bends, rule, steps: 300 });
    const out = vector(0, 0);
    const highest = Math.max(
      ...evenly(101).map((t) => {
        writeCurve(curve, t, out);
        return lossAt(out);
      }),
    );
    expect(highest).toBeLessThan(0.1 * 0.5625 ** 2);
    expect(result.evaluations[0]!.highestLoss).toBeCloseTo(0.5625 ** 2, 5);
    expect(result.evaluations.at(-1)!.highestLoss).toBeLessThanOrEqual(highest + 1e-6);
  });

  test("stopped in the middle goes on from its folder, and ends with the bits of one that was not", async () => {
    const folder = mkdtempSync(join(tmpdir(), "thalweg-connect-"));
    try {
      const rule = { ...momentum, hyper: { ...momentum.hyper, lr: 0.02 } };
      const settings = { ...training, kind: "bezier", rule, steps: 40 } as const;
      const whole = await trainCurve(settings);
      const stop = new AbortController();
      const cut = await trainCurve({
        ...{ ...settings, run: createRun(join(folder, "run"), { kind: "test" }), signal: stop.signal },
        onEvaluation: ({ step }) => step === 20 && stop.abort(),
      });
      expect([cut.result.end, cut.result.step]).toEqual(["interrupted", 20]);
      for (const _ of ["going on", "asked once more"]) {
        const again = await trainCurve({ ...settings, run: openRun(join(folder, "run")) });
        expect(again.result.end).toBe("finished");
        expect(again.curve.points).toEqual(whole.curve.points);
        expect(again.result.evaluations.map(({ highestLoss }) => highestLoss)).toEqual(
          whole.result.evaluations.map(({ highestLoss }) => highestLoss),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("refuses ends of another model, and a curve without bends", async () => {
    const settings = { ...training, kind: "chain", rule: sgd, steps: 1 } as const;
    await expect(trainCurve({ ...settings, from: vector(1), to: vector(2) })).rejects.toThrow(
      /of the model, which has 2 parameters: they have 1/,
    );
    await expect(trainCurve({ ...settings, bends: 0 })).rejects.toThrow(
      /must have a bend at least: it has 0/,
    );
  });
});
