/**
 * Products with derivatives that are never formed: Jacobians, Hessians and Gauss–Newton matrices times a vector. A vector
 * here is a list of tensors, one for each tensor of `wrt` (or of the outputs), of its shape.
 *
 * All are composed of reverse passes. Jacobian times vector is one of a pass, differentiated once more: u ↦ Jᵀu is linear,
 * so its own reverse pass is v ↦ Jv, whatever u (Townsend, "A new trick for calculating Jacobian vector products", 2017);
 * what computes Jᵀu itself is dead code then. So every operator with a gradient has a tangent, and there are no rules for it.
 */
import { pullBack, vjp } from "../gradients.ts";
import { ancestors, type Tensor } from "../graph.ts";

/**
 * J v: how the outputs change when each tensor x of `wrt` moves along its tangent.
 *
 *   ẏ = Σ over x of  (∂y/∂x) ẋ
 */
export function jvp(
  outputs: readonly Tensor[],
  wrt: readonly Tensor[],
  tangents: readonly Tensor[],
): Tensor[] {
  const anywhere = outputs.map((y) => y.graph.placeholder(y.shape, y.dtype));
  const pulled = pullBack(outputs, wrt, anywhere, { recompute: false });
  const pushed = vjp(pulled, anywhere, tangents);
  const stray = ancestors(pushed).find((tensor) => anywhere.includes(tensor));
  if (stray) {
    throw new TypeError(
      `Cannot compute J v of ${outputs.join(", ")} as some gradient rule on the way is not linear in the gradient`,
    );
  }
  return pushed;
}

/**
 * H v, with H the second derivatives of a scalar loss in `wrt`: the gradient of gᵀv, by a second reverse pass.
 *
 * Costs about as much as two further gradients. Where only gradients are compiled, their central difference costs two
 * and is good to some 1e-4: see `hessianProduct` in @thalweg/train.
 */
export function hessianProduct(loss: Tensor, wrt: readonly Tensor[], vector: readonly Tensor[]): Tensor[] {
  return vjp(vjp([loss], wrt), wrt, vector);
}

/**
 * G v with the generalised Gauss–Newton matrix of loss = L(z(θ)), z the model's outputs, on all of which the loss must rest:
 *
 *   G = Jᵀ H_L J        J = ∂z/∂θ, H_L the second derivatives of the loss in z
 *
 * Where L is a negative log-likelihood with natural parameters z (squares, cross-entropy), G is Fisher's information.
 *
 * Source    Schraudolph, Neural Computation 14 (2002), "Fast curvature matrix-vector products".
 */
export function gaussNewtonProduct(
  loss: Tensor,
  outputs: readonly Tensor[],
  wrt: readonly Tensor[],
  vector: readonly Tensor[],
): Tensor[] {
  const moved = jvp(outputs, wrt, vector);
  return vjp(outputs, wrt, hessianProduct(loss, outputs, moved));
}
