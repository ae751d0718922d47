/** A/A bands: how far apart the winners of two searches of the same rule come out, per condition and over all of them. */
import {
  bandPercentile,
  bootstrapMean,
  meanOf,
  normalisedScore,
  pairBand,
  usualBand,
} from "../statistics/index.ts";
import type { AssessedCondition, Band, Cell } from "./assessment.ts";

type Pairs = { rule: string; values: number[] };

/**
 * The band of one condition, from the rules that were searched more than once; `null` where there are none.
 *
 * @param searched  rules of which anything is searched: without it both searches are the same run
 */
export function bandOf(cells: readonly Cell[], searched: ReadonlySet<string>, seed: number): Band | null {
  const pairs = cells.filter(({ rule }) => searched.has(rule)).flatMap((cell) => apart(cell, (x) => x));
  return fromPairs(pairs, mostSearches(cells), seed);
}

/** The band of the mean score over conditions that have a scale, on the seeds that all of them have; `null` as above. A run that did not finish scores 0. */
export function scoreBand(
  conditions: readonly AssessedCondition[],
  rules: readonly string[],
  searched: ReadonlySet<string>,
  seed: number,
): Band | null {
  const scaled = conditions.filter(({ scale }) => scale !== null);
  if (scaled.length === 0) return null;
  const pairs = rules
    .filter((rule) => searched.has(rule))
    .flatMap((rule): Pairs[] => {
      const perCase = scaled.flatMap(({ cells, scale }) => {
        const cell = cells.find((one) => one.rule === rule);
        return cell ? [apart(cell, (x) => normalisedScore(x, scale!.start, scale!.best))] : [];
      });
      const searchPairs = Math.min(...perCase.map(({ length }) => length));
      if (perCase.length < scaled.length || !(searchPairs > 0)) return [];
      return Array.from({ length: searchPairs }, (_, pair) => {
        const lists = perCase.map((one) => one[pair]!.values);
        const seeds = Math.min(...lists.map(({ length }) => length));
        const values = Array.from(
          { length: seeds },
          (_, s) => lists.reduce((sum, list) => sum + list[s]!, 0) / lists.length,
        );
        return { rule, values };
      });
    });
  return fromPairs(pairs, mostSearches(scaled.flatMap(({ cells }) => cells)), seed);
}

const mostSearches = (cells: readonly Cell[]): number =>
  Math.max(2, ...cells.map(({ searches }) => searches.length));

function fromPairs(pairs: readonly Pairs[], searches: number, seed: number): Band | null {
  const some = pairs.filter(({ values }) => values.length > 0);
  if (some.length === 0) return null;
  const finite = some.filter(({ values }) => values.every(Number.isFinite)).map(({ values }) => values);
  return {
    halfWidth: usualBand(finite.map(meanOf), searches),
    percentile: bandPercentile(finite, seed),
    rules: new Set(some.filter(({ values }) => values.every(Number.isFinite)).map(({ rule }) => rule)).size,
    searches,
    differences: some.map(({ rule, values }) => {
      if (!values.every(Number.isFinite)) return { rule, mean: null, interval: null };
      const { mean, interval } = bootstrapMean(values, seed);
      return { rule, mean, interval };
    }),
  };
}

/** Half-width of the band between two rules; `null` where nothing was searched twice. Of a rule that is not in `searched`, nothing is. */
export function bandBetween(
  band: Band | null,
  rules: readonly [string, string],
  searched: ReadonlySet<string>,
): number | null {
  if (band === null) return null;
  const own = (rule: string): number[] | null =>
    searched.has(rule)
      ? band.differences.flatMap((one) => (one.rule === rule && one.mean !== null ? [one.mean] : []))
      : null;
  return pairBand([own(rules[0]), own(rules[1])], band.halfWidth, band.searches);
}

/** A − A′ on the seeds that both have run, for every pair of searches; `of` is applied to each value, NaN for one that did not finish. */
function apart({ rule, searches, points }: Cell, of: (value: number) => number): Pairs[] {
  const bySearch = searches.map(
    ({ replicate }) =>
      new Map(
        points
          .filter((point) => point.replicate === replicate)
          .map(({ seed, value }) => [seed, value ?? Number.NaN]),
      ),
  );
  return bySearch.flatMap((first, a) =>
    bySearch.slice(a + 1).map((second) => {
      const seeds = [...first.keys()].filter((seed) => second.has(seed)).sort((x, y) => x - y);
      return { rule, values: seeds.map((seed) => of(first.get(seed)!) - of(second.get(seed)!)) };
    }),
  );
}
