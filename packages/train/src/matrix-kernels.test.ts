/** Newton–Schulz on ONNX Runtime against the plain loops that define it, and inside an optimizer. */
import { FlatMemory, NEWTON_SCHULZ, type NewtonSchulzName } from "@thalweg/formula";
import { muon, muonWith, Optimizer, wasmBackend } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { afterAll, describe, expect, it } from "vitest";
import { OnnxMatrixKernels } from "./matrix-kernels.ts";

const kernels = new OnnxMatrixKernels();
afterAll(() => kernels.release());

const shapes = [
  [8, 8],
  [5, 17],
  [40, 12],
  [1, 6],
] as const;

/** θ after steps of muon on given gradients; with kernels the products run on ONNX Runtime. */
async function train(
  rows: number,
  cols: number,
  method: NewtonSchulzName,
  withKernels: boolean,
): Promise<Float32Array> {
  const size = rows * cols;
  const memory = new FlatMemory(8 * FlatMemory.bytesFor(size));
  const [parameters, gradients] = [memory.allocate(size), memory.allocate(size)];
  stream(1, "test").fillNormal(parameters, 0, 1);
  const coefficients = {
    orthogonalize: "standard",
    orthogonalizeQuintic: "quintic",
    orthogonalizePolar: "polar",
  }[method];
  const optimizer = new Optimizer({
    backend: wasmBackend(memory, withKernels ? kernels : undefined),
    segments: [{ name: "w", shape: [rows, cols], offset: 0, size }],
    parameters,
    gradients,
    rule: muonWith({ coefficients, scale: "original", nesterov: true }),
  });
  for (let step = 0; step < 3; step++) {
    stream(2, "test", step).fillNormal(gradients, 0, 1);
    const later = optimizer.step();
    expect(later instanceof Promise).toBe(withKernels); // the fast path ran, or did not
    await later;
  }
  return parameters;
}

describe("OnnxMatrixKernels", () => {
  const methods = Object.keys(NEWTON_SCHULZ) as NewtonSchulzName[];
  it.each(
    methods.flatMap((method) => shapes.map((shape) => [method, ...shape] as const)),
  )("%s of %i × %i moves an optimizer as the plain loops do, to float32", async (method, rows, cols) => {
    const [fast, slow] = [await train(rows, cols, method, true), await train(rows, cols, method, false)];
    slow.forEach((value, i) => {
      expect(Math.abs(fast[i]! - value)).toBeLessThan(2e-6); // 3 steps of at most 0.02 · 1.2, to 1e-5 relative
    });
  });

  it("orthogonalize() brings all singular values of a random matrix near one", async () => {
    const x = new Float32Array(64);
    stream(3, "test").fillNormal(x, 0, 1);
    const { data } = await kernels.orthogonalize({ rows: 8, cols: 8, data: x }, "orthogonalize");
    // Σσ² = ‖O‖² and Σσ⁴ = ‖OᵀO‖²: were all σ = 1, both would be 8
    const norm2 = Array.from(data).reduce((sum, v) => sum + v * v, 0);
    expect(norm2).toBeGreaterThan(8 * 0.6 ** 2);
    expect(norm2).toBeLessThan(8 * 1.21 ** 2);
  });

  it("orthogonalize() leaves a zero matrix zero", async () => {
    const { data } = await kernels.orthogonalize(
      { rows: 3, cols: 4, data: new Float32Array(12) },
      "orthogonalize",
    );
    expect([...data]).toEqual(new Array(12).fill(0));
  });

  it("gives its result to rules that vectors do not take part in", () => {
    expect(muon.minimumRank).toBe(2);
    expect(muon.fallback?.name).toBe("adamw");
  });
});
