/**
 * A learning-rate search on a task: one test there and back for each seed, each from a fresh start, and what they say together.
 *
 * A seed chooses the initial parameters, the order of the images and dropout's noise. The images held out for tuning stay
 * held out, so that a rate found here is not judged on what it was found with.
 */
import { type Dataset, holdOut } from "@thalweg/data";
import { checkHyper, type Rule, withHyper } from "@thalweg/optim";
import { findRate, type RateFinding, type ThereAndBack, thereAndBack } from "@thalweg/train";
import { createLearner, fitToTask } from "../compare/learner.ts";
import type { Task } from "../tasks/index.ts";

export interface RateSearch {
  readonly task: Task;
  readonly dataset: Dataset;
  readonly rule: Rule;
  /** Instead of the rule's defaults, one by one; `lr` is what is looked for. */
  readonly hyper?: Readonly<Record<string, number>>;
  readonly seeds: readonly number[];
  /** Steps on the way up, and as many down. */
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  readonly signal?: AbortSignal;
  onTest?(seed: number, test: ThereAndBack): void;
}

export interface RateSearchResult {
  readonly tests: readonly ThereAndBack[];
  readonly finding: RateFinding;
}

/** The same for every seed and every comparison. */
const SPLIT_SEED = 0;

/** Raises RangeError for a rule without a learning rate, and for bad settings. */
export function checkSearch({ rule, hyper = {} }: Pick<RateSearch, "rule" | "hyper">): void {
  if (rule.hyper.lr === undefined) {
    throw new RangeError(
      `Cannot look for a learning rate as ${rule.name} has no hyperparameter lr: it has ${Object.keys(rule.hyper).join(", ") || "none"}`,
    );
  }
  checkHyper(rule, hyper);
}

/** Run all tests. Raises RangeError as `checkSearch`, and for a range or a number of steps that is none. */
export async function searchRate(search: RateSearch): Promise<RateSearchResult> {
  const { seeds, signal, onTest } = search;
  checkSearch(search);
  const tests: ThereAndBack[] = [];
  for (const seed of seeds) {
    if (signal?.aborted) break;
    const test = await testOnce(search, seed);
    tests.push(test);
    onTest?.(seed, test);
  }
  return { tests, finding: findRate(tests) };
}

async function testOnce(search: RateSearch, seed: number): Promise<ThereAndBack> {
  const { task, dataset, rule, hyper = {}, steps, from, to, signal } = search;
  const own = fitToTask(rule, task, Object.keys(hyper));
  const learner = await createLearner({
    ...{ task, dataset, seed, batchSize: task.batchSize },
    rule: withHyper(rule, { ...own, ...hyper, lr: 1 }), // so that factors are rates
    indices: holdOut(dataset.train, { count: task.validation, seed: SPLIT_SEED }).train,
  });
  try {
    return await thereAndBack({
      ...learner,
      baseRate: 1,
      steps,
      from,
      to,
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await learner.release();
  }
}
