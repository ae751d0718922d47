/**
 * What a learning-rate search found over several seeds: our suggestion with its band, the bounds, and beside them what
 * the known tools would have said of the same runs.
 */
import { median } from "./local-fit.ts";
import { methods } from "./methods.ts";
import { type Reading, readTest, type ThereAndBack } from "./there-and-back.ts";

/** One rate, as the median over seeds, with the lowest and highest of them. */
export interface RateBand {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Suggestion {
  readonly method: string;
  readonly summary: string;
  readonly source: string;
  /** Absent where no seed gave a rate. */
  readonly rate?: RateBand;
  /** By seed, in the order of the tests; null where the method has no answer. */
  readonly bySeed: readonly (number | null)[];
}

/** Plain data: it goes through JSON unchanged. */
export interface RateFinding {
  /** Ours first. */
  readonly suggestions: readonly Suggestion[];
  /** The smallest useful rate, as the median over seeds. */
  readonly usefulFrom?: number;
  /** The largest stable rate: that of the most fragile seed. */
  readonly stableTo?: number;
  /** Why seeds gave no reading, if any did not. */
  readonly failures: readonly string[];
}

export const OURS = "thalweg";

/** Put the tests of several seeds together. Raises RangeError without any test. */
export function findRate(tests: readonly ThereAndBack[]): RateFinding {
  if (tests.length === 0)
    throw new RangeError("Cannot suggest a learning rate as at least 1 test is needed: there are 0");
  const readings = tests.map(readTest);
  const good = readings.filter((reading): reading is Reading => "suggestion" in reading);
  const stableTo = Math.min(...good.map((reading) => reading.stableTo));
  // what one seed allows must not break another
  const ours = readings.map((one) => ("suggestion" in one ? Math.min(one.suggestion, stableTo) : null));
  const own: Suggestion = {
    ...summarise(ours),
    method: OURS,
    summary: "where noise stops holding the loss up, on the way back down",
    source: "Thalweg, lr-finder/there-and-back.ts",
  };
  const others = methods.map(({ name, summary, source, suggest }) => ({
    ...summarise(tests.map(({ up }) => suggest(up) ?? null)),
    method: name,
    summary,
    source,
  }));
  return {
    suggestions: [own, ...others],
    ...(good.length === 0 ? {} : { usefulFrom: median(good.map((one) => one.usefulFrom)), stableTo }),
    failures: readings.flatMap((reading) => ("failure" in reading ? [reading.failure] : [])),
  };
}

function summarise(bySeed: readonly (number | null)[]): Pick<Suggestion, "rate" | "bySeed"> {
  const rates = bySeed.filter((rate): rate is number => rate !== null && Number.isFinite(rate));
  if (rates.length === 0) return { bySeed };
  return { bySeed, rate: { median: median(rates), low: Math.min(...rates), high: Math.max(...rates) } };
}
