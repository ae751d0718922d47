/**
 * A physics-informed network: a perceptron u(x) whose loss says how far it is from solving a differential equation. The loss
 * holds derivatives of the output with respect to the inputs, which are more graph, and its gradient differentiates them again.
 *
 *   Burgers:  u_t + u u_x − ν u_xx = 0  on  x ∈ [−1, 1], t ∈ [0, 1]           ν = 0.01/π
 *
 * Source: Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378, 2019, §3.1.1 (arXiv:1711.10561, §3.1): nine layers, 20 wide, tanh,
 * 3021 parameters; Xavier's starting values.
 */
import { add, gradients, mul, reduceSum, slice, sub, type Tensor } from "@thalweg/graph";
import { xavierNormal, zeros } from "../initializers.ts";
import { meanSquaredError } from "../losses.ts";
import type { Context, Module } from "../module.ts";
import { mlp } from "./mlp.ts";

export interface PinnOptions {
  /** Coordinates of a point. Default 2: x and t. */
  readonly inputs?: number;
  /** Fields. Default 1. */
  readonly outputs?: number;
  /** Widths of the hidden layers. Default eight of 20, the paper's. */
  readonly hidden?: readonly number[];
}

/** Points [N, inputs] → fields [N, outputs]. Names 0.weight, 2.weight, … */
export const pinn = (options: PinnOptions = {}): Module => {
  const { inputs = 2, outputs = 1, hidden = new Array<number>(8).fill(20) } = options;
  return mlp({
    sizes: [inputs, ...hidden, outputs],
    activation: "tanh",
    weight: xavierNormal(),
    bias: zeros,
  });
};

/** ∂u/∂x_k at each point: fields u [N, 1] of points x [N, inputs] → [N, 1]. Row i of u depends on row i of x alone. */
export function partial(u: Tensor, x: Tensor, k: number): Tensor {
  const [slopes] = gradients(reduceSum(u), [x]);
  return slice(slopes!, [k], [k + 1], [1]);
}

/** Burgers' equation: what its left side amounts to at each point (x, t), [N, 2] → [N, 1]. */
export function burgersResidual(
  field: Module,
  points: Tensor,
  context: Context,
  viscosity = 0.01 / Math.PI,
): Tensor {
  const u = field.forward(points, context);
  const [ux, ut] = [partial(u, points, 0), partial(u, points, 1)];
  const uxx = partial(ux, points, 0);
  return sub(add(ut, mul(u, ux)), mul(uxx, viscosity));
}

export interface PhysicsBatch {
  /** Points with known values: initial and boundary conditions, [N, 2]. */
  readonly known: Tensor;
  /** The values there, [N, 1]. */
  readonly values: Tensor;
  /** Points where the equation shall hold, [M, 2]. */
  readonly collocation: Tensor;
}

/** Mean square of u − values at the known points, and of the equation's left side at the others. */
export function burgersLoss(
  field: Module,
  batch: PhysicsBatch,
  context: Context,
  viscosity?: number,
): Tensor {
  const data = meanSquaredError(field.forward(batch.known, context), batch.values);
  const residual = burgersResidual(field, batch.collocation, context, viscosity);
  return add(data, meanSquaredError(residual, mul(residual, 0)));
}
