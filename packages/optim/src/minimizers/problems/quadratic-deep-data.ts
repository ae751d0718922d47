/**
 * DeepOBS' quadratic_deep: a noisy quadratic in 100 dimensions, 90 eigenvalues in (0, 1) and ten in (30, 60), as Hessians
 * of deep networks have them. The published runs of fifteen optimizers on it can be reproduced to a few parts in a thousand.
 *
 *   L(θ; x) = ½ (θ − x)ᵀ Q (θ − x),  x ~ N(0, 0.6²),  θ₀ = 1
 *
 * The generator that draws Q lives as long as the process, so the k-th problem built in one has the k-th Hessian; published
 * runs are of different k, which their initial losses tell.
 *
 * Source: fsschneider/DeepOBS, deepobs/tensorflow/testproblems/quadratic_deep.py and datasets/quadratic.py.
 */
import { RandomState } from "@thalweg/random";

const D = 100;
const ROWS = 1000;
const BATCH = 128;
/** Batches per epoch; the rest of the rows is dropped, in evaluation too. */
const BATCHES = Math.floor(ROWS / BATCH);

export type Vector = Float64Array;
export type Matrix = readonly Vector[];

export interface QuadraticDeep {
  eigenvalues: readonly number[];
  hessian: Matrix;
  start: Vector;
  /** The thousand training rows x. */
  train: readonly Vector[];
  /** Mean loss over the part of the test set that is evaluated. */
  testLoss: (theta: ArrayLike<number>) => number;
  /** The gradients of one epoch's batches as functions of the parameters, for a fixed order of the rows. */
  epoch: (order: readonly number[]) => ((theta: ArrayLike<number>, gradient: Vector) => void)[];
}

/** The k-th problem of a process, from 1. */
export function quadraticDeep(k: number): QuadraticDeep {
  const rng = new RandomState(42);
  let eigenvalues: number[] = [];
  let hessian: Matrix = [];
  for (let built = 0; built < k; built++) {
    const bulk = Array.from({ length: 90 }, () => rng.uniform(0, 1));
    eigenvalues = [...bulk, ...Array.from({ length: 10 }, () => rng.uniform(30, 60))];
    hessian = congruent(randomRotation(rng), eigenvalues);
  }
  const train = drawRows(42);
  const test = drawRows(43).slice(0, BATCH * BATCHES);
  const center = mean(test);
  const spread = test.reduce((sum, x) => sum + dot(x, times(hessian, x)), 0) / test.length;
  return {
    eigenvalues,
    hessian,
    start: new Float64Array(D).fill(1),
    train,
    testLoss: (theta) => {
      const bent = times(hessian, theta);
      return dot(theta, bent) / 2 - dot(center, bent) + spread / 2;
    },
    epoch: (order) =>
      Array.from({ length: BATCHES }, (_, b) => {
        const rows = order.slice(b * BATCH, (b + 1) * BATCH).map((row) => train[row]!);
        const pull = times(hessian, mean(rows)); // ∇L = Q (θ − x̄)
        return (theta, gradient) => {
          for (let i = 0; i < D; i++) gradient[i] = dot(hessian[i]!, theta) - pull[i]!;
        };
      }),
  };
}

/** X of a split: seeds 42, 43 and 44 are training, test and validation. Rounded to float32, as it is published. */
function drawRows(seed: number): Vector[] {
  const rng = new RandomState(seed);
  return Array.from({ length: ROWS }, () =>
    Float64Array.from({ length: D }, () => Math.fround(0.6 * rng.normal())),
  );
}

/**
 * A rotation drawn uniformly, by the subgroup algorithm (Diaconis & Shahshahani 1987): a rotation of d dimensions, and a
 * reflection that takes the new axis to a random place on the sphere, from d = 2 upwards.
 */
function randomRotation(rng: RandomState): Matrix {
  const angle = 2 * Math.PI * rng.uniform();
  let rotation = [
    Float64Array.of(Math.cos(angle), Math.sin(angle)),
    Float64Array.of(-Math.sin(angle), Math.cos(angle)),
  ];
  for (let d = 2; d < D; d++) {
    const v = Float64Array.from({ length: d + 1 }, () => rng.normal());
    const length = Math.sqrt(dot(v, v));
    const x = v.map((vi, i) => (i === 0 ? 1 : 0) - vi / length);
    const norm = Math.sqrt(dot(x, x));
    const axis = x.map((xi) => xi / norm);
    const wider = [Float64Array.from({ length: d + 1 }, (_, j) => (j === 0 ? 1 : 0))];
    for (const row of rotation) wider.push(Float64Array.of(0, ...row));
    const along = wider[0]!.map((_, j) => wider.reduce((sum, row, i) => sum + axis[i]! * row[j]!, 0));
    rotation = wider.map((row, i) => row.map((value, j) => value - 2 * axis[i]! * along[j]!));
  }
  return rotation.map((row) => row.map((value) => -value));
}

/** Rᵀ diag(λ) R. */
function congruent(rotation: Matrix, eigenvalues: readonly number[]): Matrix {
  return Array.from({ length: D }, (_, i) =>
    Float64Array.from({ length: D }, (_, j) =>
      rotation.reduce((sum, row, n) => sum + eigenvalues[n]! * row[i]! * row[j]!, 0),
    ),
  );
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const times = (matrix: Matrix, vector: ArrayLike<number>): Vector =>
  Float64Array.from(matrix, (row) => dot(row, vector));

const mean = (rows: readonly Vector[]): Vector =>
  Float64Array.from({ length: D }, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length);
