/**
 * Our own test: up through all rates, and back down from where the loss was lowest.
 *
 * On the way up, the loss falls where a rate is large enough to get anywhere in the few steps it has. That says little about a rate
 * to train with for longer, which is bounded from above by the noise that it feeds into the parameters; and a network that has
 * not learned yet does not show that noise. A sign-based rule and plain Adam look alike on the way up, and want rates that are
 * ten times apart. So the test starts again, goes up to the rate of the lowest loss, and then lowers the rate: now the loss falls as the noise
 * does, and where it falls no further, the rate was no longer what held it up.
 *
 * Parameters, buffers, gradients and state are restored as in `rangeTest`.
 */
import { type Fit, fitLocally, median } from "./local-fit.ts";
import { type RangeTest, type RangeTestOptions, rangeTest, sweep, undisturbed } from "./range-test.ts";

export interface ThereAndBackOptions extends RangeTestOptions {
  /** Steps on the way down; as many as on the way up by default. */
  readonly downSteps?: number;
}

export interface ThereAndBack {
  readonly up: RangeTest;
  /** From the rate of the lowest loss downwards; absent where the loss never fell. */
  readonly down?: RangeTest;
}

/** The way down spans a factor of 1000: both tuned rates and rates that are certainly too small lie within. */
const DOWN_FACTOR = 1e3;

/** Half-widths of the local fits in ln lr: 15 % of seven decades, and about half a decade on the way down, which is slower. */
export const HALF_WIDTH = { up: 1.2, down: 0.6 } as const;

/** Run the test. Raises RangeError as `rangeTest` does, and for a number of steps down that is none. */
export async function thereAndBack(options: ThereAndBackOptions): Promise<ThereAndBack> {
  const { downSteps = options.steps } = options;
  if (!(Number.isSafeInteger(downSteps) && downSteps >= 20)) {
    throw new RangeError(
      `Cannot test learning rates as downSteps must be a whole number, at least 20: current value is ${downSteps}`,
    );
  }
  const up = await rangeTest(options);
  const turn = lowest(up)?.index;
  if (turn === undefined || up.end === "interrupted") return { up };
  const top = up.rates[turn]!;
  const rates = Array.from({ length: downSteps }, (_, i) => top * DOWN_FACTOR ** (-i / (downSteps - 1)));
  const down = await undisturbed(options, async () => {
    await sweep(options, up.rates.slice(0, turn + 1), { first: 0 });
    return sweep(options, rates, { first: turn + 1 });
  });
  return { up, down };
}

/** What one test says; plain data. */
export interface Reading {
  /** The rate to train with. */
  readonly suggestion: number;
  /**
   * The constant rate that gets as far in as many steps as the way up had got when a tenth of its fall was done: Σ lr_i / n
   * over the rates until then. Lower ones get nowhere in a run of that length.
   */
  readonly usefulFrom: number;
  /** The last rate before the loss on the way up has climbed by a tenth of the fall: rates above it diverge. */
  readonly stableTo: number;
}

/** The share of the noise's loss that may remain at the rate where it counts as gone. */
const REMAINING = 0.06;

/**
 * The best constant rate lies above that one: with these shares, by this factor in the middle, on two tasks with eight rules each.
 * So the number is calibrated, not derived, and for runs of a few epochs; bench/lr-finder.ts measures what it is worth. Its
 * held-out settings show where it fails: when the test itself goes through the data dozens of times, as on 1 200 digits in
 * batches of 128, the training loss has next to no noise left at the end, and suggestions come out 1.5 to 5 times too high.
 * A shorter test does not mend it: sign-based rules then have too few steps to show their noise.
 */
const ABOVE = 2.5;

/** Read a test, or say in words why nothing can be read from it. */
export function readTest({ up, down }: ThereAndBack): Reading | { readonly failure: string } {
  const at = lowest(up);
  const range = `${up.rates[0]} and ${up.rates.at(-1)}`;
  if (up.end === "interrupted" || down?.end === "interrupted") return { failure: "the test was interrupted" };
  if (at === undefined || down === undefined) {
    return { failure: `the loss never fell between ${range}: use more steps, or other rates` };
  }
  const { fit, index, untrained } = at;
  const fall = untrained - fit.level[index]!;
  if (up.end === "finished" && index >= fit.level.length - 3) {
    return {
      failure: `the loss was still falling at the highest rate, ${up.rates.at(-1)}: test higher ones`,
    };
  }
  const useful = fit.level.findIndex((level) => level <= untrained - 0.1 * fall);
  const distance = up.rates.slice(0, useful + 1).reduce((sum, rate) => sum + rate, 0);
  const climbs = fit.level.findIndex((level, i) => i > index && level > fit.level[index]! + 0.1 * fall);
  const stable = climbs < 0 ? fit.level.length - 1 : climbs - 1;
  const stableTo = up.rates[stable]!;
  return {
    suggestion: Math.min(ABOVE * quietRate(down, untrained), stableTo),
    usefulFrom: distance / up.rates.length,
    stableTo,
  };
}

/** The highest rate on the way down at which all but that share of what the rate had added to the loss is gone. */
function quietRate({ rates, losses }: RangeTest, untrained: number): number {
  const rising = { rates: rates.slice(0, losses.length).reverse(), losses: [...losses].reverse() };
  const { level } = fitLocally(rising.rates, rising.losses, { halfWidth: HALF_WIDTH.down, cap: untrained });
  const falling = [...level].reverse();
  const noisy = Math.max(...falling.slice(0, Math.ceil(falling.length / 10)));
  const quiet = median(
    losses.slice(-Math.ceil(losses.length * 0.3)).map((loss) => Math.min(loss, untrained)),
  );
  const index = falling.findIndex((value) => value <= quiet + REMAINING * (noisy - quiet));
  return rates[index < 0 ? falling.length - 1 : index]!;
}

/** Fit the way up and find its lowest level; undefined where the loss did not fall by a tenth. */
export function lowest(up: RangeTest): { fit: Fit; index: number; untrained: number } | undefined {
  const { rates, losses } = up;
  const untrained = median(losses.slice(0, Math.max(5, Math.ceil(rates.length / 10))));
  if (!(losses.length >= 10 && Number.isFinite(untrained))) return undefined;
  const fit = fitLocally(rates, losses, { halfWidth: HALF_WIDTH.up, cap: untrained });
  const index = fit.level.indexOf(Math.min(...fit.level));
  return fit.level[index]! < untrained - 0.1 * Math.abs(untrained) ? { fit, index, untrained } : undefined;
}
