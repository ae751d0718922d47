import { linear } from "@thalweg/nn";
import { ParameterVector, supervised } from "@thalweg/train";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { CurvatureProbe } from "./curvature-probe.ts";

const model = supervised(linear(2, 1), {
  example: { shape: [2], dtype: "float32" },
  labelShape: [1],
  labels: "values",
});

test("CurvatureProbe finds λ₁ and trace of 2ZᵀZ/n of a regression, and follows another batch", async () => {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  const probe = new CurvatureProbe({ model, vector });
  for (const x of [
    [1, 2, -1, 0.5, 3, 1],
    [2, 0, 0, 1, -1, 4],
  ]) {
    const batch = { x: Float32Array.from(x), labels: Float32Array.of(1, 2, 3) };
    const found = await probe.look(batch, 7, 2);
    const Z = new Matrix([0, 1, 2].map((i) => [x[2 * i]!, x[2 * i + 1]!, 1])); // the bias sees ones
    const H = Z.transpose()
      .mmul(Z)
      .mul(2 / 3);
    const { realEigenvalues } = new EigenvalueDecomposition(H, { assumeSymmetric: true });
    const largest = Math.max(...realEigenvalues);
    expect(found.sharpness / largest).toBeCloseTo(1, 2);
    expect(found.ratio).toBeCloseTo(found.sharpness / 2, 12);
    expect(Math.abs(found.trace.value - H.trace())).toBeLessThanOrEqual(
      4 * found.trace.standardError + 1e-4 * H.trace(),
    );
    expect(found.tic).toBeCloseTo(7 / found.trace.value, 6);
    expect(found.examples).toBe(3);
  }
  await probe.release();
});
