/**
 * The examples that every point is measured on: the same for all, so that what one example adds to the height it adds everywhere, and
 * the shape is sharper than the height. Chosen by class in equal shares, and in an order of which every beginning has such shares too,
 * so that a picture from the first chunk is as fair as the last one.
 */
import { type Normalization, SequentialBatches, type Split } from "@thalweg/data";
import { stream } from "@thalweg/random";
import { type Batch, images } from "@thalweg/train";

export interface Examples {
  readonly split: Split;
  readonly normalization: Normalization;
  /** Which examples, in the order in which they are used. */
  readonly indices: Uint32Array;
}

export interface SampleOptions {
  /** How many; all by default. */
  readonly count?: number;
  readonly seed: number;
  /** Out of these; all by default. */
  readonly among?: Uint32Array;
}

/** Choose examples of a split. Raises RangeError for more than there are. */
export function sampleExamples(split: Split, { count, seed, among }: SampleOptions): Uint32Array {
  const all = among ?? Uint32Array.from({ length: split.count }, (_, i) => i);
  const wanted = count ?? all.length;
  if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= all.length)) {
    throw new RangeError(
      `Cannot choose examples as their number must be in [1, ${all.length}]: current value is ${wanted}`,
    );
  }
  const order = stream(seed, "landscape/examples").permutation(all.length);
  const shuffled = order.map((place) => all[place]!);
  return byClass(split, shuffled).subarray(0, wanted);
}

/** Example j of the n of its class comes at (j + ½) / n, so that all classes run through at the same pace. */
function byClass({ labels, labelShape = [] }: Split, shuffled: Uint32Array): Uint32Array {
  if (labels instanceof Float32Array || labelShape.length > 0) return shuffled;
  const counts = new Map<number, number>();
  const places = Array.from(shuffled, (example) => {
    const label = labels[example]!;
    const before = counts.get(label) ?? 0;
    counts.set(label, before + 1);
    return { example, label, before };
  });
  const pace = ({ label, before }: { label: number; before: number }) => (before + 0.5) / counts.get(label)!;
  return Uint32Array.from(
    places.sort((a, b) => pace(a) - pace(b)), // stable: ties stay shuffled
    ({ example }) => example,
  );
}

/** Copy the examples [begin, begin + rows) to a batch of so many. */
export function fillExamples({ split, normalization, indices }: Examples, begin: number, batch: Batch): void {
  const { x, labels } = images({ batch });
  const perLabel = (split.labelShape ?? []).reduce((product, size) => product * size, 1);
  const rows = labels.length / perLabel;
  new SequentialBatches(split, {
    batchSize: rows,
    normalization,
    indices: indices.subarray(begin, begin + rows),
  }).fill(0, x, labels);
}
