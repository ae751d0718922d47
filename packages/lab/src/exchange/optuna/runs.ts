/**
 * Runs as Optuna's trials, and back. A search is a study: of one rule in one setting, one replicate; its trials minimise the validation loss at the
 * last step, and its values on the way are those of evaluations. Where a trial ran on several tuning seeds, Optuna's has their mean.
 *
 * Diverged trials fail there, since Optuna takes no value that is not finite for complete.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Configuration, Dimension, Space, Value } from "../../samplers/index.ts";
import type { RecordedEvaluation, RecordedRun } from "../recorded-run.ts";
import {
  journalText,
  type OptunaState,
  type OptunaStudy,
  type OptunaTrial,
  parseJournal,
} from "./journal.ts";

const FILE = "optuna-journal.log";
const OBJECTIVE = "validationLoss";
/** What is maximised there has no name; here it has this one. */
const SCORE = "validationScore";

const STATE_OF: Readonly<Record<RecordedRun["end"], OptunaState>> = {
  finished: "COMPLETE",
  pruned: "PRUNED",
  diverged: "FAIL",
  failed: "FAIL",
  "timed-out": "FAIL",
  running: "RUNNING",
};
const END_OF: Readonly<Record<OptunaState, RecordedRun["end"]>> = {
  COMPLETE: "finished",
  PRUNED: "pruned",
  FAIL: "diverged",
  RUNNING: "running",
  WAITING: "running",
};

/**
 * The searches of some runs.
 *
 * @param spaces  what was searched, by rule; what is not in it has the range of the values that there are
 */
export function optunaStudies(
  runs: readonly RecordedRun[],
  spaces: Readonly<Record<string, Space>> = {},
): OptunaStudy[] {
  const searched = runs.filter(({ place }) => place === undefined || place.phase === "tuning");
  const groups = groupBy(searched, nameOf);
  return [...groups].map(([name, group]) => {
    const { task, rule, schedule, batchSize, steps, place } = group[0]!;
    const space = { ...observed(group), ...spaces[rule] };
    const trials = groupBy(group, (run) => String(run.place?.number ?? group.indexOf(run)));
    return {
      name,
      direction: "minimize",
      attributes: { task, rule, schedule, batchSize, steps, ...(place && { replicate: place.replicate }) },
      trials: [...trials.values()].map((seeds) => trialOf(seeds, space)),
    };
  });
}

const nameOf = ({ task, rule, schedule, batchSize, steps, place }: RecordedRun): string =>
  [
    task,
    rule,
    schedule,
    `batch ${batchSize}`,
    `${steps} steps`,
    ...(place ? [String.fromCharCode(65 + place.replicate)] : []),
  ].join(" | ");

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const there = groups.get(key);
    if (there === undefined) groups.set(key, [item]);
    else there.push(item);
  }
  return groups;
}

/** The ranges of the values that runs had. */
function observed(runs: readonly RecordedRun[]): Record<string, Dimension> {
  const names = [...new Set(runs.flatMap(({ hyper }) => Object.keys(hyper)))];
  return Object.fromEntries(
    names.map((name): [string, Dimension] => {
      const values = runs.flatMap(({ hyper }) => (hyper[name] === undefined ? [] : [hyper[name]]));
      const numbers = values.filter(
        (value): value is number => typeof value === "number" && Number.isFinite(value),
      );
      if (numbers.length < values.length)
        return [name, { type: "categorical", choices: [...new Set<Value>(values)] }];
      return [name, { low: Math.min(...numbers), high: Math.max(...numbers) }];
    }),
  );
}

/** One trial, of as many runs as there are tuning seeds. */
function trialOf(seeds: readonly RecordedRun[], space: Readonly<Record<string, Dimension>>): OptunaTrial {
  const [first] = seeds as [RecordedRun, ...RecordedRun[]];
  const state = seeds.map(({ end }) => STATE_OF[end]).find((one) => one !== "COMPLETE") ?? "COMPLETE";
  const steps = first.evaluations.map(({ step }) => step);
  const means = steps.flatMap((step): [number, number][] => {
    const values = seeds.map(
      ({ evaluations }) => evaluations.find((one) => one.step === step)?.measures[OBJECTIVE] ?? Number.NaN,
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Number.isFinite(mean) ? [[step, mean]] : [];
  });
  const last = means.at(-1)?.[1];
  const complete = state === "COMPLETE" && means.at(-1)?.[0] !== steps.at(-1) ? "FAIL" : state;
  const seconds = Math.max(...seeds.map(({ evaluations }) => evaluations.at(-1)?.seconds ?? 0));
  const known = Object.entries(first.hyper).filter(([name]) => space[name] !== undefined);
  return {
    state: complete,
    value: complete === "COMPLETE" || complete === "PRUNED" ? last : undefined,
    parameters: Object.fromEntries(known),
    dimensions: Object.fromEntries(known.map(([name, value]) => [name, widened(space[name]!, value)])),
    intermediate: new Map(means),
    attributes: { seeds: seeds.map(({ seed }) => seed), folder: first.name },
    startedAt: first.startedAt,
    endedAt: first.startedAt + seconds,
  };
}

/** Trial 0 runs with the rule's own values, which may lie outside the range that is searched: Optuna wants them inside. */
function widened(dimension: Dimension, value: Value): Dimension {
  if (dimension.type === "categorical") {
    return dimension.choices.includes(value)
      ? dimension
      : { ...dimension, choices: [...dimension.choices, value] };
  }
  const number = Number(value);
  const isZero = number === 0 && dimension.type !== "int" && dimension.orZero !== undefined;
  if (isZero || (number >= dimension.low && number <= dimension.high)) return dimension;
  return { ...dimension, low: Math.min(dimension.low, number), high: Math.max(dimension.high, number) };
}

/** Write a new journal into a folder. Raises RangeError where there is one: whoever reads it may have gone on with it. */
export function writeOptuna(
  runs: readonly RecordedRun[],
  folder: string,
  spaces?: Readonly<Record<string, Space>>,
): string[] {
  const path = join(folder, FILE);
  if (existsSync(path)) {
    throw new RangeError(
      `Cannot write ${path} as it is there already, and Optuna may have gone on with it: choose another folder, or delete it`,
    );
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, journalText(optunaStudies(runs, spaces)));
  return [path];
}

/** The trials of a journal, a file or the one in a folder, as runs; waiting ones are left out. */
export function readOptuna(place: string): { runs: RecordedRun[]; spaces: Record<string, Space> } {
  const path = statSync(place).isDirectory() ? join(place, FILE) : place;
  const studies = parseJournal(readFileSync(path, "utf8"), basename(path));
  const runs = studies.flatMap((study) =>
    study.trials.flatMap((trial, number) => (trial.state === "WAITING" ? [] : [runOf(study, trial, number)])),
  );
  const spaces = studies.map((study): [string, Space] => [
    ruleOf(study),
    Object.assign({}, ...study.trials.map(({ dimensions }) => dimensions)) as Space,
  ]);
  return { runs, spaces: Object.fromEntries(spaces) };
}

const ruleOf = ({ name, attributes }: OptunaStudy): string => String(attributes.rule ?? name);

function runOf(study: OptunaStudy, trial: OptunaTrial, number: number): RecordedRun {
  const { attributes, direction } = study;
  const measure = direction === "minimize" ? OBJECTIVE : SCORE;
  const evaluations: RecordedEvaluation[] = [...trial.intermediate].map(([step, value]) => ({
    step,
    seconds: 0,
    measures: { [measure]: value },
  }));
  const steps = Number(attributes.steps ?? evaluations.at(-1)?.step ?? 1);
  if (trial.value !== undefined && evaluations.at(-1)?.measures[measure] !== trial.value) {
    evaluations.push({ step: steps, seconds: 0, measures: { [measure]: trial.value } });
  }
  const seconds = (trial.endedAt ?? trial.startedAt) - trial.startedAt;
  const last = evaluations.pop();
  if (last !== undefined) evaluations.push({ ...last, seconds });
  const seeds = trial.attributes.seeds as number[] | undefined;
  return {
    name: `${study.name}/${number}`,
    task: String(attributes.task ?? study.name),
    rule: ruleOf(study),
    schedule: String(attributes.schedule ?? "unknown"),
    batchSize: Number(attributes.batchSize ?? 0),
    steps,
    seed: Number(seeds?.[0] ?? trial.attributes.seed ?? 0),
    hyper: Object.fromEntries(
      Object.entries(trial.parameters).map(([name, value]) => [name, value ?? "None"]),
    ) as Configuration,
    evaluations,
    end: END_OF[trial.state],
    startedAt: trial.startedAt,
    place: { replicate: Number(attributes.replicate ?? 0), phase: "tuning", number },
  };
}
