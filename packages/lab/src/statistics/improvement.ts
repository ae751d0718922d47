/**
 * Probability of improvement: that a run of X is better than one of Y on the same task, ½ where they are alike.
 *
 *   P(X > Y) = U / (n m),   U = Σ [xᵢ > yⱼ] + ½[xᵢ = yⱼ]        Mann & Whitney's; over tasks the mean
 *
 * It needs ranks only, so runs that did not finish take part as the worst, and tasks need no common scale.
 * Source: Agarwal et al., NeurIPS 2021, §4.3; Mann & Whitney 1947.
 */

/** Two lists of values in one order, made once and swept for every draw of the bootstrap. Larger is better. */
export interface Merged {
  /** Index of the run; of y where `isY`. */
  readonly index: Uint32Array;
  readonly isY: Uint8Array;
  /** Whether the entry is as large as the one before. */
  readonly tied: Uint8Array;
}

export function orderTogether(x: ArrayLike<number>, y: ArrayLike<number>): Merged {
  const value = (entry: number) => (entry < x.length ? x[entry]! : y[entry - x.length]!);
  const order = Array.from({ length: x.length + y.length }, (_, entry) => entry).sort((a, b) =>
    value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0,
  );
  return {
    index: Uint32Array.from(order, (entry) => (entry < x.length ? entry : entry - x.length)),
    isY: Uint8Array.from(order, (entry) => (entry < x.length ? 0 : 1)),
    tied: Uint8Array.from(order, (entry, k) => (k > 0 && value(entry) === value(order[k - 1]!) ? 1 : 0)),
  };
}

/** P(X > Y) of runs that stand `weights[offset + index]` times; the same weights serve both, as their seeds are the same. */
export function probabilityOfImprovement(
  { index, isY, tied }: Merged,
  weights?: ArrayLike<number>,
  offset = 0,
): number {
  let yBelow = 0;
  let x = 0; // of the present group of ties
  let y = 0;
  let wins = 0;
  let xTotal = 0;
  for (let k = 0; k < index.length; k += 1) {
    if (tied[k] === 0) {
      wins += x * (yBelow + y / 2);
      yBelow += y;
      x = 0;
      y = 0;
    }
    const weight = weights ? weights[offset + index[k]!]! : 1;
    if (isY[k] === 1) y += weight;
    else {
      x += weight;
      xTotal += weight;
    }
  }
  wins += x * (yBelow + y / 2);
  return wins / (xTotal * (yBelow + y));
}
