/**
 * The trials of a study by condition and rule, with what came of them: the first thing that `assessStudy` does.
 *
 * Here it is checked that what is to be compared can be: every result was measured on the task of the plan, by its fingerprint, and
 * has the task's metric. A result that does not must not come into any number.
 */
import { checkedMeasure, measureOf, selectionOf } from "./assess-values.ts";
import type { Condition } from "./assessment.ts";
import { StudyError } from "./error.ts";
import type { PlannedTrial } from "./plan.ts";
import type { TrialResult } from "./result.ts";
import type { StudyData, StudyTask } from "./study-data.ts";

/** A line of the plan that has ended. */
export interface Ended {
  trial: PlannedTrial;
  result: TrialResult;
}

/** A trial of a search, over its tuning seeds. */
export interface PoolEntry {
  replicate: number;
  number: number;
  hyper: TrialResult["hyper"];
  /** Mean of what trials are chosen by, the final validation loss; infinite where a run of it did not finish. */
  validation: number;
  /** Mean of the task's metric; NaN where a run of it did not finish. */
  value: number;
}

/** All lines of one rule under one condition. */
export interface CellLines {
  rule: string;
  /** Independent searches that are planned. */
  replicates: number;
  /** Trials of each. */
  budget: number;
  /** Whether the sampler chose points by what came of others: then their order matters. */
  learns: boolean;
  prunes: boolean;
  /** Whether trial 0 tries the rule's defaults. */
  atDefaults: boolean;
  pool: PoolEntry[];
  finals: Ended[];
  /** Everything that ended, parts of trials and all. */
  ended: Ended[];
}

export interface ConditionLines extends Condition {
  task: string;
  of: StudyTask;
  cells: CellLines[];
}

/** Raises StudyError for a result of another task than the plan's, a name that is not the study's, or a measure that results lack. */
export function indexStudy({ tasks, rules, trials, results }: StudyData): ConditionLines[] {
  const taskOf = new Map(tasks.map((task) => [task.name, task]));
  const ruleOrder = new Map(rules.map(({ name }, index) => [name, index]));
  const grouped = new Map<string, Map<string, PlannedTrial[]>>();
  for (const trial of trials) {
    const key = JSON.stringify([trial.task, trial.schedule, trial.batchSize, trial.steps]);
    const byRule = grouped.get(key) ?? grouped.set(key, new Map()).get(key)!;
    const list = byRule.get(trial.rule);
    if (list) list.push(trial);
    else byRule.set(trial.rule, [trial]);
  }
  return [...grouped.values()].map((byRule): ConditionLines => {
    const [[first]] = [...byRule.values()] as [PlannedTrial[]];
    const { task, schedule, batchSize, steps } = first!;
    const of = taskOf.get(task);
    if (!of) throw new StudyError(`Cannot assess the study as its plan has no task ${task}`);
    const lines = [...byRule].sort(([a], [b]) => (ruleOrder.get(a) ?? 0) - (ruleOrder.get(b) ?? 0));
    const cells = lines.map(([rule, planned]): CellLines => {
      const known = rules[ruleOrder.get(rule) ?? -1];
      if (!known) throw new StudyError(`Cannot assess the study as its plan has no rule ${rule}`);
      const { pinned, space } = known;
      const atDefaults = pinned?.[task] !== undefined || Object.keys(space).length === 0;
      return { ...cellLines(rule, planned, of, results), atDefaults };
    });
    return { task, schedule, batchSize, steps, of, cells };
  });
}

function cellLines(
  rule: string,
  planned: readonly PlannedTrial[],
  task: StudyTask,
  results: ReadonlyMap<number, TrialResult>,
): Omit<CellLines, "atDefaults"> {
  const ended: Ended[] = [];
  for (const trial of planned) {
    const result = results.get(trial.id);
    if (result === undefined) continue;
    checkFingerprint(trial, result, task);
    checkedMeasure(trial, result, task.metric);
    ended.push({ trial, result });
  }
  const tuning = planned.filter(({ phase }) => phase === "tuning");
  const numbers = new Set(tuning.map(({ number }) => number));
  return {
    rule,
    replicates: new Set(planned.map(({ replicate }) => replicate)).size,
    budget: numbers.size,
    learns: tuning.some(({ hyper }) => hyper === undefined),
    prunes: tuning.some(({ until }) => until !== undefined),
    pool: poolOf(tuning, results, task),
    finals: ended.filter(({ trial }) => trial.phase === "final"),
    ended,
  };
}

/** The trials of which every tuning seed has come to an end. */
function poolOf(
  tuning: readonly PlannedTrial[],
  results: ReadonlyMap<number, TrialResult>,
  { metric }: StudyTask,
): PoolEntry[] {
  const byTrial = new Map<string, Map<number, PlannedTrial[]>>();
  for (const trial of tuning) {
    const key = `${trial.replicate}/${trial.number}`;
    const bySeed = byTrial.get(key) ?? byTrial.set(key, new Map()).get(key)!;
    bySeed.set(trial.seed, [...(bySeed.get(trial.seed) ?? []), trial]);
  }
  return [...byTrial.values()].flatMap((bySeed): PoolEntry[] => {
    const ends = [...bySeed.values()].map((parts) => endOf(parts, results));
    const [first] = ends;
    if (first === undefined || ends.includes(undefined)) return [];
    const all = ends as Ended[];
    const { replicate, number } = first.trial;
    const validation = mean(all.map(({ result }) => selectionOf(result, metric)));
    const value = mean(all.map(({ result }) => measureOf(result, metric.measure)));
    return [
      {
        replicate,
        number,
        hyper: first.result.hyper,
        validation: Number.isFinite(validation) ? validation : Number.POSITIVE_INFINITY,
        value,
      },
    ];
  });
}

/** What a trial came to, of its parts: that of the last, or of one that ended before its time. */
function endOf(parts: readonly PlannedTrial[], results: ReadonlyMap<number, TrialResult>): Ended | undefined {
  for (const trial of parts.toReversed()) {
    const result = results.get(trial.id);
    if (result && (trial.until === undefined || result.end !== "finished")) return { trial, result };
  }
  return undefined;
}

function checkFingerprint(trial: PlannedTrial, result: TrialResult, task: StudyTask): void {
  if (result.fingerprint === task.fingerprint || result.end === "failed") return;
  throw new StudyError(
    `Cannot compare the runs of ${task.name} as all must have the plan's fingerprint ${task.fingerprint}: trial ${trial.id} (${trial.rule}, ${result.folder}) was measured on ${result.fingerprint || "none"}; another version of the data or the model made it, so do it again or leave it out`,
  );
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
