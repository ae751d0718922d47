/**
 * How many threads evaluate a landscape where nobody says so: one for each core where the work takes longer than starting them, about a
 * second, and one where it does not. The machine decides, never the numbers: they are the same for any number of threads.
 */
import { availableParallelism } from "node:os";
import { type Grid, type ParameterLayout, pointsOf } from "@thalweg/landscape";

/** Products and sums of a landscape above which threads pay: some seconds on one. */
const WORTH_THREADS = 1e11;
/** A filter's number is used at many places of an image, a matrix's once. */
const PLACES = 64;

export function usualWorkers({ segments }: ParameterLayout, grid: Grid, examples: number): number {
  const perExample = segments.reduce(
    (sum, { shape, size }) => sum + size * (shape.length > 2 ? PLACES : 1),
    0,
  );
  return perExample * examples * pointsOf(grid) > WORTH_THREADS ? availableParallelism() : 1;
}
