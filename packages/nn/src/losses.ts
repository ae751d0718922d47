/**
 * Losses, each a mean over the batch, and the count of right answers for evaluation.
 * Shapes: logits [B, C], labels int32 [B] holding class indices 0 … C−1.
 */
import {
  argMax,
  cast,
  equal,
  logSoftmax,
  mul,
  reduceMean,
  reduceSum,
  sub,
  type Tensor,
  unsqueeze,
} from "@thalweg/graph";

/** [B] → [B, C]: 1 at the label, 0 elsewhere. A label outside 0 … C−1 gives a row of zeros. */
function oneHot(labels: Tensor, like: Tensor): Tensor {
  const classes = like.shape[1]!;
  const indices = labels.graph.constant(
    Array.from({ length: classes }, (_, k) => k),
    [1, classes],
    labels.dtype,
  );
  return cast(equal(unsqueeze(labels, [1]), indices), like.dtype);
}

function requireClasses(action: string, logits: Tensor, labels: Tensor): void {
  const whole = labels.dtype === "int32" || labels.dtype === "int64";
  if (logits.rank === 2 && labels.rank === 1 && labels.shape[0] === logits.shape[0] && whole) return;
  throw new RangeError(
    `Cannot ${action} of ${logits} and ${labels} as it needs logits [B, C] and int32 labels [B]: reshape or cast them`,
  );
}

/**
 * Mean negative log-likelihood of the labels under softmax(logits).
 *
 *   L = −(1/B) Σᵢ log softmax(zᵢ)[labelᵢ]           dL/dz = (softmax(z) − onehot) / B
 *
 * Units    nats. Computed through LogSoftmax, so no logit overflows.
 * Source   torch.nn.functional.cross_entropy with mean reduction.
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  requireClasses("compute the cross-entropy", logits, labels);
  const batch = logits.shape[0]!;
  return logits.graph.scope("crossEntropy", () =>
    mul(reduceSum(mul(logSoftmax(logits), oneHot(labels, logits))), -1 / batch),
  );
}

/** Mean of (prediction − target)² over all elements. */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  const same = prediction.rank === target.rank && prediction.shape.every((d, k) => d === target.shape[k]);
  if (!same) {
    throw new RangeError(
      `Cannot compute the mean squared error of ${prediction} and ${target} as their shapes must agree: reshape one of them`,
    );
  }
  return prediction.graph.scope("meanSquaredError", () => {
    const error = sub(prediction, target);
    return reduceMean(mul(error, error));
  });
}

/** How many rows have their largest logit at the label: a float32 scalar, exact up to 2²⁴ rows. Ties go to the lower class. */
export function countCorrect(logits: Tensor, labels: Tensor): Tensor {
  requireClasses("count the right answers", logits, labels);
  return logits.graph.scope("countCorrect", () =>
    reduceSum(cast(equal(argMax(logits, 1), cast(labels, "int64")), "float32")),
  );
}
