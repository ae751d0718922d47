/**
 * Batch-size schedules: how many examples each step takes, as data and as a pure function of the step.
 *
 *   constant(32)                               the trivial one
 *   ramp(32, 512, examples=100000)             a staircase of equal rises, over that many examples (BLOOM, Megatron-LM)
 *   step(128, factor=5, every=1500000, max=3200)
 *                                              a batch that grows where a rate would have dropped (Smith et al.)
 *   constant(32, examples=5000) > ramp(32, 512, examples=100000)
 *
 * The clock is examples seen, not steps or epochs: that does not change its pace as batches grow. A rise takes effect with the first step that
 * begins at or after its place on that clock; a batch is never cut to land on it. So every count is a whole number, and the number of
 * examples before a step is exact: the schedule is laid out once as stages of equal steps, and a question is a search among the
 * stages, whatever the step.
 *
 * Sources  BLOOM, arXiv:2211.05100, and Megatron-LM's `--rampup-batch-size`: size = start + ⌊seen / (examples/rises)⌋ · increment;
 *          Smith, Kindermans, Ying & Le, "Don't decay the learning rate, increase the batch size", arXiv:1711.00489, §5.
 * Differs  Megatron divides in floating point; here ⌊seen · rises / examples⌋ is exact.
 */

/** From this many examples on, batches of this size. */
export interface Rise {
  readonly from: number;
  readonly batchSize: number;
}

/** A run of steps of one size. */
export interface BatchStage {
  /** 0-based. */
  readonly firstStep: number;
  readonly batchSize: number;
  /** Examples seen before the first step. */
  readonly examplesBefore: number;
}

export interface BatchSchedule {
  readonly spec: string;
  /** In order; the last has no end. Plain data. */
  readonly stages: readonly BatchStage[];
  batchSize(step: number): number;
  /** Σ of the batch sizes of all steps before this one. */
  examplesBefore(step: number): number;
  /** The fewest steps that see at least so many examples. */
  stepsFor(examples: number): number;
}

/** Lay out rises as stages. Raises RangeError for rises that are out of order, or sizes that are no whole numbers. */
export function layOutBatches(spec: string, rises: readonly Rise[]): BatchSchedule {
  checkRises(rises);
  const stages: BatchStage[] = [];
  let step = 0;
  let seen = 0;
  for (const [i, { batchSize }] of rises.entries()) {
    const end = rises[i + 1]?.from ?? Number.POSITIVE_INFINITY;
    if (seen >= end) continue; // a large batch has stepped over this rise
    const last = stages.at(-1);
    if (last?.batchSize !== batchSize) stages.push({ firstStep: step, batchSize, examplesBefore: seen });
    if (end === Number.POSITIVE_INFINITY) break;
    const steps = Math.ceil((end - seen) / batchSize);
    step += steps;
    seen += steps * batchSize;
  }
  const at = (step: number) => {
    checkCount("step", step);
    return stageOf(stages, ({ firstStep }) => firstStep <= step);
  };
  return {
    spec,
    stages,
    batchSize: (step) => at(step).batchSize,
    examplesBefore: (step) => {
      const { firstStep, batchSize, examplesBefore } = at(step);
      return examplesBefore + (step - firstStep) * batchSize;
    },
    stepsFor: (examples) => {
      checkCount("examples", examples);
      const stage = stageOf(stages, ({ examplesBefore }) => examplesBefore <= examples);
      return stage.firstStep + Math.ceil((examples - stage.examplesBefore) / stage.batchSize);
    },
  };
}

/** The last stage for which this holds; it holds for the first, and for no stage after one where it does not. */
function stageOf(stages: readonly BatchStage[], holds: (stage: BatchStage) => boolean): BatchStage {
  let [low, high] = [0, stages.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(stages[middle]!)) low = middle;
    else high = middle - 1;
  }
  return stages[low]!;
}

export const constantBatch = (batchSize: number): Rise[] => [{ from: 0, batchSize }];

export interface RampOptions {
  readonly from: number;
  readonly to: number;
  readonly examples: number;
  /** Size of a rise; the difference of the sizes must be a multiple of it. By default the largest that gives 16 rises or more. */
  readonly increment?: number;
}

/** BLOOM: equal rises, spread evenly over the examples. */
export function rampBatch(options: RampOptions): Rise[] {
  const { from, to, examples } = options;
  for (const name of ["from", "to", "examples"] as const)
    checkPositive(`ramp the batch size`, name, options[name]);
  if (!(to > from)) {
    throw new RangeError(`Cannot ramp the batch size as it must rise: it goes from ${from} to ${to}`);
  }
  const increment = options.increment ?? usualIncrement(to - from);
  checkPositive("ramp the batch size", "increment", increment);
  if ((to - from) % increment !== 0) {
    throw new RangeError(
      `Cannot ramp the batch size from ${from} to ${to} as the difference must be a multiple of increment: ${to - from} is no multiple of ${increment}`,
    );
  }
  const rises = (to - from) / increment;
  if (!Number.isSafeInteger(rises * examples)) {
    throw new RangeError(
      `Cannot ramp the batch size exactly as rises times examples must be below 2^53: they are ${rises} and ${examples}`,
    );
  }
  // ⌊seen · rises / examples⌋ ≥ j first holds at seen = ⌈j · examples / rises⌉
  return Array.from({ length: rises + 1 }, (_, j) => ({
    from: Math.ceil((j * examples) / rises),
    batchSize: from + j * increment,
  }));
}

/** The largest divisor that gives at least 16 rises; 1 where there is none. */
function usualIncrement(difference: number): number {
  for (let increment = Math.floor(difference / 16); increment > 1; increment--) {
    if (difference % increment === 0) return increment;
  }
  return 1;
}

export interface StepOptions {
  readonly from: number;
  readonly factor: number;
  /** Examples between rises. */
  readonly every: number;
  /** The largest size that fits; where it stops growth, `rateFactor` says what is left to the learning rate. */
  readonly max: number;
}

/** Smith et al.: multiplied every so many examples, rounded down to whole examples, until the largest size. */
export function stepBatch(options: StepOptions): Rise[] {
  const { from, factor, every, max } = options;
  for (const name of ["from", "every", "max"] as const)
    checkPositive("step the batch size", name, options[name]);
  if (!(factor >= 1.01 && factor < Infinity)) {
    throw new RangeError(
      `Cannot step the batch size as factor must be at least 1.01 and finite: current value is ${factor}`,
    );
  }
  if (!(max >= from)) {
    throw new RangeError(
      `Cannot step the batch size as max must be at least the first size, ${from}: current value is ${max}`,
    );
  }
  const rises: Rise[] = [{ from: 0, batchSize: from }];
  for (let j = 1; rises.at(-1)!.batchSize < max; j++) {
    rises.push({ from: j * every, batchSize: Math.min(max, Math.floor(from * factor ** j)) });
  }
  return rises;
}

/**
 * What the learning rate must be multiplied by once a batch can grow no more: the size there is over the size there should be.
 * 1 while it grows (Smith et al., §5.1: "we switched to decaying the learning rate" at the largest batch).
 */
export function rateFactor(options: StepOptions, examples: number): number {
  checkCount("examples", examples);
  const wanted = options.from * options.factor ** Math.floor(examples / options.every);
  return Math.min(1, options.max / wanted);
}

function checkRises(rises: readonly Rise[]): void {
  if (rises[0]?.from !== 0)
    throw new RangeError("Cannot lay out batches as the first size must begin at 0 examples");
  for (const [i, { from, batchSize }] of rises.entries()) {
    checkPositive("lay out batches", "batchSize", batchSize);
    checkCount("from", from);
    const before = rises[i - 1]?.from ?? -1;
    if (!(from > before)) {
      throw new RangeError(
        `Cannot lay out batches as sizes must begin one after the other: ${from} examples comes after ${before}`,
      );
    }
  }
}

function checkPositive(action: string, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot ${action} as ${name} must be a whole number, at least 1: current value is ${value}`,
  );
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(
    `Cannot ask a batch-size schedule as ${name} must be a whole number from 0: current value is ${value}`,
  );
}
