/**
 * The main job: compare rules on a task, each tuned with the same budget and then run on the same seeds (`study.ts`).
 * Runs are independent jobs for a pool of worker threads; what is done lies in the folder and is found again, so a
 * comparison that was interrupted, or killed, continues when it is asked for again and gives the same numbers.
 */
import type { Dataset } from "@thalweg/data";
import { checkHyper, lookUp, parseSchedules } from "@thalweg/optim";
import type { MeasuredComparison, TaskFacts } from "../report/comparison.ts";
import { type AskedRule, readRuleSpec } from "../rules/index.ts";
import { parseSpace, type Sampler, type SamplerName, type Space, samplers } from "../samplers/index.ts";
import type { Task } from "../tasks/index.ts";
import { checkTrainable, schedulesFor } from "./learner.ts";
import { machineFacts } from "./machine.ts";
import { defaultWorkers, Pool } from "./pool.ts";
import { type RunEvent, studyRule, TUNING_SEED } from "./study.ts";
import { taskFacts } from "./task-facts.ts";

export { Interrupted } from "./study.ts";

export interface CompareOptions {
  task: Task;
  /** Loaded with `shared: true`, so that workers do not copy it. */
  dataset: Dataset;
  /** Rules, or texts that `readRuleSpec` reads; the first is the baseline. */
  rules: readonly (string | AskedRule)[];
  /** Where runs go, and are found again. */
  folder: string;
  /** Trials per rule. */
  budget?: number;
  /** Number of paired seeds of the final runs. */
  seeds?: number;
  /** Spec of the learning-rate schedule. */
  schedule?: string;
  /** Updates per run, instead of the task's. */
  steps?: number;
  /** Places the points of the search. */
  studySeed?: number;
  /** How: `halton` unless another is asked for; `tpe` and `gp` learn from earlier trials. */
  sampler?: SamplerName;
  /** What is searched, by a rule's name, instead of what its file or `spaces.ts` says. */
  spaces?: Readonly<Record<string, Space>>;
  /** Runs at the same time; the numbers do not depend on it. */
  workers?: number;
  /** The command line, for the report. */
  command?: string;
  onProgress?(event: ProgressEvent): void;
  /** Ends the comparison cleanly: runs at hand are checkpointed. */
  signal?: AbortSignal;
}

/** One run is over, and how many are. */
export interface ProgressEvent extends RunEvent {
  done: number;
  total: number;
}

export const DEFAULTS = {
  ...{ budget: 8, seeds: 3, schedule: "warmup(5%) > cosine", studySeed: 0 },
  sampler: "halton" as SamplerName,
};

/** The first seed of the final runs. */
const FIRST_SEED = 43;

/**
 * Run a comparison, or the rest of one. Raises RangeError or SyntaxError for what cannot be compared, before anything is
 * written; Interrupted; RunFolderError when the folder cannot be written to.
 */
export async function compare(options: CompareOptions): Promise<MeasuredComparison> {
  const { task, dataset, signal, spaces = {}, folder, onProgress } = options;
  const { budget, studySeed, sampler, schedule } = { ...DEFAULTS, ...options };
  const steps = options.steps ?? task.steps;
  const workers = options.workers ?? defaultWorkers();
  checkCounts({ budget, seeds: options.seeds ?? DEFAULTS.seeds, steps, workers });
  const rules = options.rules.map((one) => (typeof one === "string" ? readRuleSpec(one) : one));
  checkRules(rules);
  const schedules = parseSchedules(schedule, steps);
  for (const { rule } of rules) {
    checkTrainable(rule, task, dataset);
    schedulesFor(rule, schedules, steps);
  }
  checkSpaces(spaces, rules);
  const described = describeSampler(sampler);

  const startedAt = new Date().toISOString();
  const seeds = Array.from({ length: options.seeds ?? DEFAULTS.seeds }, (_, i) => FIRST_SEED + i);
  const { fingerprint, parameters } = await taskFacts(task, dataset);
  const total = rules.length * (budget + seeds.length);
  let done = 0;
  const study = {
    ...{ task, taskFingerprint: fingerprint, budget, seeds, schedule, steps, studySeed, sampler },
    ...{ spaces, folder },
    onRun: (event: RunEvent) => onProgress?.({ ...event, done: ++done, total }),
  };
  const pool = new Pool({ task: task.file ?? task.name, dataset, workers });
  const stop = () => void pool.close();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    const measured = await Promise.all(rules.map((asked) => studyRule(asked, study, pool)));
    return {
      version: 1,
      title: `${rules.length} optimizers on ${task.name}`,
      command: options.command ?? "",
      startedAt,
      finishedAt: new Date().toISOString(),
      task: { ...describe(task, dataset), fingerprint, parameters, steps },
      machine: machineFacts(workers),
      study: {
        seed: studySeed,
        budget,
        tuningSeed: TUNING_SEED,
        seeds,
        sampler: described,
        schedule,
      },
      rules: measured,
    };
  } finally {
    signal?.removeEventListener("abort", stop);
    await pool.close();
  }
}

function describeSampler(name: SamplerName): string {
  const { title, learns }: Sampler = lookUp("sampler", samplers, name);
  if (learns?.first === 1) return `the rule's defaults, then ${title}`; // nothing is shared by rules then
  const first = learns === undefined ? "" : `first ${learns.first} `;
  return `the rule's defaults, then ${title}; the ${first}learning rates of all rules are the same points, scaled to each rule’s range`;
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot compare as ${name} must be a whole number, at least 1: current value is ${value}`,
    );
  }
}

/** Raises RangeError for a rule that is named twice, and where there is none. */
export function checkRules(rules: readonly AskedRule[]): void {
  const names = rules.map(({ rule }) => rule.name);
  if (names.length === 0) throw new RangeError("Cannot compare as no rule is named: name at least one");
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`Cannot compare ${twice} with itself: name each rule once`);
}

/** Both ends of every range must be values that the rule takes. */
function checkSpaces(spaces: Readonly<Record<string, Space>>, rules: readonly AskedRule[]): void {
  for (const { rule } of rules) {
    for (const [hyper, dimension] of Object.entries(parseSpace(spaces[rule.name] ?? {}))) {
      const ends = "low" in dimension ? [dimension.low, dimension.high] : dimension.choices;
      for (const value of ends) checkHyper(rule, { [hyper]: value as number });
    }
  }
}

function describe(task: Task, dataset: Dataset): Omit<TaskFacts, "fingerprint" | "parameters" | "steps"> {
  const { name, origin, fingerprint: sha256, train, test } = dataset;
  const validation = dataset.validation?.count ?? task.validation;
  return {
    name: task.name,
    description: task.description,
    dataset: { name, origin, sha256, train: train.count - task.validation, validation, test: test.count },
    model: task.architecture,
    batchSize: task.batchSize,
    lossUnit: "nat",
    // where runs are not judged by it, no run shall seem to have reached it
    targetAccuracy: (task.metric.measure === "testAccuracy" ? task.metric.target : undefined) ?? 1,
  };
}
