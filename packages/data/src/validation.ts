/**
 * Hold out a validation part of a training split: seeded, and stratified, so that each class keeps its share.
 *
 * Learning rates must not be tuned on the test split; this is what they are tuned on.
 */
import { stream } from "@thalweg/random";
import { labelSize, type Split } from "./dataset.ts";

/** Two disjoint lists of image indices that together are the whole split, each in ascending order. */
export interface Partition {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Choose `count` images for validation at random, class by class.
 *
 * Class c with n_c of the n images gets count·n_c/n of them, rounded so that the total is exact (largest remainders). Examples
 * whose label is no class are all of one class.
 * Within a class, the choice is the head of the permutation from stream(seed, "validation", c).
 */
export function holdOut(split: Split, options: { count: number; seed: number }): Partition {
  const { count, seed } = options;
  if (!(Number.isInteger(count) && count >= 0 && count < split.count)) {
    throw new RangeError(
      `Cannot hold out validation images as count must be a whole number in [0, ${split.count}): current value is ${count}`,
    );
  }
  const members = new Map<number, number[]>();
  const hasClasses = labelSize(split) === 1 && !(split.labels instanceof Float32Array);
  for (let i = 0; i < split.count; i++) {
    const label = hasClasses ? split.labels[i]! : 0;
    const list = members.get(label);
    if (list) list.push(i);
    else members.set(label, [i]);
  }
  const classes = [...members.keys()].sort((a, b) => a - b);
  const shares = apportion(
    classes.map((c) => members.get(c)!.length),
    count,
  );

  const validation: number[] = [];
  const train: number[] = [];
  for (const [k, c] of classes.entries()) {
    const images = members.get(c)!;
    const order = stream(seed, "validation", c).permutation(images.length);
    order.forEach((j, position) => {
      (position < shares[k]! ? validation : train).push(images[j]!);
    });
  }
  return { train: Uint32Array.from(train).sort(), validation: Uint32Array.from(validation).sort() };
}

/** Whole numbers proportional to `sizes` that sum to `total`: floors, then one more for the largest remainders (Hamilton). */
function apportion(sizes: readonly number[], total: number): number[] {
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (total * size) / n);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = exact.map((share, k) => [share - Math.floor(share), k] as const);
  byRemainder.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, k] of byRemainder.slice(0, missing)) shares[k]!++;
  return shares;
}
