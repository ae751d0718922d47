/** By hand on regressions, and on all of a network's samples at once against PyTorch. */
import { linear } from "@thalweg/nn";
import { ParameterVector, supervised } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { batchSharpness } from "./batch-sharpness.ts";
import { samplesOf } from "./sampled-loss.ts";
import { exactNetworks, modelOf } from "./testing.ts";

const line = supervised(linear(2, 1, { bias: false }), {
  example: { shape: [2], dtype: "float32" },
  labels: "values",
  labelShape: [1],
});
const vector = new ParameterVector(line.module, { stateSlots: 0 });
const rows = Float32Array.of(1, 2, 3, -1, 2, 0); // ‖x‖² = 5, 10, 4
const regression = (labels: number[]) => ({
  ...{ model: line, vector },
  samples: samplesOf({ x: rows, labels: Float32Array.from(labels) }, 3),
});

describe("batchSharpness()", () => {
  test("of single samples of a regression is the mean of 2‖x‖²: of 10, 20 and 8", async () => {
    const { value, standardError } = await batchSharpness({ ...regression([1, 1, 1]), batchSize: 1 });
    expect(value).toBeCloseTo(38 / 3, 5);
    const deviations = [10, 20, 8].map((each) => each - 38 / 3);
    expect(standardError).toBeCloseTo(Math.hypot(...deviations) / Math.sqrt(6), 5);
  });

  test("leaves out batches whose gradient is zero", async () => {
    expect((await batchSharpness({ ...regression([1, 0, 1]), batchSize: 1 })).value).toBeCloseTo(
      (10 + 8) / 2,
      5,
    );
  });

  test("of all samples at once is the curvature along the gradient", async () => {
    const { classifier } = exactNetworks;
    const { model, parameters, samples } = modelOf(classifier);
    const { value, standardError } = await batchSharpness({
      model,
      vector: parameters,
      samples,
      batchSize: 23,
    });
    expect(value).toBeCloseTo(classifier.gradientCurvature, 5);
    expect(standardError).toBeNaN();
  });

  test("refuses batches that the samples do not fill", async () => {
    await expect(batchSharpness({ ...regression([1, 1, 1]), batchSize: 4 })).rejects.toThrow(
      "0 of 4 are wanted, and there are 3 samples",
    );
  });
});
