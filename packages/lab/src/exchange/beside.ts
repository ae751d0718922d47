/**
 * Other people's results beside ours, in one study. Whether theirs are of the same task is not believed but looked at: the losses before training must agree,
 * which told the problems of DeepOBS apart that had one name and different Hessians.
 */
import type { PlannedTrial } from "../study/plan.ts";
import type { TrialResult } from "../study/result.ts";
import type { StudyData } from "../study/study-data.ts";
import type { RecordedRun } from "./recorded-run.ts";

/** Tasks that begin at the same point for every seed, so that a loss before training names the task. */
const FIXED_START: ReadonlySet<string> = new Set(["quadratic_deep"]);

/** Four digits: programs sum in different orders and precisions. */
const AGREEMENT = 1e-4;

/** Runs of one name that begin at different losses are of different tasks: the loss goes into the name, `quadratic_deep@353.447`. */
export function namedByStart(runs: readonly RecordedRun[]): RecordedRun[] {
  const startOf = ({ task, evaluations }: RecordedRun) =>
    FIXED_START.has(task) ? evaluations[0]?.measures.testLoss?.toPrecision(6) : undefined;
  const starts = new Set(runs.flatMap((run) => startOf(run) ?? []));
  if (starts.size < 2) return [...runs];
  return runs.map((run) => {
    const start = startOf(run);
    return start === undefined ? run : { ...run, task: `${run.task}@${start}` };
  });
}

/** `theirs=ours`: their task's name to ours. */
export type SameTasks = Readonly<Record<string, string>>;

/**
 * Both studies as one. Rules of theirs that have a name of ours get `(source)` behind it.
 *
 * Errors    RangeError where a task is not in its study, or the losses before training do not agree.
 */
export function beside(ours: StudyData, theirs: StudyData, same: SameTasks, source: string): StudyData {
  const shared = Object.entries(same).map(([their, our]) => checkSame(ours, theirs, their, our));
  const renamed = new Map(shared.map(({ their, our }) => [their, our]));
  const fingerprints = new Map(shared.map(({ our, fingerprint }) => [our, fingerprint]));
  const taken = new Set(ours.rules.map(({ name }) => name));
  const label = (rule: string) => (taken.has(rule) ? `${rule} (${source})` : rule);
  const first = Math.max(-1, ...ours.trials.map(({ id }) => id)) + 1;
  const trials = theirs.trials.map(
    (trial): PlannedTrial => ({
      ...trial,
      id: trial.id + first,
      task: renamed.get(trial.task) ?? trial.task,
      rule: label(trial.rule),
      ...(trial.after && { after: trial.after.map((id) => id + first) }),
    }),
  );
  const results = trials.flatMap((trial): [number, TrialResult][] => {
    const result = theirs.results.get(trial.id - first);
    if (result === undefined) return [];
    return [
      [
        trial.id,
        { ...result, id: trial.id, fingerprint: fingerprints.get(trial.task) ?? result.fingerprint },
      ],
    ];
  });
  return {
    ...ours,
    name: `${ours.name}, beside ${theirs.name}`,
    hash: `${ours.hash}+${theirs.hash}`,
    tasks: [...ours.tasks, ...theirs.tasks.filter(({ name }) => !renamed.has(name))],
    rules: [...ours.rules, ...theirs.rules.map((rule) => ({ ...rule, name: label(rule.name) }))],
    trials: [...ours.trials, ...trials],
    results: new Map([...ours.results, ...results]),
    command: theirs.command,
  };
}

function checkSame(ours: StudyData, theirs: StudyData, their: string, our: string) {
  const sides = [
    { study: ours, task: our },
    { study: theirs, task: their },
  ];
  const [a, b] = sides.map(({ study, task }) => {
    if (!study.tasks.some(({ name }) => name === task)) {
      throw new RangeError(
        `Cannot take ${their} for ${our} as ${study.name} must have ${task}: it has ${study.tasks.map(({ name }) => name).join(", ")}`,
      );
    }
    return initialLosses(study, task);
  });
  const common = ["testLoss", "validationLoss"].find(
    (measure) => a![measure] !== undefined && b![measure] !== undefined,
  );
  const [x, y] = common === undefined ? [Number.NaN, Number.NaN] : [a![common]!, b![common]!];
  if (!(Math.abs(x - y) <= AGREEMENT * Math.abs(x))) {
    const found = common === undefined ? "they have none in common" : `${common} is ${y} there and ${x} here`;
    throw new RangeError(
      `Cannot take ${their} for ${our} as the losses before training must agree to four digits: ${found}; leave out --task to have both side by side as two tasks`,
    );
  }
  return { their, our, fingerprint: ours.tasks.find(({ name }) => name === our)!.fingerprint };
}

/** Mean losses before training, over the runs of a task. */
function initialLosses({ trials, results }: StudyData, task: string): Record<string, number> {
  const values = new Map<string, number[]>();
  for (const trial of trials) {
    const result = trial.task === task ? results.get(trial.id) : undefined;
    for (const [name, value] of Object.entries(result?.initial ?? {})) {
      if (value !== null) values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return Object.fromEntries(
    [...values].map(([name, list]) => [name, list.reduce((sum, value) => sum + value, 0) / list.length]),
  );
}
