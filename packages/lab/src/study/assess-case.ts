/** Cases: conditions in which every rule has final runs on common seeds, laid out for the bootstrap over all of them. */
import type { Stratum } from "../statistics/index.ts";
import type { ConditionLines } from "./assess-index.ts";
import type { AssessedCondition } from "./assessment.ts";

/** A condition with the runs of all rules on common seeds. */
export interface Case {
  condition: AssessedCondition;
  stratum: Stratum;
  /** `values[rule][search × seeds + seed]`; NaN where a run did not finish. */
  values: number[][];
  /** Gradients to the target, in the same places; `null` where it was not measured. */
  times: number[][] | null;
}

/** How seeds, searches and, where it is asked for, tasks are drawn. */
export interface Draw {
  seed: number;
  tasksDrawn: boolean;
}

/** `null` where rules have no seed in common yet. */
export function caseOf(
  condition: AssessedCondition,
  lines: ConditionLines,
  rules: readonly string[],
): Case | null {
  const cells = rules.map((rule) => condition.cells.find((cell) => cell.rule === rule));
  if (cells.some((cell) => cell === undefined)) return null;
  const searches = Math.min(...cells.map((cell) => cell!.searches.length));
  const grids = cells.map((cell) => {
    const grid = new Map(
      cell!.points.map(({ replicate, seed, value }) => [`${replicate}/${seed}`, value ?? Number.NaN]),
    );
    return grid;
  });
  const replicates = Array.from({ length: searches }, (_, replicate) => replicate);
  const seeds = [...new Set(cells[0]!.points.map(({ seed }) => seed))]
    .filter((seed) => grids.every((grid) => replicates.every((r) => grid.has(`${r}/${seed}`))))
    .sort((a, b) => a - b);
  if (seeds.length === 0 || searches === 0) return null;
  const places = replicates.flatMap((r) => seeds.map((seed) => `${r}/${seed}`));
  const timed = rules.map((rule) => {
    const { finals } = lines.cells.find((cell) => cell.rule === rule)!;
    return new Map(
      finals.map(({ trial, result }) => [`${trial.replicate}/${trial.seed}`, result.gradientsToTarget]),
    );
  });
  const isTimed =
    condition.metric.target !== undefined &&
    timed.every((of) => places.every((at) => of.get(at) !== undefined));
  return {
    condition,
    stratum: { searches, seeds: seeds.length },
    values: grids.map((grid) => places.map((at) => grid.get(at)!)),
    times: isTimed ? timed.map((of) => places.map((at) => of.get(at) ?? Number.POSITIVE_INFINITY)) : null,
  };
}

/** Where the runs of each case begin among those of all. */
export const offsetsOf = (cases: readonly Case[]): number[] =>
  cases.map((_, k) =>
    cases.slice(0, k).reduce((sum, { stratum }) => sum + stratum.searches * stratum.seeds, 0),
  );

/** How often a case stands in a draw. */
export function timesDrawn({ stratum }: Case, weights: Uint16Array, offset: number): number {
  const runs = stratum.searches * stratum.seeds;
  let sum = 0;
  for (let i = offset; i < offset + runs; i += 1) sum += weights[i]!;
  return sum / runs;
}
