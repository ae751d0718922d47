import { readFileSync } from "node:fs";
import { linear, meanSquaredError } from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import {
  addNoiseSample,
  criticalBatchSize,
  estimateNoiseScale,
  fitFrontier,
  measureNoise,
  type NoiseSample,
  noiseParts,
  predictFrontier,
  runningNoiseScale,
  startNoise,
  tradeOff,
} from "./noise-scale.ts";
import { ParameterVector } from "./parameter-vector.ts";
import { type Model, TrainingProgram } from "./program.ts";

const sample = (b: number, small: number, B: number, big: number): NoiseSample => ({
  small: { batchSize: b, squaredNorm: small },
  big: { batchSize: B, squaredNorm: big },
});

describe("noiseParts()", () => {
  test("inverts E|G_B|² = |G|² + tr Σ / B, by hand", () => {
    // |G|² = 3, tr Σ = 20: at B = 2 it is 13, at B = 10 it is 5
    const parts = noiseParts(sample(2, 13, 10, 5));
    expect(parts.squaredGradient).toBeCloseTo(3, 14);
    expect(parts.trace).toBeCloseTo(20, 14);
  });

  test("refuses sizes and norms that are none, with the numbers", () => {
    expect(() => noiseParts(sample(8, 1, 8, 1))).toThrow("0 < small < big: they are 8 and 8");
    expect(() => noiseParts(sample(Number.NaN, 1, 8, 1))).toThrow("they are NaN and 8");
    expect(() => noiseParts(sample(1, Number.NaN, 8, 1))).toThrow("current value is NaN");
    expect(() => noiseParts(sample(1, 1, 8, Number.POSITIVE_INFINITY))).toThrow("current value is Infinity");
  });
});

describe("estimateNoiseScale()", () => {
  test("gives NumPy's estimate from gradients of a PyTorch network, within its errors of the exact noise scale", () => {
    const text = readFileSync(new URL("../fixtures/noise-scale.json", import.meta.url), "utf8");
    const { small, big, samples, estimate, truth } = JSON.parse(text);
    const found = estimateNoiseScale(samples.map(([s, b]: [number, number]) => sample(small, s, big, b)));
    for (const name of ["squaredGradient", "trace", "noiseScale", "standardError"] as const) {
      expect(Math.abs(found[name] / estimate[name] - 1), name).toBeLessThan(1e-9);
    }
    expect(Math.abs(found.noiseScale - truth.noiseScale)).toBeLessThan(2 * found.standardError);
  });

  test("covers the truth as often as its error says: gradients from N(G, Σ), 200 repetitions", () => {
    // 12 dimensions, |G|² = 12 · 0.25 = 3, tr Σ = 12 · 4 = 48, B_simple = 16
    const [D, B, truth] = [12, 8, 16];
    let covered = 0;
    let sum = 0;
    const repetitions = 200;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const random = stream(77, "noise-scale", repetition);
      const samples = Array.from({ length: 100 }, () => {
        const mean = new Float64Array(D);
        let small = 0;
        for (let b = 0; b < B; b++) {
          for (let d = 0; d < D; d++) {
            const g = 0.5 + 2 * random.normal();
            small += (g * g) / B;
            mean[d]! += g / B;
          }
        }
        return sample(
          1,
          small,
          B,
          mean.reduce((norm, g) => norm + g * g, 0),
        );
      });
      const { noiseScale, standardError } = estimateNoiseScale(samples);
      sum += noiseScale;
      if (Math.abs(noiseScale - truth) <= 2 * standardError) covered++;
    }
    expect(covered / repetitions).toBeGreaterThan(0.9); // two standard errors: 95 %, less a binomial 3 σ of 1.5 % each
    expect(sum / repetitions / truth).toBeGreaterThan(0.98);
    expect(sum / repetitions / truth).toBeLessThan(1.05); // a ratio's remaining bias, var(|G|²)/|G|⁴
  });

  test("says so where there is no signal, and asks for two samples", () => {
    const noise = sample(1, 10, 10, 0.5); // less than the 1 that pure noise would leave
    expect(estimateNoiseScale([noise, noise])).toMatchObject({
      noiseScale: Number.POSITIVE_INFINITY,
      standardError: Number.POSITIVE_INFINITY,
    });
    expect(() => estimateNoiseScale([noise])).toThrow("2 samples are needed: there are 1");
  });
});

describe("the running estimate", () => {
  test("keeps both averages apart, by hand: the ratio of means, not the mean of ratios", () => {
    // parts (|G|², tr Σ) of the two samples: (3, 20) and (1, 4)
    const first = addNoiseSample(startNoise(0.5), sample(2, 13, 10, 5));
    expect(runningNoiseScale(first)).toBeCloseTo(20 / 3, 13);
    const second = addNoiseSample(first, sample(2, 3, 4, 2));
    expect(second.squaredGradient).toBeCloseTo(0.25 * 3 + 0.5 * 1, 14);
    expect(runningNoiseScale(second)).toBeCloseTo((0.25 * 20 + 0.5 * 4) / (0.25 * 3 + 0.5 * 1), 13);
    expect(JSON.parse(JSON.stringify(second))).toEqual(second);
    expect(runningNoiseScale(startNoise())).toBeNaN();
    expect(() => startNoise(1)).toThrow("current value is 1");
  });
});

describe("the frontier", () => {
  const frontier = { leastSteps: 1_000, leastExamples: 256_000 };

  test("costs twice the least steps and examples at the critical batch size, and lies on its hyperbola elsewhere", () => {
    expect(criticalBatchSize(frontier)).toBe(256);
    expect(tradeOff(frontier, 256)).toEqual({ batchSize: 256, steps: 2_000, examples: 512_000 });
    for (const batchSize of [1, 32, 8_192]) {
      const { steps, examples } = tradeOff(frontier, batchSize);
      expect((steps / 1_000 - 1) * (examples / 256_000 - 1)).toBeCloseTo(1, 12);
      expect(examples / steps).toBeCloseTo(batchSize, 9);
    }
  });

  test("is found again from runs on it, exactly, and from runs near it", () => {
    const runs = [16, 64, 256, 1_024].map((size) => tradeOff(frontier, size));
    expect(fitFrontier(runs).leastSteps).toBeCloseTo(1_000, 6);
    expect(fitFrontier(runs).leastExamples).toBeCloseTo(256_000, 4);
    const noisy = runs.map(({ steps, examples }, i) => {
      const error = 1 + (i % 2 === 0 ? 0.05 : -0.05);
      return { steps: steps * error, examples: examples * error };
    });
    expect(fitFrontier(noisy).leastSteps / 1_000).toBeCloseTo(1, 0);
    expect(() => fitFrontier(runs.slice(0, 1))).toThrow("1 runs of at least 2 batch sizes");
  });

  test("is predicted from one run and the noise scale", () => {
    // 2000 steps at B = 256 with B_noise = 256: half of them would do with endless batches
    expect(predictFrontier({ batchSize: 256, steps: 2_000 }, 256)).toEqual(frontier);
    expect(() => predictFrontier({ batchSize: 256, steps: 0 }, 256)).toThrow("steps must be positive");
    expect(() => predictFrontier({ batchSize: 256, steps: 10 }, Number.POSITIVE_INFINITY)).toThrow(
      "current value is Infinity",
    );
    expect(() => tradeOff(frontier, 0)).toThrow("batchSize must be positive");
    expect(() => tradeOff({ leastSteps: Number.NaN, leastExamples: 1 }, 1)).toThrow("current value is NaN");
  });
});

describe("measureNoise()", () => {
  /** y = w·x without bias, squared error. */
  const D = 6;
  const model: Model = {
    module: linear(D, 1, { bias: false }),
    inputs: (batchSize) => ({
      x: { shape: [batchSize, D], dtype: "float32" },
      y: { shape: [batchSize, 1], dtype: "float32" },
    }),
    measure(context, { x, y }) {
      return { loss: meanSquaredError(this.module.forward(x!, context), y!) };
    },
  };

  test("finds the known noise scale of linear regression within its errors, and puts the gradients back", async () => {
    // x ~ N(0, I), y = w*·x + σε, δ = w − w*: one example's gradient is 2(δ·x − σε)x, so G = 2δ and
    // Σ/4 = E[(δ·x)²xxᵀ] + σ²I − δδᵀ = (|δ|² + σ²)I + δδᵀ; B_simple = (D(|δ|² + σ²) + |δ|²)/|δ|² = 6(1 + σ²/|δ|²) + 1
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.parameters.fill(0.5); // w* = 0, |δ|² = 6/4
    const sigma = 2;
    const truth = D * (1 + sigma ** 2 / 1.5) + 1; // 23
    const program = await TrainingProgram.create({ model, vector, batchSize: 4, seed: 1 });
    vector.gradients.fill(7);
    const samples = await measureNoise({
      vector,
      program,
      parts: 16,
      samples: 250,
      fill: (step, { x, y }) => {
        const random = stream(5, "regression", step);
        random.fillNormal(x as Float32Array, 0, 1);
        random.fillNormal(y as Float32Array, 0, sigma);
      },
    });
    await program.release();
    expect(new Set(vector.gradients)).toEqual(new Set([7]));
    const { noiseScale, standardError, squaredGradient } = estimateNoiseScale(samples);
    expect(standardError).toBeLessThan(0.1 * truth);
    expect(Math.abs(noiseScale - truth)).toBeLessThan(2 * standardError);
    expect(squaredGradient).toBeCloseTo(4 * 1.5, 0);
  });

  test("refuses settings that cannot work", async () => {
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    const program = { batch: {}, batchSize: 4, run: async () => 1 };
    const options = { vector, program, fill: () => {} };
    await expect(measureNoise({ ...options, parts: 1 })).rejects.toThrow(
      "parts must be a whole number, at least 2",
    );
    await expect(measureNoise({ ...options, samples: 0.5 })).rejects.toThrow("current value is 0.5");
  });
});
