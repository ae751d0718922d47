import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import { alerts } from "./alerts.ts";
import { gradientTests } from "./gradient-tests.ts";
import { jointHistogram } from "./joint-histogram.ts";
import type { Diagnosis } from "./monitor.ts";
import { nonStationarity } from "./non-stationarity.ts";
import { stepQuality } from "./step-quality.ts";
import { magnitudes, tensorSteps } from "./tensors.ts";

const vector = (...values: number[]) => Float32Array.from(values);

describe("gradientTests", () => {
  // ḡ = (2, 2), ‖ḡ‖² = 8, Σ‖gᵢ‖² = 26, ⟨gᵢ, ḡ⟩ = 2 and 14
  const tests = gradientTests([vector(1, 0), vector(3, 4)]);

  test("are those of the definitions, by hand", () => {
    expect(tests.trace).toBeCloseTo(10, 12); // 26 − 16
    expect(tests.normTest).toBeCloseTo(Math.sqrt(10 / 16), 12);
    expect(tests.innerTest).toBeCloseTo(0.75, 12); // √(72 / 128)
    expect(tests.orthogonalTest).toBeCloseTo(0.25, 12); // √((26 − 25) / 16)
    expect(tests.meanGsnr).toBeCloseTo((4 / (1 + 1e-5) + 4 / (4 + 1e-5)) / 2, 12);
    expect(tests.earlyStopping).toBeCloseTo(1 - 2 * ((4 / (2 + 1e-5) + 4 / (8 + 1e-5)) / 2), 12); // variances 2 and 8
  });

  test("give the noise scale of McCandlish's estimators, and B times the norm test squared is the biased one", () => {
    // (2·8 − 13) / (2 − 1) and (13 − 8) / (1 − ½)
    expect(tests.squaredGradient).toBeCloseTo(3, 12);
    expect(tests.noiseScale).toBeCloseTo(10 / 3, 12);
    expect(2 * tests.normTest ** 2).toBeCloseTo(10 / 8, 12);
  });

  test("acceptance 9: over 1 000 steps the noise scale of gradients from N(G, Σ) is within 5 % of tr Σ / |G|²", () => {
    const [P, B, steps] = [50, 8, 1_000];
    const random = stream(9, "gradients");
    const G = Float64Array.from({ length: P }, (_, j) => (j % 3) - 0.9);
    const deviations = Float64Array.from({ length: P }, (_, j) => 0.3 + (j % 5) / 2);
    const truth = deviations.reduce((sum, s) => sum + s * s, 0) / G.reduce((sum, g) => sum + g * g, 0); // tr Σ / |G|²
    let [trace, square, biased] = [0, 0, 0];
    for (let step = 0; step < steps; step++) {
      const gradients = Array.from({ length: B }, () =>
        Float32Array.from(G, (g, j) => g + deviations[j]! * random.normal()),
      );
      const found = gradientTests(gradients);
      trace += found.trace; // each is averaged alone: a mean of ratios is biased
      square += found.squaredGradient;
      const mean = G.map((_, j) => gradients.reduce((sum, g) => sum + g[j]! / B, 0));
      biased = found.trace / mean.reduce((sum, g) => sum + g * g, 0);
      expect(B * found.normTest ** 2).toBeCloseTo(biased, 6);
    }
    expect(Math.abs(trace / square / truth - 1)).toBeLessThan(0.05);
  });

  test("of equal gradients find no noise, and one gradient is too few", () => {
    const same = gradientTests([vector(1, 2), vector(1, 2), vector(1, 2)]);
    expect([same.normTest, same.noiseScale].map((value) => Math.abs(value) < 1e-6)).toEqual([true, true]);
    expect(() => gradientTests([vector(1)])).toThrow(/two examples at least: there are 1/);
  });
});

describe("stepQuality", () => {
  /** Two examples around f = 3 (τ − 2)² + 1, whose minimum is at 2. */
  const endAt = (tau: number) => ({
    losses: [-0.1, 0.1].map((noise) => 3 * (tau - 2) ** 2 + 1 + noise),
    slopes: [-0.1, 0.1].map((noise) => 6 * (tau - 2) + noise),
  });

  test.each([
    [2, 0],
    [1, -0.5],
    [4, 1],
    [6, 2],
  ])("of a step of length %d towards a minimum at 2 is %d", (t, alpha) => {
    expect(stepQuality(endAt(0), endAt(t), t)).toBeCloseTo(alpha, 8);
  });

  test("is −1 where the loss bends down", () => {
    const end = (tau: number) => ({ losses: [-tau * tau, -tau * tau + 1], slopes: [-2 * tau, -2 * tau + 1] });
    expect(stepQuality(end(0), end(1), 1)).toBe(-1);
  });

  test("trusts what is known better: exact slopes against losses without meaning", () => {
    const noisy = [-100, 100];
    const start = { losses: noisy, slopes: [-4 - 1e-3, -4 + 1e-3] };
    const end = { losses: noisy.map((one) => one + 7), slopes: [4 - 1e-3, 4 + 1e-3] };
    expect(stepQuality(start, end, 2)).toBeCloseTo(1, 6); // slopes −4 and 4: the minimum is halfway
  });
});

describe("tensorSteps", () => {
  test("tells lengths, ratio and idle units of each tensor, by hand", () => {
    const segments = [
      { name: "w", shape: [2, 2], offset: 0, size: 4, filterAxes: [0] },
      { name: "b", shape: [1], offset: 4, size: 1, filterAxes: [] },
    ];
    const steps = tensorSteps(segments, {
      before: vector(3, 0, 0, 4, 0),
      after: vector(3, 0, 0.5, 4, 2),
      gradients: vector(0, 0, 1, 0, 7),
    });
    expect(steps.w).toEqual({ weight: 5, gradient: 1, update: 0.5, ratio: 0.1, idle: 0.5 });
    expect(steps.b).toEqual({ weight: 0, gradient: 7, update: 2, ratio: Number.NaN });
  });
});

describe("jointHistogram", () => {
  test("counts pairs of gradient and weight, in ranges that are powers of two, by hand", () => {
    const { gradientReach, weightReach, counts } = jointHistogram(
      vector(0.92, -0.92, 0, 0.11, Number.NaN),
      vector(1.5, 1.5, 0, -3, 1),
    );
    expect([gradientReach, weightReach]).toEqual([1, 4]);
    expect([counts.length, counts[0]!.length]).toEqual([40, 50]);
    const filled = counts.flatMap((row, g) => row.flatMap((count, w) => (count > 0 ? [[g, w, count]] : [])));
    // 0.92 of (−1, 1) in 40 bins is 38.4; 1.5 of (−4, 4) in 50 is 34.375; zero begins the upper half
    expect(filled).toEqual([
      [1, 34, 1],
      [20, 25, 1],
      [22, 6, 1],
      [38, 34, 1],
    ]);
  });
});

describe("nonStationarity", () => {
  const line = (step: number, more: Partial<Diagnosis> = {}): Diagnosis => ({
    step,
    loss: 2 - step / 100,
    overhead: {},
    ...more,
  });

  test("tells the slope of the loss, and how far updates go for the steps they take, by hand", () => {
    const lines = [1, 2, 4, 8, 16].map((steps, k) =>
      line(10 * (k + 1), {
        tensors: {
          ...{ each: {}, weights: magnitudes(vector()), gradients: magnitudes(vector()), update: 1 },
          since: { steps, distance: 0.3 * steps ** 0.5, cosine: -0.5 },
        },
      }),
    );
    const found = nonStationarity(lines)!;
    expect(found.lossSlope).toBeCloseTo(-0.01, 12);
    expect(found.diffusion).toBeCloseTo(0.5, 12); // a random walk
    expect(found.autocorrelation).toBeCloseTo(-0.5, 12);
    expect(found.squaredGradient).toBeUndefined();
  });

  test("is undefined of a single line", () => {
    expect(nonStationarity([line(1)])).toBeUndefined();
  });
});

describe("alerts", () => {
  const base = { step: 100, loss: 1, overhead: {} };
  const examples = (alpha: number) => ({
    ...gradientTests([vector(1, 0), vector(3, 4)]),
    ...{ alpha, cabsPerRate: 1 },
  });
  test("fire with the numbers that fired them, and not for a run that is well", () => {
    const far = Array.from({ length: 10 }, (_, k) => ({ ...base, step: k, examples: examples(0.9) }));
    expect(alerts(far)).toEqual([
      expect.objectContaining({ name: "steps too long", text: expect.stringContaining("0.90") }),
    ]);
    const well = Array.from({ length: 10 }, (_, k) => ({ ...base, step: k, examples: examples(0.1) }));
    expect(alerts(well)).toEqual([]);
    expect(alerts([])).toEqual([]);
  });
});

describe("magnitudes", () => {
  test("counts octaves from 2⁻⁴⁰ to 2¹⁰, and zeros and what is no number apart", () => {
    const { zero, octaves, notFinite } = magnitudes(
      vector(0, -0, 0.5, -0.2, 0.125, 25, 1e-20, 1e9, Number.NaN, Number.POSITIVE_INFINITY),
    );
    expect([zero, notFinite, octaves.length]).toEqual([2, 2, 51]);
    const filled = octaves.flatMap((count, k) => (count > 0 ? [[k - 40, count]] : []));
    expect(filled).toEqual([
      [-40, 1], // 1e-20 is below
      [-3, 2], // 0.125 ≤ 0.2 < 0.25
      [-1, 1],
      [4, 1], // 16 ≤ 25 < 32
      [10, 1], // 1e9 is above
    ]);
  });

  test("agrees with logarithms for numbers of all sizes", () => {
    const values = stream(1, "magnitudes").fillNormal(new Float32Array(1000));
    const { octaves } = magnitudes(values);
    const counts = octaves.map(() => 0);
    for (const value of values) counts[Math.floor(Math.log2(Math.abs(value))) + 40]!++;
    expect(octaves).toEqual(counts);
  });
});
