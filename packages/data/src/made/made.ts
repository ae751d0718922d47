/**
 * Datasets that are computed: drawn from a seed, or made of another dataset. What they draw comes from NumPy's generator, so that
 * anybody can make them again in a few lines of Python; `fixtures/made.make.py` does, and must come to the same bytes.
 */
import type { Dataset, Normalization, Split } from "../dataset.ts";

/** What a maker gives; numbers go into batches as they are, unless it says otherwise. */
export interface MadeData extends Partial<Normalization> {
  readonly classes: readonly string[];
  readonly train: Split;
  /** Left out where it is held out of the training split. */
  readonly validation?: Split;
  readonly test: Split;
}

/** `load` gets the datasets that this one is made of. */
export type Maker = (load: (name: string) => Promise<Dataset>) => MadeData | Promise<MadeData>;

/** Numbers need no normalisation. */
export const AS_IT_IS: Normalization = { maximum: 1, mean: 0, std: 1 };

/** So many examples of each split, drawn one after the other by `draw`. */
export function drawSplits<Name extends string>(
  counts: Readonly<Record<Name, number>>,
  draw: (count: number, split: Name) => Split,
): Record<Name, Split> {
  const entries = Object.entries<number>(counts).map(([name, count]) => [name, draw(count, name as Name)]);
  return Object.fromEntries(entries) as Record<Name, Split>;
}
