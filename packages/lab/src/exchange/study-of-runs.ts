/**
 * Runs of any origin as a study, so that what is asked of ours can be asked of them.
 *
 * Which runs were the search and which repeat its winner is seldom said. In each setting the values that most seeds have are the winner's: its runs are
 * final, but for the one on the seed of the other values, which was a trial of the search. Where no values have several seeds, the best trial stands for
 * its own repetition, as AlgoPerf scores it; then a result is too good by its selection, and there is one of it.
 */
import { createHash } from "node:crypto";
import type { Configuration, Dimension, Space } from "../samplers/index.ts";
import type { PlannedTrial, Setting } from "../study/plan.ts";
import type { TrialResult } from "../study/result.ts";
import type { Metric, StudyData, StudyRule, StudyTask } from "../study/study-data.ts";
import { configurationHash, type RecordedEvaluation, type RecordedRun } from "./recorded-run.ts";

export interface StudyOfRunsOptions {
  name: string;
  /** What is searched, by rule; else the ranges of the values that differ. */
  spaces?: Readonly<Record<string, Space>>;
  /** Where the runs are from, for people. */
  source: string;
  command: string;
}

interface Placed {
  run: RecordedRun;
  place: Pick<PlannedTrial, "replicate" | "phase" | "number">;
}

/** Errors    RangeError where there are no runs, or one has no evaluation. */
export function studyOfRuns(runs: readonly RecordedRun[], options: StudyOfRunsOptions): StudyData {
  const empty = runs.find(({ evaluations }) => evaluations.length === 0);
  if (runs.length === 0 || empty !== undefined) {
    const reason =
      empty === undefined
        ? "there must be runs: none was found"
        : `each must be evaluated: ${empty.name} never was`;
    throw new RangeError(`Cannot make a study of the runs as ${reason}`);
  }
  const placed = groupBy(runs, settingKey).flatMap(placesOf);
  const trials = placed.map(
    ({ run, place }, id): PlannedTrial => ({
      id,
      ...settingOf(run),
      ...place,
      seed: run.seed,
      hyper: run.hyper,
    }),
  );
  const tasks = groupBy(runs, ({ task }) => task).map((group) => taskOf(group, options.source));
  const fingerprints = new Map(tasks.map(({ name, fingerprint }) => [name, fingerprint]));
  const results = placed.map(({ run }, id) => resultOf(run, id, fingerprints.get(run.task)!));
  const times = runs.map(
    ({ startedAt, evaluations }) => [startedAt, startedAt + (evaluations.at(-1)?.seconds ?? 0)] as const,
  );
  return {
    name: options.name,
    hash: createHash("sha256")
      .update(JSON.stringify([trials, results]))
      .digest("hex"),
    seed: 0,
    tasks,
    rules: groupBy(runs, ({ rule }) => rule).map((group) => ruleOf(group, options)),
    trials,
    results: new Map(results.map((result) => [result.id, result])),
    machine: { source: options.source },
    command: options.command,
    startedAt: new Date(Math.min(...times.map(([start]) => start)) * 1000).toISOString(),
    finishedAt: new Date(Math.max(...times.map(([, end]) => end)) * 1000).toISOString(),
  };
}

const settingOf = ({ task, rule, schedule, batchSize, steps }: RecordedRun): Setting => ({
  task,
  rule,
  schedule,
  batchSize,
  steps,
});
const settingKey = (run: RecordedRun): string => JSON.stringify([settingOf(run), run.place?.replicate ?? 0]);

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const there = groups.get(key);
    if (there === undefined) groups.set(key, [item]);
    else there.push(item);
  }
  return [...groups.values()];
}

/** Search and repetitions of one setting and replicate. */
function placesOf(runs: readonly RecordedRun[]): Placed[] {
  if (runs.some(({ place }) => place?.phase === "final")) {
    return runs.map((run, number) => ({
      run,
      place: run.place ?? { replicate: 0, phase: "tuning", number },
    }));
  }
  const replicate = runs[0]!.place?.replicate ?? 0;
  const byValues = groupBy(runs, configurationHash).sort((a, b) => b.length - a.length);
  const [winner = [], ...others] = byValues;
  const searchSeeds = new Set(others.flat().map(({ seed }) => seed));
  const wasTrial = ({ seed }: RecordedRun) => searchSeeds.has(seed);
  const search = [...others.flat(), ...winner.filter(wasTrial)].sort(
    (a, b) => runs.indexOf(a) - runs.indexOf(b),
  );
  const repeated = winner.filter((run) => !wasTrial(run));
  const final = repeated.length > 0 ? repeated : [bestOf(search)];
  return [
    ...search.map((run, number) => ({ run, place: { replicate, phase: "tuning" as const, number } })),
    ...final.map((run, number) => ({ run, place: { replicate, phase: "final" as const, number } })),
  ];
}

/** The run with the lowest validation loss at its end; of equal ones the first. */
function bestOf(runs: readonly RecordedRun[]): RecordedRun {
  const lossOf = ({ evaluations }: RecordedRun): number => {
    const { validationLoss, validationScore, testLoss } = evaluations.at(-1)!.measures;
    const loss =
      validationLoss ?? (validationScore === undefined ? testLoss : -validationScore) ?? Number.NaN;
    return Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss;
  };
  return runs.reduce((best, run) => (lossOf(run) < lossOf(best) ? run : best));
}

/** What a task is judged by: the first of these that every run has. */
const METRICS: readonly Metric[] = [
  { measure: "testAccuracy", better: "higher", unit: "share" },
  { measure: "testLoss", better: "lower", unit: "loss" },
  { measure: "validationAccuracy", better: "higher", unit: "share" },
  { measure: "validationLoss", better: "lower", unit: "loss" },
  { measure: "validationScore", better: "higher", unit: "score" },
  { measure: "trainLoss", better: "lower", unit: "loss" },
];

function taskOf(runs: readonly RecordedRun[], source: string): StudyTask {
  const { task } = runs[0]!;
  const metric = METRICS.find(({ measure }) =>
    runs.every(({ evaluations }) => evaluations.at(-1)!.measures[measure] !== undefined),
  );
  if (metric === undefined) {
    throw new RangeError(
      `Cannot judge ${task} as all its runs must have one of ${METRICS.map(({ measure }) => measure).join(", ")}: ${runs[0]!.name} has ${Object.keys(runs[0]!.evaluations.at(-1)!.measures).join(", ")}`,
    );
  }
  return {
    name: task,
    description: source,
    architecture: "",
    fingerprint: `${source} ${task}`,
    parameters: 0,
    metric,
  };
}

function ruleOf(runs: readonly RecordedRun[], { spaces, source }: StudyOfRunsOptions): StudyRule {
  const { rule } = runs[0]!;
  const names = [...new Set(runs.flatMap(({ hyper }) => Object.keys(hyper)))];
  const space =
    spaces?.[rule] ??
    Object.fromEntries(
      names.flatMap((name) =>
        dimensionOf(
          name,
          runs.map(({ hyper }) => hyper),
        ),
      ),
    );
  return { name: rule, spec: rule, formula: "", source, space };
}

/** The range of the values that a hyperparameter had; nothing where it had one. */
function dimensionOf(name: string, hypers: readonly Configuration[]): [string, Dimension][] {
  const values = [...new Set(hypers.flatMap((hyper) => (hyper[name] === undefined ? [] : [hyper[name]])))];
  if (values.length < 2) return [];
  const numbers = values.filter((value): value is number => typeof value === "number");
  if (numbers.length < values.length) return [[name, { type: "categorical", choices: values }]];
  return [[name, { low: Math.min(...numbers), high: Math.max(...numbers) }]];
}

function resultOf(
  { evaluations, hyper, name, end, steps }: RecordedRun,
  id: number,
  fingerprint: string,
): TrialResult {
  const last = evaluations.at(-1)!;
  const lossOf = (one: RecordedEvaluation) => one.measures.validationLoss ?? Number.NaN;
  const best = evaluations.reduce((a, b) => (lossOf(b) < lossOf(a) || Number.isNaN(lossOf(a)) ? b : a));
  const isWhole = end === "running" && last.step >= steps; // formats that do not say how a run ended
  return {
    ...{ id, hyper, folder: name, fingerprint },
    end: isWhole ? "finished" : end === "running" ? "failed" : end,
    reason: end === "running" && !isWhole ? `recorded to step ${last.step} of ${steps}` : "",
    ...{ steps: last.step, gradients: last.step, seconds: last.seconds },
    ...{ final: measures(last), best: measures(best), initial: measures(evaluations[0]!) },
  };
}

const measures = ({ measures: values }: RecordedEvaluation): Record<string, number | null> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
  );
