/**
 * Dropout: each element is dropped with probability `ratio`, and the others are scaled up so that the mean stays.
 *
 *   y = x · [u ≥ ratio] / (1 − ratio)        u uniform in [0, 1), fed by the host for each run
 *
 * Source: Srivastava et al., JMLR 15 (2014); onnx/docs/Operators.md, Dropout-13 in training mode.
 */
import { misfit, type Tensor } from "../graph.ts";
import { sameShape } from "../shapes.ts";
import { mul } from "./arithmetic.ts";
import { cast, greaterOrEqual } from "./comparison.ts";

/** y, and which elements were kept, as bool. */
export function dropout(x: Tensor, noise: Tensor, ratio: number): { output: Tensor; kept: Tensor } {
  if (!(ratio >= 0 && ratio <= 1)) {
    throw misfit("Dropout", [x], "the ratio must be in [0, 1]", `current value is ${ratio}`);
  }
  if (!sameShape(noise.shape, x.shape)) {
    throw misfit("Dropout", [x, noise], "the noise must have the shape of what is dropped");
  }
  const kept = greaterOrEqual(noise, ratio);
  const scale = ratio === 1 ? 0 : 1 / (1 - ratio);
  return { output: mul(x, mul(cast(kept, x.dtype), scale)), kept };
}
