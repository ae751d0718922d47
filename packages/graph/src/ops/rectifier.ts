/**
 * Activations with a corner at 0, most of them straight on one side: LeakyRelu PRelu Elu Selu Celu ThresholdedRelu
 * HardSigmoid HardSwish. At the corner the derivative is that of the left side, as in torch; the two hard ones have the
 * derivative 0 at both ends of the slope.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import { isFloat, misfit, type Operator, type Tensor } from "../graph.ts";
import { broadcastShapes, sameShape, show } from "../shapes.ts";
import { add, exp, mul, sub } from "./arithmetic.ts";
import { greater, less, where } from "./comparison.ts";
import { applyWith, binary, constantLike, unary } from "./elementwise.ts";
import { clip } from "./extrema.ts";
import { isPositive, step } from "./step.ts";

type Alpha = { alpha: number };

// y' = 1 for x > 0, α elsewhere
export const LeakyRelu = unary<Alpha>(
  "LeakyRelu",
  (x, { alpha }) => (x > 0 ? x : alpha * x),
  ({ inputs: [x], attributes: { alpha }, gradient: g }, { mul }) => mul(g, step(x, alpha)),
  "float",
  ["alpha"],
);

const TwoSlopes = binary("PRelu", (x, slope) => (x > 0 ? x : slope * x), [
  // dy = dx for x > 0, slope dx elsewhere
  ({ inputs: [x, slope], gradient: g }, { greater, mul, where }) => where(greater(x, 0), g, mul(g, slope)),
  // d(slope) = Σ min(x, 0) dy
  ({ inputs: [x, slope], gradient: g }, { min, mul, sumTo }) => sumTo(mul(g, min(x, 0)), slope.shape),
]);

/** LeakyRelu whose slope is a tensor, repeated to x's shape. */
export const PRelu: Operator = {
  ...TwoSlopes,
  infer([x, slope, ...rest], attributes) {
    const common = broadcastShapes(x.shape, slope.shape);
    if (!isFloat(x.dtype) || !common || !sameShape(common, x.shape)) {
      throw misfit(
        "PRelu",
        [x, slope],
        `it needs floats, and slopes that can be repeated to ${show(x.shape)}`,
      );
    }
    return TwoSlopes.infer([x, slope, ...rest] as never, attributes);
  },
};

// y = α (exp x − 1) for x ≤ 0 ⇒ y' = y + α there, 1 elsewhere
export const Elu = unary<Alpha>(
  "Elu",
  (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  ({ inputs: [x], attributes: { alpha }, output: y, gradient: g }, ops) =>
    alpha === 1
      ? ops.mul(g, ops.add(ops.min(y, 0), 1))
      : ops.where(ops.greater(x, 0), g, ops.mul(g, ops.add(y, alpha))),
  "float",
  ["alpha"],
);

// y = γα (exp x − 1) for x ≤ 0 ⇒ y' = y + γα there, γ elsewhere
export const Selu = unary<{ alpha: number; gamma: number }>(
  "Selu",
  (x, { alpha, gamma }) => gamma * (x > 0 ? x : alpha * Math.expm1(x)),
  (
    { inputs: [x], attributes: { alpha, gamma }, output: y, gradient: g },
    { add, constantLike, greater, mul, where },
  ) => mul(g, where(greater(x, 0), constantLike(x, gamma), add(y, gamma * alpha))),
  "float",
  ["alpha", "gamma"],
);

// y = α (exp(x/α) − 1) for x ≤ 0 ⇒ y' = y/α + 1 there, 1 elsewhere
export const Celu = unary<Alpha>(
  "Celu",
  (x, { alpha }) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
  ({ attributes: { alpha }, output: y, gradient: g }, { add, min, mul }) =>
    mul(g, add(mul(min(y, 0), 1 / alpha), 1)),
  "float",
  ["alpha"],
);

// y = x for x > α, 0 elsewhere
export const ThresholdedRelu = unary<Alpha>(
  "ThresholdedRelu",
  (x, { alpha }) => (x > alpha ? x : 0),
  ({ inputs: [x], attributes: { alpha }, gradient: g }, { mul, sub }) => mul(g, isPositive(sub(x, alpha))),
  "float",
  ["alpha"],
);

// y = max(0, min(1, αx + β)) ⇒ y' = α for 0 < y < 1, which is where y (1 − y) > 0
export const HardSigmoid = unary<{ alpha: number; beta: number }>(
  "HardSigmoid",
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  ({ attributes: { alpha }, output: y, gradient: g }, { mul, sub }) =>
    mul(mul(g, alpha), isPositive(mul(y, sub(1, y)))),
  "float",
  ["alpha", "beta"],
);

// y = x h with h = hardSigmoid(x) of slope ⅙ ⇒ y' = h + ⅙ x for 0 < h < 1, h elsewhere
export const HardSwish = unary(
  "HardSwish",
  (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  ({ inputs: [x], gradient: g }, { add, hardSigmoid, mul, sub }) => {
    const h = hardSigmoid(x, 1 / 6, 0.5);
    return mul(g, add(h, mul(mul(x, 1 / 6), isPositive(mul(h, sub(1, h))))));
  },
);

/** ONNX Runtime has these operators in float32 alone; in float64 they are composed, with the same derivative at the corner. */
const isDouble = (x: Tensor): boolean => x.dtype === "float64";

/** `straight` where x > 0, `other` elsewhere. */
const bent = (x: Tensor, straight: Tensor, other: Tensor): Tensor => where(greater(x, 0), straight, other);

/** α (exp(x/β) − 1) where x ≤ 0; where x is above, the exponential of 0, as that of x might overflow. */
const saturating = (x: Tensor, alpha: number, beta: number): Tensor =>
  mul(sub(exp(mul(clip(x, undefined, 0), 1 / beta)), 1), alpha);

/** x for x > 0, `alpha` x elsewhere. */
export const leakyRelu = (x: Tensor, alpha = 0.01): Tensor =>
  isDouble(x) ? bent(x, x, mul(x, alpha)) : applyWith(LeakyRelu, x, { alpha });

/** x for x > 0, `slope` · x elsewhere; the slopes are repeated to x's shape. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  PRelu.infer([x, slope, slope], {});
  return isDouble(x) ? bent(x, x, mul(x, slope)) : x.graph.apply(PRelu, [x, slope], {});
}

/** x for x > 0, α (exp x − 1) elsewhere. Source: Clevert et al., arXiv:1511.07289. */
export const elu = (x: Tensor, alpha = 1): Tensor =>
  isDouble(x) ? bent(x, x, saturating(x, alpha, 1)) : applyWith(Elu, x, { alpha });

/** γ elu(x, α) with the α and γ that keep mean 0 and variance 1. Source: Klambauer et al., arXiv:1706.02515. */
export const selu = (x: Tensor, alpha = 1.6732632423543772, gamma = 1.0507009873554805): Tensor =>
  isDouble(x) ? mul(elu(x, alpha), gamma) : applyWith(Selu, x, { alpha, gamma });

/** max(0, x) + min(0, α (exp(x/α) − 1)). Source: Barron, arXiv:1704.07483. */
export const celu = (x: Tensor, alpha = 1): Tensor =>
  isDouble(x) ? bent(x, x, saturating(x, alpha, alpha)) : applyWith(Celu, x, { alpha });

/** x for x > `alpha`, 0 elsewhere. */
export const thresholdedRelu = (x: Tensor, alpha = 1): Tensor =>
  isDouble(x) ? where(greater(x, alpha), x, constantLike(x, 0)) : applyWith(ThresholdedRelu, x, { alpha });

/** max(0, min(1, αx + β)); torch.nn.Hardsigmoid has α = 1/6. */
export function hardSigmoid(x: Tensor, alpha = 0.2, beta = 0.5): Tensor {
  if (!isDouble(x)) return applyWith(HardSigmoid, x, { alpha, beta });
  const sloping = add(mul(x, alpha), beta);
  return bent(sloping, where(less(sloping, 1), sloping, constantLike(x, 1)), constantLike(x, 0));
}

/** x hardSigmoid(x, 1/6, 1/2). Source: Howard et al., arXiv:1905.02244. */
export const hardSwish = (x: Tensor): Tensor =>
  isDouble(x) ? mul(x, hardSigmoid(x, 1 / 6, 0.5)) : applyWith(HardSwish, x, {});
