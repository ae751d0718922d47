/** For tests: the networks of fixtures/curvature.json as sampled losses, with their exact curvature beside. */
import { readFileSync } from "node:fs";
import { tanh } from "@thalweg/graph";
import { lambda, linear, sequential } from "@thalweg/nn";
import { ParameterVector, supervised } from "@thalweg/train";
import { SampledLoss, samplesOf } from "./sampled-loss.ts";

/** As curvature.make.py writes it. */
export interface ExactNetwork {
  readonly sizes: readonly number[];
  readonly loss: "crossEntropy" | "squares";
  readonly samples: number;
  readonly parameters: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly value: number;
  readonly gradient: readonly number[];
  /** In ascending order. */
  readonly eigenvalues: readonly number[];
  readonly gaussNewton: { readonly eigenvalues: readonly number[]; readonly product: readonly number[] };
  readonly direction: readonly number[];
  readonly product: readonly number[];
  readonly tensorTraces: readonly number[];
  /** ‖H‖²_F */
  readonly squaredNorm: number;
  readonly diagonal: readonly number[];
  readonly preconditionedLargest: number;
  readonly overlap: readonly number[];
  readonly gradientCurvature: number;
  /** Sharpness by the size of the box. */
  readonly keskar: Readonly<Record<string, number>>;
}

export const exactNetworks: Readonly<Record<"classifier" | "regression", ExactNetwork>> = JSON.parse(
  readFileSync(new URL("../../fixtures/curvature.json", import.meta.url), "utf8"),
);

/** The network with its samples, computed in chunks that do not divide them. */
export function lossOf(network: ExactNetwork, chunk = 9): SampledLoss {
  const { model, parameters: vector, samples } = modelOf(network);
  return new SampledLoss({ model, vector, chunk, samples });
}

/** Its parts. */
export function modelOf({ sizes, loss, samples, parameters, x, y }: ExactNetwork) {
  const layers = sizes.slice(1).flatMap((outputs, k) => {
    const layer = linear(sizes[k]!, outputs);
    return k < sizes.length - 2 ? [layer, lambda((h) => tanh(h))] : [layer];
  });
  const classes = loss === "crossEntropy";
  const model = supervised(sequential(...layers), {
    example: { shape: [sizes[0]!], dtype: "float32" },
    labels: classes ? "classes" : "values",
    ...(classes ? {} : { labelShape: [sizes.at(-1)!] }),
  });
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(parameters);
  const labels = classes ? Int32Array.from(y) : Float32Array.from(y);
  return { model, parameters: vector, samples: samplesOf({ x: Float32Array.from(x), labels }, samples) };
}

/** A symmetric matrix with these eigenvalues, turned by reflections that the seed draws. */
export function matrixWith(eigenvalues: readonly number[], draw: () => number): Float64Array {
  const n = eigenvalues.length;
  const A = new Float64Array(n * n);
  eigenvalues.forEach((value, i) => {
    A[i * n + i] = value;
  });
  for (let round = 0; round < 3; round++) {
    const u = Float64Array.from({ length: n }, draw);
    const square = u.reduce((sum, value) => sum + value * value, 0);
    // A ← R A R with R = I − 2uuᵀ/uᵀu
    for (const [row, column] of [
      [n, 1],
      [1, n],
    ] as const) {
      for (let j = 0; j < n; j++) {
        let share = 0;
        for (let i = 0; i < n; i++) share += u[i]! * A[i * row + j * column]!;
        for (let i = 0; i < n; i++) A[i * row + j * column]! -= (2 * share * u[i]!) / square;
      }
    }
  }
  return A;
}
