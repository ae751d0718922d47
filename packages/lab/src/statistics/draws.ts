/**
 * Which values each resample of a bootstrap takes: drawn once per number of values and seed, then used by every interval.
 *
 * A study has hundreds of cells with the same number of seeds. Drawing anew for each would cost more than all its sums, and one
 * table for all also ties the resamples of things that are compared. A table is a pure function of (seed, n), so nothing depends on what
 * was asked before.
 */
import { stream } from "@thalweg/random";

/** Resamples of every bootstrap here. */
export const RESAMPLES = 10_000;
/** Tables with more entries are not kept: 8 MB. */
const MOST_KEPT = 4_000_000;
/** Tables that are kept at a time; the oldest goes first. */
const MOST_TABLES = 16;

const tables = new Map<string, Uint16Array | Uint32Array>();
const flips = new Map<string, Uint8Array>();

/**
 * Indices of B = 10 000 resamples with replacement of n values.
 *
 * Shapes    (B, n), row by row; each entry in [0, n).
 */
export function resampleTable(n: number, seed: number): Uint16Array | Uint32Array {
  const key = `${n} ${seed}`;
  const known = tables.get(key);
  if (known) return known;
  const size = RESAMPLES * n;
  const table = n <= 0x1_0000 ? new Uint16Array(size) : new Uint32Array(size);
  const draws = stream(seed, "bootstrap");
  for (let i = 0; i < size; i += 1) table[i] = draws.integer(n);
  if (size > MOST_KEPT) return table;
  const [oldest] = tables.keys();
  if (tables.size >= MOST_TABLES && oldest !== undefined) tables.delete(oldest);
  tables.set(key, table);
  return table;
}

/** Signs of B drawn patterns of n: 1 where the sign turns. Shapes (B, n), row by row. */
export function flipTable(n: number, seed: number): Uint8Array {
  const key = `${n} ${seed}`;
  const known = flips.get(key);
  if (known) return known;
  const table = new Uint8Array(RESAMPLES * n);
  const draws = stream(seed, "sign-flip");
  for (let i = 0; i < table.length; i += 1) table[i] = draws.integer(2);
  if (table.length > MOST_KEPT) return table;
  if (flips.size >= MOST_TABLES) flips.clear();
  flips.set(key, table);
  return table;
}

/** Means of the B resamples of `values`; a pure function of the values and the seed. */
export function resampledMeans(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  const table = resampleTable(n, seed);
  const numbers = Float64Array.from(values);
  const means = new Float64Array(RESAMPLES);
  for (let draw = 0, at = 0; draw < RESAMPLES; draw += 1) {
    let sum = 0;
    for (let k = 0; k < n; k += 1, at += 1) sum += numbers[table[at]!]!;
    means[draw] = sum / n;
  }
  return means;
}
