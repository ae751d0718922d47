/**
 * A learning-rate search on a task: one test there and back for each seed, each from a fresh start, and what they say together.
 *
 * A seed chooses the initial parameters, the order of the images and dropout's noise. The images held out for tuning stay
 * held out, so that a rate found here is not judged on what it was found with.
 */
import { Batches, type Dataset, holdOut } from "@thalweg/data";
import { checkHyper, Optimizer, type Rule, stateSlotCount, wasmBackend } from "@thalweg/optim";
import {
  findRate,
  ParameterVector,
  type RateFinding,
  type ThereAndBack,
  TrainingProgram,
  thereAndBack,
} from "@thalweg/train";
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

/** Raises RangeError for a rule without a learning rate or with gradients that a test cannot give, and for bad settings. */
export function checkSearch({ rule, hyper = {} }: Pick<RateSearch, "rule" | "hyper">): void {
  if (rule.hyper.lr === undefined) {
    throw new RangeError(
      `Cannot look for a learning rate as ${rule.name} has no hyperparameter lr: it has ${Object.keys(rule.hyper).join(", ") || "none"}`,
    );
  }
  const other = rule.program.before.find(({ gradient }) => gradient !== "batch");
  if (other !== undefined) {
    throw new RangeError(
      `Cannot look for a learning rate as ${rule.name} asks for a gradient of the kind "${other.gradient}", which range tests do not give: choose another rule`,
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
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(rule) });
  vector.initialize(model.module, seed);
  const optimizer = new Optimizer({
    backend: wasmBackend(vector.memory),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule,
    hyper: { ...hyper, lr: 1 }, // so that factors are rates
  });
  const { batchSize } = task;
  const { train } = holdOut(dataset.train, { count: task.validation, seed: SPLIT_SEED });
  const batches = new Batches(dataset.train, { batchSize, normalization: dataset, indices: train, seed });
  const program = await TrainingProgram.create({ model, vector, batchSize, seed });
  try {
    return await thereAndBack({
      vector,
      program,
      optimizer,
      baseRate: 1,
      fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
      steps,
      from,
      to,
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await program.release();
  }
}
