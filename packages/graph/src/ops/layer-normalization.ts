/**
 * Normalisation of each row by itself, a row being all elements from one axis on: LayerNormalization, and composed from
 * reductions RMS normalisation, division by a norm, and MeanVarianceNormalization.
 * Source: Ba, Kiros & Hinton, arXiv:1607.06450; Zhang & Sennrich, arXiv:1910.07467; onnx/docs/Operators.md.
 */
import { frontAxis, type MultiCall, type MultiOperator, misfit, type Tensor } from "../graph.ts";
import { sameShape, show, sizeOf } from "../shapes.ts";
import { add, div, mul, reciprocal, sqrt, sub } from "./arithmetic.ts";
import { equal, where } from "./comparison.ts";
import { constantLike } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { reduceL1, reduceL2, reduceMean } from "./reduction.ts";
import { expand, reshape } from "./shape.ts";

export type LayerAttributes = { axis: number; epsilon: number };

/**
 * y = (x − μ) r · scale + bias with μ the mean and r = 1/√(variance + ε) of each row; outputs y, μ and r.
 * Forward 0.17 ms, backward 0.35 for 2048 rows of 128 (one thread); composed of reductions 0.66 together, and with sums over
 * rows and columns as reductions instead of matrix products 0.58.
 */
export const LayerNormalization: MultiOperator<LayerAttributes> = {
  name: "LayerNormalization",
  floats: ["epsilon"],
  optionalOutputs: [1, 2],
  inferAll(inputs, { axis }) {
    const [x, ...rest] = inputs;
    const row = x.shape.slice(axis);
    if (!rest.every((t) => sameShape(t.shape, row) && t.dtype === x.dtype)) {
      throw misfit("LayerNormalization", inputs, `scale and bias must have the shape of a row, ${show(row)}`);
    }
    const { dtype } = x;
    const statistic = { shape: x.shape.map((d, k) => (k < axis ? d : 1)), dtype };
    return [{ shape: x.shape, dtype }, statistic, statistic];
  },
  evaluateAll(inputs, { axis, epsilon }) {
    const [x, scale, bias] = inputs;
    const length = sizeOf(x.shape.slice(axis));
    const rows = sizeOf(x.shape.slice(0, axis));
    const [y, mean, inverse] = [x.data.length, rows, rows].map((n) => new Float64Array(n)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let row = 0; row < rows; row++) {
      const values = x.data.subarray(row * length, (row + 1) * length);
      const mu = values.reduce((sum, v) => sum + v, 0) / length;
      const r = 1 / Math.sqrt(values.reduce((sum, v) => sum + (v - mu) ** 2, 0) / length + epsilon);
      mean[row] = mu;
      inverse[row] = r;
      for (const [k, v] of values.entries())
        y[row * length + k] = (v - mu) * r * scale.data[k]! + (inputs.length > 2 ? bias.data[k]! : 0);
    }
    return [y, mean, inverse];
  },
  gradient: [
    // with c = x − μ, means over a row of n:  dx = r (g·scale − mean(g·scale) − c r² mean(g·scale·c)) + dμ/n − c r³ dr/n
    (call) => {
      const { x, g, n, centred, r, weigh } = rowTerms(call);
      const parts: Tensor[] = [];
      if (g) {
        const slope = mul(weigh(mul(g, centred)), mul(r, r));
        const straight = sub(mul(g, reshape(call.inputs[1], [n])), weigh(g));
        parts.push(mul(sub(straight, mul(centred, slope)), r));
      }
      const [dMean, dInverse] = call.gradients.slice(1).map((d) => d && reshape(d, r.shape));
      if (dMean) parts.push(mul(dMean, 1 / n));
      if (dInverse) parts.push(mul(centred, mul(mul(dInverse, -1 / n), mul(mul(r, r), r))));
      const sum = parts.reduce((a, b) => add(a, b));
      return reshape(expand(sum, centred.shape), x.shape);
    },
    // d(scale) = Σ over rows of g c r, a product of a row and a matrix
    (call) => {
      const { g, centred, r, scaleShape } = rowTerms(call);
      return g && reshape(matmul(reshape(r, [1, r.size]), mul(g, centred)), scaleShape);
    },
    // d(bias) = Σ over rows of g
    (call, { reduceSum }) => {
      const { g, scaleShape } = rowTerms(call);
      return g && reshape(reduceSum(g, [0]), scaleShape);
    },
  ],
};

/** What the rules share, as matrices of rows: g and c = x − μ [m, n], r [m, 1]; `weigh` takes row means weighted by scale. */
function rowTerms({ inputs, attributes, outputs, gradients }: MultiCall<LayerAttributes>) {
  const [x, scale] = inputs;
  const n = sizeOf(x.shape.slice(attributes.axis));
  const m = x.size / n;
  const mean = reshape(outputs[1]!, [m, 1]);
  const column = reshape(mul(scale, 1 / n), [n, 1]);
  return {
    x,
    n,
    g: gradients[0] ? reshape(gradients[0], [m, n]) : null,
    centred: sub(reshape(x, [m, n]), mean),
    r: reshape(outputs[2]!, [m, 1]),
    weigh: (matrix: Tensor) => matmul(matrix, column),
    scaleShape: scale.shape,
  };
}

export interface LayerNormalized {
  readonly output: Tensor;
  /** μ and 1/√(variance + ε) of each row, with the row's axes kept at size 1. */
  readonly mean: Tensor;
  readonly inverse: Tensor;
}

/** (x − μ)/√(variance + ε) · scale + bias over the axes from `axis` on. In float64 composed: ONNX's μ is float32 there. */
export function layerNormalization(
  x: Tensor,
  parameters: { scale: Tensor; bias?: Tensor | undefined },
  { axis = -1, epsilon = 1e-5 }: { axis?: number; epsilon?: number } = {},
): LayerNormalized {
  const { scale, bias } = parameters;
  const front = frontAxis("LayerNormalization", x, axis);
  const operands = bias ? [x, scale, bias] : [x, scale];
  if (x.dtype === "float32") {
    const attributes = { axis: front, epsilon };
    const [output, mean, inverse] = x.graph.applyMany(LayerNormalization, operands, attributes) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return { output, mean, inverse };
  }
  LayerNormalization.inferAll(operands as never, { axis: front, epsilon });
  const { centred, mean, inverse } = standardize(x, axesFrom(x, front), epsilon);
  const scaled = mul(mul(centred, inverse), scale);
  return { output: bias ? add(scaled, bias) : scaled, mean, inverse };
}

export const axesFrom = (x: Tensor, axis: number): number[] =>
  x.shape.flatMap((_, k) => (k < axis ? [] : [k]));

/** x − μ, μ and 1/√(σ² + ε) over `axes`, which stay with size 1. */
export function standardize(x: Tensor, axes: readonly number[], epsilon: number) {
  const mean = reduceMean(x, axes, true);
  const centred = sub(x, mean);
  const variance = reduceMean(mul(centred, centred), axes, true);
  return { centred, mean, variance, inverse: reciprocal(sqrt(add(variance, epsilon))) };
}

/** x / √(mean(x²) + ε) · scale over the axes from `axis` on. */
export function rmsNormalization(
  x: Tensor,
  scale: Tensor,
  { axis = -1, epsilon = 1e-5 }: { axis?: number; epsilon?: number } = {},
): Tensor {
  const axes = axesFrom(x, frontAxis("RMSNormalization", x, axis));
  const inverse = reciprocal(sqrt(add(reduceMean(mul(x, x), axes, true), epsilon)));
  return mul(mul(x, inverse), scale);
}

/** x / Σ|x| or x / √Σx² along one axis; where the norm is 0 it stays 0. */
export function lpNormalization(x: Tensor, { axis = -1, p = 2 }: { axis?: number; p?: number } = {}): Tensor {
  const norms: Readonly<Record<number, typeof reduceL2>> = { 1: reduceL1, 2: reduceL2 };
  const normOf = norms[p];
  if (!normOf) throw misfit("LpNormalization", [x], "p must be 1 or 2", `current value is ${p}`);
  const norm = normOf(x, [axis], true);
  return div(x, where(equal(norm, 0), constantLike(norm, 1), norm));
}

/** (x − μ) / (σ + 1e-9) over `axes`, as ONNX defines MeanVarianceNormalization. */
export function meanVarianceNormalization(x: Tensor, axes: readonly number[]): Tensor {
  const { centred, variance } = standardize(x, axes, 0);
  return div(centred, add(sqrt(variance), 1e-9));
}
