/** Sharpness against parabolas by hand, SciPy's L-BFGS-B, exact traces, and the invariance that the adaptive measure is made for. */
import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { classifier, type Model, ParameterVector, supervised } from "@thalweg/train";
import { afterAll, describe, expect, test } from "vitest";
import { SampledLoss, samplesOf } from "../curvature/sampled-loss.ts";
import { exactNetworks, lossOf } from "../curvature/testing.ts";
import { averageCase } from "./average-case.ts";
import { keskarSharpness, meanWorstCase, worstCase } from "./worst-case.ts";

const open: SampledLoss[] = [];
const opened = (loss: SampledLoss) => {
  open.push(loss);
  return loss;
};
afterAll(async () => {
  for (const loss of open) await loss.release();
});

function lossAt(
  model: Model,
  parameters: readonly number[],
  x: Float32Array,
  labels: Int32Array | Float32Array,
  count: number,
) {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(parameters);
  return opened(new SampledLoss({ model, vector, samples: samplesOf({ x, labels }, count) }));
}

/** y = w·x at its minimum w = (2, −1): the loss is ½ δᵀHδ there, with H = [[10, −1], [−1, 5]] from samples (1, 2) and (3, −1). */
const line = supervised(linear(2, 1, { bias: false }), {
  example: { shape: [2], dtype: "float32" },
  labels: "values",
  labelShape: [1],
});
const bowl = lossAt(line, [2, -1], Float32Array.of(1, 2, 3, -1), Float32Array.of(0, 7), 2);

describe("worstCase()", () => {
  test.each([
    ["absolute", "2", (15 + Math.sqrt(29)) / 4], // ½ λ₁
    ["absolute", "infinity", 8.5], // at the corner (1, −1)
    ["adaptive", "infinity", 24.5], // at (2, −1)
    ["keskar", "infinity", 61], // at (3, −2)
  ] as const)("on a bowl, scale %s and norm %s", async (scale, norm, rise) => {
    const found = await worstCase(bowl, { scale, norm, radius: 0.1, steps: 40, starts: 6 });
    expect(found.loss).toBe(0);
    expect(found.rise / (rise * 0.01)).toBeCloseTo(1, 3);
  });

  test("climbs to the corner that it begins below: of the bowl's two, the lower one is a maximum, too", async () => {
    const rises = [];
    for (let seed = 0; seed < 8; seed++)
      rises.push((await worstCase(bowl, { scale: "absolute", radius: 0.1, seed })).rise);
    const corners = rises.map((rise) =>
      Math.abs(rise - 0.065) < 1e-5 ? "(1, 1)" : Math.abs(rise - 0.085) < 1e-5 ? "(1, -1)" : rise,
    );
    expect(new Set(corners)).toEqual(new Set(["(1, 1)", "(1, -1)"]));
  });

  test("moves only what it may, and leaves θ as it was", async () => {
    const { classifier: network } = exactNetworks;
    const loss = opened(lossOf(network));
    const before = loss.vector.parameters.slice();
    const all = await worstCase(loss, { radius: 0.05 });
    const last = await worstCase(loss, { radius: 0.05, moves: (name) => name.startsWith("4.") });
    expect(loss.vector.parameters).toEqual(before);
    expect(last.rise).toBeGreaterThan(0);
    expect(last.rise).toBeLessThan(all.rise);
    expect(all.loss).toBeCloseTo(network.value, 5);
  });

  test.each([
    [{ radius: 0 }, "the radius must be positive and finite: current value is 0"],
    [{ radius: Number.NaN }, "the radius must be positive and finite: current value is NaN"],
    [{ radius: 1, steps: 0 }, "steps must be a whole number, at least 1: current value is 0"],
    [
      { radius: 1, moves: () => false },
      "some parameter must move: of weight none does with the scale adaptive",
    ],
  ])("refuses %j", async (options, message) => {
    await expect((async () => worstCase(bowl, options))()).rejects.toThrow(message);
  });
});

describe("keskarSharpness()", () => {
  test.each([
    "classifier",
    "regression",
  ] as const)("finds what L-BFGS-B finds on the %s, or more", async (name) => {
    const loss = opened(lossOf(exactNetworks[name], 100));
    for (const [epsilon, exact] of Object.entries(exactNetworks[name].keskar)) {
      const found = await keskarSharpness(loss, { radius: Number(epsilon), steps: 40 });
      expect(found / exact).toBeGreaterThan(0.999);
      expect(found / exact).toBeLessThan(epsilon === "0.05" ? 1.1 : 1.001); // ten iterations end early in a large box
    }
  });
});

describe("meanWorstCase()", () => {
  test("of two sets is the mean of their rises, each with its own δ", async () => {
    const other = lossAt(line, [2, -1], Float32Array.of(1, 0, 0, 2), Float32Array.of(2, -2), 2); // H = diag(1, 4)
    const options = { scale: "absolute", norm: "infinity", radius: 0.1, steps: 20, starts: 6 } as const;
    const { value, standardError } = await meanWorstCase([bowl, other], options);
    expect(value).toBeCloseTo((0.085 + 0.025) / 2, 5);
    expect(standardError).toBeCloseTo((0.085 - 0.025) / 2, 5);
    await expect(meanWorstCase([bowl], options)).rejects.toThrow("at least 2 sample sets: found 1");
  });
});

describe("averageCase()", () => {
  test("on a bowl is ½ρ² Σ cᵢ² Hᵢᵢ: 22.5 ρ², within its error", async () => {
    const { value, standardError } = await averageCase(bowl, { radius: 0.1, draws: 400 });
    expect(Math.abs(value - 0.225)).toBeLessThan(4 * standardError);
    expect(standardError).toBeLessThan(0.02);
  });

  test("gives the same again for the same seed, and leaves θ as it was", async () => {
    const options = { radius: 0.1, draws: 5, seed: 3 };
    const first = await averageCase(bowl, options);
    expect(await averageCase(bowl, options)).toEqual(first);
    expect(await averageCase(bowl, { ...options, seed: 4 })).not.toEqual(first);
    expect(Array.from(bowl.vector.parameters)).toEqual([2, -1]);
  });

  test("refuses a single draw", async () => {
    await expect((async () => averageCase(bowl, { radius: 1, draws: 1 }))()).rejects.toThrow("draws must be");
  });
});

describe("adaptive sharpness", () => {
  const model = classifier(sequential(flatten(), linear(6, 8), relu(), linear(8, 3)), [6]);
  const random = stream(2, "test");
  const x = random.fillNormal(new Float32Array(6 * 20));
  const labels = Int32Array.from({ length: 20 }, () => random.integer(3));
  const start = new ParameterVector(model.module, { stateSlots: 0 });
  start.initialize(model.module, 1);
  const plain = Array.from(start.parameters);
  /** The same function: the first layer ten times larger, the second one's weight ten times smaller. */
  const rescaled = plain.map((value, i) => (i < 56 ? 10 * value : i < 80 ? value / 10 : value));
  const at = (parameters: readonly number[]) => lossAt(model, parameters, x, labels, 20);

  test("does not see how a network of ReLUs is scaled, and absolute sharpness does", async () => {
    const [a, b] = [at(plain), at(rescaled)];
    for (const norm of ["2", "infinity"] as const) {
      const rises = [];
      for (const loss of [a, b])
        rises.push((await worstCase(loss, { norm, radius: norm === "2" ? 0.5 : 0.05 })).rise);
      expect(rises[0]! / rises[1]!).toBeCloseTo(1, 3);
    }
    const averages = [];
    for (const loss of [a, b]) averages.push((await averageCase(loss, { radius: 0.05, draws: 20 })).value);
    expect(averages[0]! / averages[1]!).toBeCloseTo(1, 2);
    const absolute = [];
    for (const loss of [a, b])
      absolute.push((await worstCase(loss, { scale: "absolute", radius: 0.02 })).rise);
    expect(absolute[1]! / absolute[0]!).toBeGreaterThan(2);
  });
});
