/**
 * Real networks that PyTorch exported, against PyTorch: fixtures/models/models.make.py made what is read here. Gradients are PyTorch's
 * in float64 and ours in ONNX Runtime's float32, so each network's tolerance also knows by how much PyTorch's own float32 strays.
 */
import { describe, expect, test } from "vitest";
import { lossAndGradient } from "./gradient.ts";
import { batchOf, type Fingerprint, fingerprintOf, modelFixtures, restoreModel } from "./testing.ts";

/** Relative to each tensor's norm, or to a thousandth of the whole gradient's where a tensor's is less. */
const TOLERANCE = 1e-4;
/** For those whose float32 strays by more than 1e-5 in PyTorch itself: googlenet, inception and efficientnet in training form. */
const DEEP_TOLERANCE = 1e-3;

const fixtures = modelFixtures();

/** The share of the norm by which a gradient differs, from four sums with random signs and the first values. */
function distance(found: Fingerprint, wanted: Fingerprint, floor: number): number {
  const size = Math.max(wanted.norm, floor);
  const squares = wanted.sums.map((sum, k) => (found.sums[k]! - sum) ** 2);
  const spread = Math.sqrt(squares.reduce((a, b) => a + b) / squares.length);
  const first = Math.max(...wanted.first.map((value, k) => Math.abs(found.first[k]! - value)));
  return Math.max(spread, first, Math.abs(found.norm - wanted.norm)) / size;
}

describe("lossAndGradient() of real networks", () => {
  test.each(Object.entries(fixtures))("%s as PyTorch", async (name, fixture) => {
    const model = restoreModel(name, fixture);
    const { prefix, tensors, float32, norm, weights } = fixture;
    const outputs = Object.fromEntries(weights.map((weight, k) => [model.outputs[k]!, weight]));
    const arrays = batchOf(fixture);
    const { loss, gradients } = await lossAndGradient(model, {
      arrays,
      outputs,
      loss: "softmax-cross-entropy",
    });
    expect(Math.abs(loss - fixture.loss) / fixture.loss).toBeLessThan(1e-5);
    const distances = Object.entries(tensors).flatMap(([tensor, { gradient }]) => {
      if (gradient === undefined) return [];
      const found = fingerprintOf(`${prefix}/${tensor}`, gradients.get(tensor)!.data as Float32Array);
      return [{ tensor, distance: distance(found, gradient, 1e-3 * norm) }];
    });
    distances.sort((a, b) => b.distance - a.distance);
    const tolerance = float32 > 1e-5 ? DEEP_TOLERANCE : TOLERANCE;
    expect(distances.filter((one) => !(one.distance < tolerance))).toEqual([]);
  });
});
