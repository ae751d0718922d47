/** The name that a misspelt one most likely meant. */
import { closest, distance } from "fastest-levenshtein";

/** The closest of `names` by edit distance, if it is close: at most a third of the letters differ, and at least two may. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const candidate = closest(name, names);
  return distance(name, candidate) <= Math.max(2, Math.floor(name.length / 3)) ? candidate : undefined;
}
