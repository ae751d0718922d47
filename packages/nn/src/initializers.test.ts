/** Starting values against the published formulas: bounds are kept and reached, means and variances are right. */
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import { type Initializer, initializers } from "./index.ts";

const shape = [200, 50, 3, 3]; // fanIn = 50·9 = 450, fanOut = 200·9 = 1800
const size = 200 * 50 * 9;

function draw(initialize: Initializer) {
  const out = new Float32Array(size);
  initialize(out, shape, stream(1, "test"));
  const mean = out.reduce((sum, v) => sum + v, 0) / size;
  const variance = out.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size;
  const largest = out.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return { mean, variance, largest };
}

const uniforms: [string, Initializer, number][] = [
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

const normals: [string, Initializer, number][] = [
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
});
