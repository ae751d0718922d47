/**
 * DeepOBS' quadratic_deep: 100 dimensions, 90 eigenvalues in (0, 1) and ten in (30, 60), as Hessians of deep networks have them.
 *
 *   L(θ; x) = ½ (θ − x)ᵀ Q (θ − x)      x ~ N(0, 0.6²)      θ₀ = 1
 *
 * The k-th problem that one process of DeepOBS builds has the k-th Hessian of its generator. Published runs are of different k; the task
 * is the first one. Batches come in the same order in each epoch, as in the published runs.
 * Source: Schneider, Balles & Hennig, arXiv:1903.05499; Schmidt, Schneider & Hennig, arXiv:2007.01547.
 */
import { matmul, mul, reduceSum, sub } from "@thalweg/graph";
import { initializers, type Module, normalOf } from "@thalweg/nn";
import { buildProblem } from "@thalweg/optim";
import type { Model } from "@thalweg/train";
import { loss, type Task } from "./task.ts";

const SIZE = 100;

/** The test loss at θ = 0, the mean of what the points are drawn from; by NumPy, see fixtures/tasks.make.py. */
const FLOOR = 86.92642045497276;

export const quadDeep: Task = {
  name: "quad-deep",
  description: "DeepOBS' noisy quadratic in 100 dimensions, ten of them steep",
  dataset: "quad-deep",
  architecture: "θ in 100 dimensions, ½(θ − x)ᵀQ(θ − x)",
  model: () => quadraticModel(1),
  batchSize: 128,
  steps: 700, // a hundred epochs of ⌊1000 / 128⌋ batches
  evaluateEvery: 35,
  validation: 0,
  metric: loss("loss", { floor: FLOOR, target: 87.5 }),
  evaluationBatch: 896,
  order: "fixed",
};

/** The k-th problem of a process, from 1. */
export function quadraticModel(k: number): Model {
  const Q = hessianOf(k);
  const module: Module = {
    parameters: [{ name: "theta", shape: [SIZE], initialize: initializers.ones, kind: "weight" }],
    buffers: [],
    forward: (x, context) => sub(context.parameter("theta"), x), // (B, 100)
  };
  return {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, SIZE], dtype: "float32" },
      labels: { shape: [batchSize], dtype: "float32" },
    }),
    measure: (context, { x }) => {
      const off = module.forward(x!, context);
      const bent = matmul(off, context.graph.constant(Q, [SIZE, SIZE]));
      return { loss: mul(reduceSum(mul(off, bent)), 0.5 / x!.shape[0]!) };
    },
    /** Of points drawn from N(θ, Q⁻¹): with Q = LLᵀ, its gradient is that of the mean of nᵀLᵀ(θ − x), n standard normal. */
    sampledLoss: (context, { x }, uniform) => {
      const off = module.forward(x!, context);
      const n = normalOf(uniform([2, ...off.shape]));
      const L = context.graph.constant(cholesky(Q), [SIZE, SIZE]);
      return mul(reduceSum(mul(n, matmul(off, L))), 1 / x!.shape[0]!);
    },
  };
}

/** Q of the k-th problem, row-major; drawn once, as the twelfth takes a second. */
function hessianOf(k: number): Float64Array {
  const known = hessians.get(k);
  if (known !== undefined) return known;
  const Q = new Float64Array(SIZE * SIZE);
  buildProblem("quadratic-deep", { k }).hessian!(new Float64Array(SIZE), Q);
  hessians.set(k, Q);
  return Q;
}
const hessians = new Map<number, Float64Array>();

/** The lower triangle L of Q = LLᵀ. */
function cholesky(Q: Float64Array): Float64Array {
  const L = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = Q[i * SIZE + j]!;
      for (let k = 0; k < j; k++) rest -= L[i * SIZE + k]! * L[j * SIZE + k]!;
      L[i * SIZE + j] = i === j ? Math.sqrt(rest) : rest / L[j * SIZE + j]!;
    }
  }
  return L;
}
