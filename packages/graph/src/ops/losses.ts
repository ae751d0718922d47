/**
 * ONNX's losses over classes, composed: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss. Classes stand on axis 1 of the
 * scores, [B, C, …]; labels are whole numbers [B, …].
 *
 *   l = −w[label] · log p[label]        mean: Σ l / Σ w[label],  sum: Σ l,  none: l
 *
 * A label equal to `ignore` weighs nothing. A label outside 0 … C−1 selects no class: its l is 0, but it weighs 1 in the mean of
 * unweighted losses.
 * Source: onnx/docs/Operators.md, opset 21; torch.nn.functional.nll_loss and cross_entropy.
 */
import { misfit, type Tensor } from "../graph.ts";
import { sameShape, show, table } from "../shapes.ts";
import { div, mul, neg } from "./arithmetic.ts";
import { cast, equal, not } from "./comparison.ts";
import { reduceSum } from "./reduction.ts";
import { reshape, unsqueeze } from "./shape.ts";
import { logSoftmax } from "./softmax.ts";

export type LossReduction = "mean" | "sum" | "none";

export interface LossOptions {
  /** One weight per class, [C]. */
  readonly weight?: Tensor | undefined;
  /** The label that is left out. */
  readonly ignore?: number | undefined;
  readonly reduction?: LossReduction;
}

const reductions: Readonly<Record<LossReduction, (losses: Tensor, weights: Tensor | null) => Tensor>> = {
  none: (losses) => losses,
  sum: (losses) => reduceSum(losses),
  mean: (losses, weights) =>
    weights ? div(reduceSum(losses), reduceSum(weights)) : mul(reduceSum(losses), 1 / losses.size),
};

/** −w[label] · logp[label], reduced. */
export function negativeLogLikelihood(logp: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  const { weight, ignore, reduction = "mean" } = options;
  const classes = logp.shape[1] ?? 0;
  const places = logp.shape.filter((_, k) => k !== 1);
  const whole = labels.dtype === "int32" || labels.dtype === "int64";
  if (logp.rank < 2 || !whole || !sameShape(labels.shape, places)) {
    throw misfit(
      "NegativeLogLikelihoodLoss",
      [logp, labels],
      `it needs scores [B, C, ...] and int32 or int64 labels ${show(places)}`,
    );
  }
  if (weight && (weight.size !== classes || weight.rank !== 1)) {
    throw misfit(
      "NegativeLogLikelihoodLoss",
      [logp, weight],
      `it needs a weight for each of ${classes} classes`,
    );
  }
  const alongClasses = [1, classes, ...places.slice(1).map(() => 1)];
  const indices = labels.graph.constant(
    table(classes, (c) => c),
    alongClasses,
    labels.dtype,
  );
  const chosen = cast(equal(unsqueeze(labels, [1]), indices), logp.dtype); // (B, C, …)
  const kept = ignore === undefined ? null : cast(not(equal(labels, ignore)), logp.dtype); // (B, …)
  const weighed = weight ? reduceSum(mul(chosen, reshape(weight, alongClasses)), [1]) : null;
  const weights = weighed && kept ? mul(weighed, kept) : (weighed ?? kept);
  const plain = neg(reduceSum(mul(logp, chosen), [1]));
  return reductions[reduction](weights ? mul(plain, weights) : plain, weights);
}

/** The same of log softmax(scores) over the classes, which comes beside it. */
export function softmaxCrossEntropy(
  scores: Tensor,
  labels: Tensor,
  options: LossOptions = {},
): { loss: Tensor; logp: Tensor } {
  const logp = logSoftmax(scores, 1);
  return { loss: negativeLogLikelihood(logp, labels, options), logp };
}
