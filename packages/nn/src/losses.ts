/**
 * Losses, each a mean over what they are given, and the count of right answers for evaluation. Names, defaults and formulas
 * are torch.nn.functional's.
 * Shapes: logits [..., C], labels int32 [...] holding class indices 0 … C−1; predictions and targets alike.
 */
import {
  abs,
  add,
  argMax,
  cast,
  crossEntropyOfRows,
  div,
  equal,
  exp,
  log,
  logSoftmax,
  max,
  min,
  mul,
  neg,
  not,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  sub,
  type Tensor,
  unsqueeze,
} from "@thalweg/graph";

/** [N] → [N, C]: 1 at the label, 0 elsewhere. A label outside 0 … C−1 gives a row of zeros. */
function oneHot(labels: Tensor, like: Tensor): Tensor {
  const classes = like.shape[1]!;
  const indices = labels.graph.constant(
    Array.from({ length: classes }, (_, k) => k),
    [1, classes],
    labels.dtype,
  );
  return cast(equal(unsqueeze(labels, [1]), indices), like.dtype);
}

/** Logits as [N, C] and labels as [N], whatever axes the batch has: examples, or positions of sequences. */
function rowsOf(action: string, logits: Tensor, labels: Tensor): [Tensor, Tensor] {
  const whole = labels.dtype === "int32" || labels.dtype === "int64";
  const batch = logits.shape.slice(0, -1);
  const fits = batch.length === labels.rank && batch.every((size, k) => size === labels.shape[k]);
  if (logits.rank < 2 || !fits || !whole) {
    throw new RangeError(
      `Cannot ${action} of ${logits} and ${labels} as it needs logits [B, C] and int32 labels [B], or [B, T, C] and [B, T]: reshape or cast them`,
    );
  }
  return [reshape(logits, [labels.size, logits.shape.at(-1)!]), reshape(labels, [labels.size])];
}

export interface CrossEntropyOptions {
  /** The share of each target that is spread evenly over all classes, in [0, 1]. Default 0. */
  readonly labelSmoothing?: number;
  /** Rows with this label do not count, nor in the mean. Default: every row counts. torch's is −100. */
  readonly ignoreIndex?: number;
}

/**
 * Mean negative log-likelihood of the labels under softmax(logits).
 *
 *   L = −(1/N) Σᵢ Σ_c tᵢ_c log softmax(zᵢ)_c           t = (1 − s) onehot(label) + s / C        dL/dz = (softmax(z) − t) / N
 *
 * Shapes   logits [B, C] and labels [B], or of sequences [B, T, C] and [B, T].
 * Units    nats. Computed through LogSoftmax, so no logit overflows.
 * Source   torch.nn.functional.cross_entropy with mean reduction.
 * Differs  A label outside 0 … C−1 adds nothing to the sum, but counts in the mean: see `requireLabels`.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing: s = 0, ignoreIndex } = options;
  if (!(s >= 0 && s <= 1)) {
    throw new RangeError(
      `Cannot compute the cross-entropy as labelSmoothing must be in [0, 1]: current value is ${s}`,
    );
  }
  const [z, rows] = rowsOf("compute the cross-entropy", logits, labels);
  const [N, C] = z.shape as [number, number];
  return logits.graph.scope("crossEntropy", () => {
    const smoothed = () => add(mul(oneHot(rows, z), 1 - s), s / C);
    const losses =
      s === 0 ? crossEntropyOfRows(z, rows) : neg(reduceSum(mul(logSoftmax(z), smoothed()), [1])); // (N)
    if (ignoreIndex === undefined) return mul(reduceSum(losses), 1 / N);
    const ignored = rows.graph.constant([ignoreIndex], [1], rows.dtype);
    const counts = cast(not(equal(rows, ignored)), z.dtype);
    return div(reduceSum(mul(losses, counts)), reduceSum(counts));
  });
}

/**
 * Labels that are about to be fed must be whole numbers in 0 … classes − 1, or the index that is ignored. A graph cannot raise
 * errors about values, so whoever feeds a dataset calls this once before.
 *
 * @throws RangeError naming the first label that is none, and its place
 */
export function requireLabels(labels: ArrayLike<number>, classes: number, ignoreIndex?: number): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if ((Number.isInteger(label) && label >= 0 && label < classes) || label === ignoreIndex) continue;
    throw new RangeError(
      `Cannot use labels as each must be a whole number in [0, ${classes}): label ${i} is ${label}; build the model with more classes, or correct the data`,
    );
  }
}

/** A loss of the differences d = prediction − target, meaned over all elements. */
const ofDifferences =
  (name: string, words: string, term: (d: Tensor) => Tensor) =>
  (prediction: Tensor, target: Tensor): Tensor => {
    requireSame(words, prediction, target);
    return prediction.graph.scope(name, () => reduceMean(term(sub(prediction, target))));
  };

function requireSame(words: string, prediction: Tensor, target: Tensor): void {
  const same = prediction.rank === target.rank && prediction.shape.every((d, k) => d === target.shape[k]);
  if (same) return;
  throw new RangeError(
    `Cannot compute the ${words} of ${prediction} and ${target} as their shapes must agree: reshape one of them`,
  );
}

/** Mean of (prediction − target)² over all elements. */
export const meanSquaredError = ofDifferences("meanSquaredError", "mean squared error", (d) => mul(d, d));

/** Mean of |prediction − target| over all elements; torch's l1_loss. */
export const meanAbsoluteError = ofDifferences("meanAbsoluteError", "mean absolute error", abs);

/** a (|d| − a/2) with a = min(|d|, δ): d²/2 near zero, δ (|d| − δ/2) beyond ±δ. */
const huberTerm =
  (delta: number) =>
  (d: Tensor): Tensor => {
    const size = abs(d);
    const near = min(size, delta);
    return mul(near, sub(size, mul(near, 0.5)));
  };

/** Mean over all elements of d²/2 where |d| ≤ delta, and delta (|d| − delta/2) elsewhere. Source: Huber, Ann. Math. Statist. 35, 1964. */
export function huber(prediction: Tensor, target: Tensor, delta = 1): Tensor {
  requireAboveZero("huber", "delta", delta);
  return ofDifferences("huber", "Huber loss", huberTerm(delta))(prediction, target);
}

/** Huber's loss over beta: d²/(2 beta) where |d| ≤ beta, and |d| − beta/2 elsewhere. Source: Girshick, arXiv:1504.08083, eq. 3. */
export function smoothL1(prediction: Tensor, target: Tensor, beta = 1): Tensor {
  requireAboveZero("smoothL1", "beta", beta);
  const term = (d: Tensor) => mul(huberTerm(beta)(d), 1 / beta);
  return ofDifferences("smoothL1", "smooth L1 loss", term)(prediction, target);
}

function requireAboveZero(loss: string, name: string, value: number): void {
  if (value > 0) return;
  throw new RangeError(`Cannot compute ${loss} as ${name} must be above 0: current value is ${value}`);
}

/**
 * Mean over all elements of −t log σ(z) − (1 − t) log(1 − σ(z)) = max(z, 0) − z t + log(1 + e^−|z|), which no logit overflows.
 * Targets t in [0, 1]; torch's binary_cross_entropy_with_logits.
 */
export function binaryCrossEntropy(logits: Tensor, target: Tensor): Tensor {
  requireSame("binary cross-entropy", logits, target);
  return logits.graph.scope("binaryCrossEntropy", () => reduceMean(binaryCrossEntropyTerms(logits, target)));
}

/** The terms of `binaryCrossEntropy`, element by element. */
export const binaryCrossEntropyTerms = (z: Tensor, t: Tensor): Tensor =>
  add(sub(relu(z), mul(z, t)), log(add(exp(neg(abs(z))), 1)));

/** Smallest normal number of float32: its logarithm is finite, and 0 times it is 0. */
const TINY = 2 ** -126;

/**
 * KL(t ‖ q) = Σ t (log t − log q), a mean over the first axis and a sum over the others; terms with t = 0 are 0. Takes log q
 * and t, as torch's kl_div with reduction "batchmean".
 */
export function klDivergence(logProbabilities: Tensor, target: Tensor): Tensor {
  requireSame("Kullback–Leibler divergence", logProbabilities, target);
  return logProbabilities.graph.scope("klDivergence", () => {
    const terms = mul(target, sub(log(max(target, TINY)), logProbabilities));
    return mul(reduceSum(terms), 1 / logProbabilities.shape[0]!);
  });
}

/** How many rows have their largest logit at the label: a float32 scalar, exact up to 2²⁴ rows. Ties go to the lower class. */
export function countCorrect(logits: Tensor, labels: Tensor): Tensor {
  const [z, rows] = rowsOf("count the right answers", logits, labels);
  return logits.graph.scope("countCorrect", () =>
    reduceSum(cast(equal(argMax(z, 1), cast(rows, "int64")), "float32")),
  );
}
