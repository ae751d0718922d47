/**
 * Starting values against the published formulas: bounds are kept and reached, means and variances are right. Where a value
 * follows from the numbers drawn, it is torch's (fixtures/initializers.make.py).
 */
import { readFileSync } from "node:fs";
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

const { initializers } = nn;

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
const torch = JSON.parse(readFileSync(new URL("../fixtures/initializers.json", import.meta.url), "utf8")) as {
  readonly orthogonal: readonly (Recorded & { readonly gain: number; readonly drawn: number[] })[];
  readonly dirac: readonly (Recorded & { readonly groups: number })[];
  readonly gains: Readonly<Record<string, number>>;
  /** Mean, standard deviation and largest size of each parameter of a fresh layer. */
  readonly layers: Readonly<Record<string, Readonly<Record<string, readonly [number, number, number]>>>>;
};

const shape = [200, 50, 3, 3]; // fanIn = 50·9 = 450, fanOut = 200·9 = 1800
const size = 200 * 50 * 9;

function draw(initialize: nn.Initializer) {
  const out = new Float32Array(size);
  initialize(out, shape, stream(1, "test"));
  const mean = out.reduce((sum, v) => sum + v, 0) / size;
  const variance = out.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size;
  const largest = out.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return { mean, variance, largest };
}

const uniforms: [string, nn.Initializer, number][] = [
  // √(6 / (450 + 1800))
  ["xavierUniform", initializers.xavierUniform(), Math.sqrt(6 / 2250)],
  [
    "xavierUniform with tanh's gain",
    initializers.xavierUniform({ gain: 5 / 3 }),
    (5 / 3) * Math.sqrt(6 / 2250),
  ],
  // √2 · √(3 / fan)
  ["kaimingUniform", initializers.kaimingUniform(), Math.sqrt(6 / 450)],
  ["kaimingUniform by fanOut", initializers.kaimingUniform({ mode: "fanOut" }), Math.sqrt(6 / 1800)],
  // a = √5: √(2/6) · √(3/450) = 1/√450
  ["layerWeight", initializers.layerWeight, 1 / Math.sqrt(450)],
  ["layerBias", initializers.layerBias(450), 1 / Math.sqrt(450)],
];

const normals: [string, nn.Initializer, number][] = [
  ["xavierNormal", initializers.xavierNormal(), 2 / 2250],
  ["kaimingNormal", initializers.kaimingNormal(), 2 / 450],
  ["kaimingNormal by fanOut, linear", initializers.kaimingNormal({ mode: "fanOut", gain: 1 }), 1 / 1800],
  ["normal", initializers.normal(0, 0.02), 0.02 ** 2],
];

describe("initializers", () => {
  // n = 90 000 draws: a mean errs by σ/√n, a variance by at most √2 σ²/√n; five of those are allowed
  const slack = 5 / Math.sqrt(size);

  for (const [name, initialize, bound] of uniforms) {
    test(`${name} is uniform on ±${bound.toFixed(4)}`, () => {
      const { mean, variance, largest } = draw(initialize);
      expect(largest).toBeLessThanOrEqual(Math.fround(bound));
      expect(largest).toBeGreaterThan(0.999 * bound);
      expect(Math.abs(mean)).toBeLessThan(slack * bound);
      expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(slack);
    });
  }

  for (const [name, initialize, wanted] of normals) {
    test(`${name} has variance ${wanted.toExponential(3)}`, () => {
      const { mean, variance, largest } = draw(initialize);
      expect(Math.abs(mean)).toBeLessThan(slack * Math.sqrt(wanted));
      expect(Math.abs(variance / wanted - 1)).toBeLessThan(Math.SQRT2 * slack);
      expect(largest).toBeGreaterThan(3.5 * Math.sqrt(wanted)); // tails, unlike a uniform's
    });
  }

  test("fans() counts the kernel on both sides, and refuses vectors", () => {
    expect(initializers.fans(shape)).toEqual({ fanIn: 450, fanOut: 1800 });
    expect(initializers.fans([10, 784])).toEqual({ fanIn: 784, fanOut: 10 });
    expect(() => initializers.fans([10])).toThrow(/a weight has two axes or more/);
  });

  test("gains are torch's", () => {
    expect(initializers.gains.relu).toBe(Math.sqrt(2));
    expect(initializers.gains.tanh).toBe(5 / 3);
    expect(initializers.gains.leakyRelu(2)).toBeCloseTo(Math.sqrt(2 / 5), 15);
  });

  test("gains, selu's among them, are torch's", () => {
    for (const [name, gain] of Object.entries(torch.gains)) {
      expect(initializers.gains[name as "relu"], name).toBe(gain);
    }
  });

  for (const { shape, data, gain, drawn } of torch.orthogonal) {
    test(`orthonormalize() gives torch's orthogonal [${shape}] from the same normal numbers`, () => {
      const rows = shape[0]!;
      const cols = drawn.length / rows;
      const [count, length] = rows < cols ? [rows, cols] : [cols, rows];
      const place = (k: number, i: number) => (rows < cols ? k * cols + i : i * cols + k);
      const vectors = Array.from({ length: count }, (_, k) =>
        Float64Array.from({ length }, (_, i) => drawn[place(k, i)]!),
      );
      initializers.orthonormalize(vectors).forEach((vector, k) => {
        vector.forEach((value, i) => {
          expect(gain * value).toBeCloseTo(data[place(k, i)]!, 12);
        });
      });
    });
  }

  test("orthogonal() has orthonormal rows times gain, over all inputs and positions of a kernel", () => {
    const out = new Float32Array(6 * 4 * 9);
    initializers.orthogonal({ gain: 2 })(out, [6, 4, 3, 3], stream(1, "test"));
    for (let a = 0; a < 6; a++) {
      for (let b = 0; b < 6; b++) {
        const product = out
          .subarray(a * 36, a * 36 + 36)
          .reduce((sum, v, i) => sum + v * out[b * 36 + i]!, 0);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
      }
    }
    expect(() => initializers.orthogonal()(out, [216], stream(1, "test"))).toThrow(/two axes or more/);
  });

  for (const { shape, data, groups } of torch.dirac) {
    test(`dirac() is torch's for [${shape}] in ${groups} groups`, () => {
      const out = new Float32Array(data.length).fill(7);
      initializers.dirac({ groups })(out, shape, stream(1, "test"));
      expect(Array.from(out)).toEqual(data);
    });
  }

  test("truncatedNormal() stays inside its bounds, with the variance of the truncated distribution", () => {
    const { mean, variance, largest } = draw(initializers.truncatedNormal({ std: 0.5, low: -1, high: 1 }));
    expect(largest).toBeLessThanOrEqual(1);
    expect(largest).toBeGreaterThan(0.99);
    expect(Math.abs(mean)).toBeLessThan(0.5 * slack);
    // cut at two standard deviations, 1 − 2·2φ(2) / (2Φ(2) − 1) = 1 − 4·0.0539910 / 0.9544997 of the variance is left
    expect(Math.abs(variance / 0.25 / (1 - (4 * 0.053990967) / 0.954499736) - 1)).toBeLessThan(2 * slack);
    expect(() => initializers.truncatedNormal({ low: 10, high: 11 })).toThrow(/within 4 std of the mean/);
  });
});

describe("layers start as torch's do", () => {
  const layers: Readonly<Record<string, nn.Declared>> = {
    linear: nn.linear(40, 4000),
    bilinear: nn.bilinear(30, 5, 3000),
    conv1d: nn.conv1d(10, 3000, 3),
    conv2d: nn.conv2d(8, 3000, [3, 2], { groups: 2 }),
    convTranspose2d: nn.convTranspose2d(12, 3000, 3),
    embedding: nn.embedding(400, 50),
    multiHeadAttention: nn.multiHeadAttention(120, 4),
    lstm: nn.lstm(30, 600),
    gru: nn.gru(30, 600),
    batchNorm: nn.batchNorm(7),
    layerNorm: nn.layerNorm(7),
    prelu: nn.prelu(7),
  };
  for (const [name, parameters] of Object.entries(torch.layers)) {
    test(`${name}: mean, spread and bounds of every parameter`, () => {
      const drawn = nn.initializeParameters(layers[name]!, 1);
      expect([...drawn.keys()]).toEqual(Object.keys(parameters));
      for (const [parameter, [mean, std, largest]] of Object.entries(parameters)) {
        const values = drawn.get(parameter)!;
        const n = values.length;
        const found = values.reduce((sum, v) => sum + v, 0) / n;
        const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - found) ** 2, 0) / n);
        // both are samples of n: means err by σ/√n each, spreads by σ/√(2n) at most; five of those are allowed, twice
        expect(Math.abs(found - mean), parameter).toBeLessThanOrEqual((10 * std) / Math.sqrt(n));
        expect(Math.abs(spread - std), parameter).toBeLessThanOrEqual((10 * std) / Math.sqrt(2 * n));
        // the largest of a uniform sample; of a normal one it varies by some tenths
        const size = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
        const bounded = largest < 2 * std;
        expect(Math.abs(size - largest), parameter).toBeLessThanOrEqual(bounded ? (10 * largest) / n : 1.5);
      }
    });
  }
});
