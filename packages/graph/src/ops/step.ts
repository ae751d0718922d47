/**
 * Steps at 0 as tensors of numbers: what rectifiers have for derivatives. They carry no gradient themselves.
 * Forms chosen by measurement (one thread, 4 MiB of float32, the product with the gradient included).
 */
import type { Operator, Tensor } from "../graph.ts";
import { mul } from "./arithmetic.ts";
import { cast, greater, where } from "./comparison.ts";
import { applyWith, constantLike, unary } from "./elementwise.ts";
import { Clip } from "./extrema.ts";

/** So steep that only subnormal numbers of float32 fall on the slope. */
const STEEPNESS = 3e38;

/** [y > 0] as HardSigmoid max(0, min(1, αy + β)): 0.47 ms, where Cast(y > 0) takes 0.58, Where 0.80 and Sign 1.1. */
const Positive: Operator<{ alpha: number; beta: number }> = unary(
  "HardSigmoid",
  (y, { alpha, beta }) => Math.max(0, Math.min(1, alpha * y + beta)),
  null,
  "float",
  ["alpha", "beta"],
);

/** 1 where y > 0 and 0 elsewhere. */
export const isPositive = (y: Tensor): Tensor =>
  y.dtype === "float32"
    ? applyWith(Positive, y, { alpha: STEEPNESS, beta: 0 })
    : cast(greater(y, 0), y.dtype);

const SteepClip: Operator = { ...Clip, gradient: [null] };

/** 1 where x > 0 and `below` elsewhere: the clipped product takes 0.56 ms, Where 0.95. */
export function step(x: Tensor, below: number): Tensor {
  if (below === 1) return constantLike(x, 1);
  const [low, one] = [constantLike(x, below), constantLike(x, 1)];
  return x.dtype === "float32" && below >= 0 && below < 1
    ? x.graph.apply(SteepClip, [mul(x, STEEPNESS), low, one], {})
    : where(greater(x, 0), one, low);
}
