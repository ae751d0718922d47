/**
 * Poisson's equation on the unit square by a network that knows nothing but the equation: its loss holds second derivatives of the
 * network, and the gradient of it third ones.
 *
 *   −Δu = f    u(x, y) = 16 x(1 − x) y(1 − y) N(x, y)        L = mean (Δu + f)²
 *
 * The factor makes u zero on the boundary, whatever N is. Runs are judged by ‖u − u*‖ / ‖u*‖ over points of the square.
 * Source: Lagaris, Likas & Fotiadis, IEEE Trans. Neural Netw. 9, 1998, §III.B (boundary by a factor); Raissi et al., J. Comput. Phys.
 * 378, 2019.
 */
import { add, mul, reduceSum, slice, sub, type Tensor } from "@thalweg/graph";
import { initializers, type Module, meanSquaredError, mlp, partial } from "@thalweg/nn";
import { type Model, sampledSquares } from "@thalweg/train";
import type { Task } from "./task.ts";

export const pinnPoisson: Task = {
  name: "pinn-poisson",
  description: "A network solves Poisson's equation on the unit square",
  dataset: "poisson",
  architecture: "MLP 2-20-20-1, tanh, zero on the boundary by construction",
  model: (_, __, { bias = true } = {}) => physics(bias),
  batchSize: 256,
  steps: 1000, // 62 epochs of 4096 / 256 batches
  evaluateEvery: 50,
  validation: 0,
  metric: { measure: "testRelativeL2", better: "lower", unit: "relative L2", floor: 0, target: 0.01 },
  evaluationBatch: 1024,
};

/** Points x [B, 2] with labels [u*, f], [B, 2]; u* is for measuring alone. */
function physics(bias: boolean): Model {
  const free = mlp({
    sizes: [2, 20, 20, 1],
    activation: "tanh",
    weight: initializers.xavierNormal(),
    bias: bias && initializers.zeros,
  });
  const module: Module = {
    ...free,
    forward: (x, context) => {
      const [first, second] = [column(x, 0), column(x, 1)];
      const bubble = mul(mul(first, sub(1, first)), mul(second, sub(1, second)));
      return mul(mul(bubble, 16), free.forward(x, context)); // (B, 1)
    },
  };
  /** Δu at each point, [B, 1]. */
  const laplacian = (u: Tensor, x: Tensor) =>
    add(partial(partial(u, x, 0), x, 0), partial(partial(u, x, 1), x, 1));
  return {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, 2], dtype: "float32" },
      labels: { shape: [batchSize, 2], dtype: "float32" },
    }),
    measure: (context, { x, labels }) => {
      const u = module.forward(x!, context);
      const [solution, source] = [column(labels!, 0), column(labels!, 1)];
      const off = sub(u, solution);
      return {
        loss: meanSquaredError(laplacian(u, x!), mul(source, -1)),
        counts: { squaredError: reduceSum(mul(off, off)), squaredValue: reduceSum(mul(solution, solution)) },
      };
    },
    sampledLoss: (context, { x }, uniform) =>
      sampledSquares(laplacian(module.forward(x!, context), x!), uniform),
    summarize: ({ squaredError, squaredValue }) => ({ relativeL2: Math.sqrt(squaredError! / squaredValue!) }),
  };
}

const column = (x: Tensor, k: number): Tensor => slice(x, [k], [k + 1], [1]); // (B, 1)
