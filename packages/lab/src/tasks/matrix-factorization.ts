/**
 * Completing a matrix of rank 8 from a fifth of its entries: M_ij ≈ u_i · v_j. Not convex, with a saddle at zero, and as many
 * solutions as there are invertible 8×8 matrices.
 */
import { MATRIX } from "@thalweg/data";
import { mul, reduceSum, reshape, slice, type Tensor } from "@thalweg/graph";
import { embedding, initializers, type Module, meanSquaredError, network } from "@thalweg/nn";
import { type Model, sampledSquares } from "@thalweg/train";
import type { Task } from "./task.ts";

const { size, rank, noise } = MATRIX;

export const matrixFactorization: Task = {
  name: "matrix-factorization",
  description: "A noisy 128×128 matrix of rank 8 from a fifth of its entries",
  dataset: "matrix-factorization",
  architecture: "UVᵀ, U and V 128×8",
  model: () => factors(),
  batchSize: 1024,
  steps: 1000, // 333 epochs of ⌊3277 / 1024⌋ batches
  evaluateEvery: 50,
  validation: 0,
  metric: { measure: "testRmse", better: "lower", unit: "entry", floor: noise, target: 0.5 },
  evaluationBatch: 1000,
};

/** x [B, 2], rows [i, j] → the entries' mean squared error, and its root. */
function factors(): Model {
  const table = () => embedding(size, rank, { weight: initializers.normal(0, 0.1) });
  const module: Module = network({ u: table(), v: table() }, (x: Tensor, { u, v }) =>
    reduceSum(mul(u(column(x, 0)), v(column(x, 1))), [1]),
  );
  return {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, 2], dtype: "int32" },
      labels: { shape: [batchSize], dtype: "float32" },
    }),
    measure: (context, { x, labels }) => {
      const entries = module.forward(x!, context);
      return { loss: meanSquaredError(entries, labels!), outputs: [entries] };
    },
    sampledLoss: (context, { x }, uniform) => sampledSquares(module.forward(x!, context), uniform),
    summarize: ({ loss }) => ({ rmse: Math.sqrt(loss!) }),
  };
}

const column = (x: Tensor, k: number): Tensor => reshape(slice(x, [k], [k + 1], [1]), [x.shape[0]!]);
