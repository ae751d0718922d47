/**
 * Matrix products: MatMul over the last two axes with broadcast batches, and Gemm for two axes with transposes and a bias.
 * Gradients of two-axis products are Gemms with transpose flags, so no transposed copy is ever made.
 */
import { isFloat, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { broadcastShapes, broadcastStrides, sameShape, show, sizeOf, walk } from "../shapes.ts";
import { reshape } from "./shape.ts";

/** Y[…, i, j] = Σₖ A[…, i, k] B[…, k, j] */
export const MatMul: Operator = {
  name: "MatMul",
  infer([a, b]) {
    if (a.rank < 2 || b.rank < 2) {
      throw misfit("MatMul", [a, b], "both operands need two axes or more", "multiply by a scalar with mul");
    }
    if (a.dtype !== b.dtype)
      throw misfit("MatMul", [a, b], "both operands must have one dtype", "cast one of them");
    const [m, k] = a.shape.slice(-2) as [number, number];
    const [k2, n] = b.shape.slice(-2) as [number, number];
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (k !== k2) throw misfit("MatMul", [a, b], `the inner sizes must agree: found ${k} and ${k2}`);
    if (!batch) throw misfit("MatMul", [a, b], "the axes before the last two must broadcast");
    return { shape: [...batch, m, n], dtype: a.dtype };
  },
  evaluate([a, b], _, { shape }) {
    const batch = shape.slice(0, -2);
    const [m, n] = shape.slice(-2) as [number, number];
    const k = a.shape.at(-1)!;
    const out = new Float64Array(sizeOf(shape));
    const strides = (x: readonly number[]) => broadcastStrides(x.slice(0, -2), batch);
    walk(batch, strides(a.shape), strides(b.shape), (t, p, q) => {
      multiply(a.data.subarray(p * m * k), b.data.subarray(q * k * n), out.subarray(t * m * n), m, k, n);
    });
    return out;
  },
  gradient: [
    // Y = A B ⇒ dA = dY Bᵀ, summed over broadcast batches; a batch times one matrix is one tall product
    ({ inputs: [a, b], gradient: g }, { gemm, matmul, sumTo, swapLastAxes }) =>
      b.rank === 2
        ? reshape(gemm(tall(g), b, { transB: 1 }), a.shape)
        : sumTo(matmul(g, swapLastAxes(b)), a.shape),
    // Y = A B ⇒ dB = Aᵀ dY
    ({ inputs: [a, b], gradient: g }, { gemm, matmul, sumTo, swapLastAxes }) =>
      b.rank === 2 ? gemm(tall(a), tall(g), { transA: 1 }) : sumTo(matmul(swapLastAxes(a), g), b.shape),
  ],
};

/** All axes but the last as one: a batch of matrices on top of each other. */
const tall = (x: Tensor): Tensor => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/** C = A B for row-major m×k and k×n. */
function multiply(a: Float64Array, b: Float64Array, c: Float64Array, m: number, k: number, n: number): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[i * k + l]! * b[l * n + j]!;
      c[i * n + j] = sum;
    }
  }
}

export type GemmAttributes = { transA: number; transB: number; alpha: number; beta: number };

/** dA' = α g B'ᵀ and dB' = α A'ᵀ g, where A' = op(A): written so that each is one Gemm for all four flag settings. */
const gemmRule =
  (k: 0 | 1): Rule<GemmAttributes> =>
  ({ inputs: [a, b], attributes: { transA, transB, alpha }, gradient: g }, { gemm }) => {
    if (k === 0) {
      return transA
        ? gemm(b, g, { transA: transB, transB: 1, alpha })
        : gemm(g, b, { transB: 1 - transB, alpha });
    }
    return transB
      ? gemm(g, a, { transA: 1, transB: transA, alpha })
      : gemm(a, g, { transA: 1 - transA, alpha });
  };

/** Y = α op(A) op(B) + β C, where op transposes when its flag is 1 and C broadcasts to Y's shape. */
export const Gemm: Operator<GemmAttributes> = {
  name: "Gemm",
  floats: ["alpha", "beta"],
  infer(inputs, attributes) {
    const [a, b, c] = inputs;
    if (a.rank !== 2 || b.rank !== 2)
      throw misfit("Gemm", [a, b], "both operands need exactly two axes", "use matmul");
    if (!inputs.every((x) => x.dtype === a.dtype) || !isFloat(a.dtype)) {
      throw misfit("Gemm", inputs, "all operands must have one float dtype", "cast them");
    }
    const [m, k] = attributes.transA ? a.shape.toReversed() : a.shape;
    const [k2, n] = attributes.transB ? b.shape.toReversed() : b.shape;
    if (k !== k2) {
      const flags = `transA=${attributes.transA}, transB=${attributes.transB}`;
      throw misfit("Gemm", [a, b], `the inner sizes must agree: found ${k} and ${k2} with ${flags}`);
    }
    const shape = [m!, n!];
    const common = inputs.length > 2 ? broadcastShapes(c.shape, shape) : shape;
    if (!common || !sameShape(common, shape)) {
      throw misfit("Gemm", inputs, `the addend must broadcast to ${show(shape)}`);
    }
    return { shape, dtype: a.dtype };
  },
  evaluate(inputs, { transA, transB, alpha, beta }, { shape }) {
    const [a, b, c] = inputs;
    const [m, n] = shape as [number, number];
    const k = a.shape[transA ? 0 : 1]!;
    const out = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += a.data[transA ? l * m + i : i * k + l]! * b.data[transB ? j * k + l : l * n + j]!;
        }
        out[i * n + j] = alpha * sum;
      }
    }
    if (inputs.length > 2) {
      const strides = broadcastStrides(c.shape, shape);
      walk(shape, strides, strides, (i, from) => {
        out[i]! += beta * c.data[from]!;
      });
    }
    return out;
  },
  gradient: [
    gemmRule(0),
    gemmRule(1),
    // dC = β dY, summed over the axes along which C was repeated
    ({ inputs: [, , c], attributes: { beta }, gradient: g }, { mul, sumTo }) => mul(sumTo(g, c.shape), beta),
  ],
};

/**
 * A · B over the last two axes; the axes before them broadcast. A vector on the left is a row, one on the right a column, and
 * its axis of size 1 is dropped from the product.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const left = a.rank === 1 ? reshape(a, [1, a.size]) : a;
  const right = b.rank === 1 ? reshape(b, [b.size, 1]) : b;
  const product = a.graph.apply(MatMul, [left, right], {});
  const keptRows = product.shape.slice(0, a.rank === 1 ? -2 : -1);
  return reshape(product, b.rank === 1 ? keptRows : [...keptRows, product.shape.at(-1)!]);
}

/** α op(A) op(B) + β C for two axes, C optional. */
export const gemm = (
  a: Tensor,
  b: Tensor,
  options: { addend?: Tensor; transA?: number; transB?: number; alpha?: number; beta?: number } = {},
): Tensor => {
  const { addend, transA = 0, transB = 0, alpha = 1, beta = 1 } = options;
  return a.graph.apply(Gemm, addend ? [a, b, addend] : [a, b], { transA, transB, alpha, beta });
};
