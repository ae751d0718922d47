/**
 * From a study's data to what it says. One function, pure: the report, its CSV and JSON files, the pages and the claims all show
 * what comes out of here.
 *
 *   index (fingerprints checked) → cells → A/A bands → differences, judged together → aggregates per schedule → claims
 */

import { meanOf } from "../statistics/index.ts";
import { bandOf, scoreBand } from "./assess-bands.ts";
import { assessCell, costOf } from "./assess-cell.ts";
import { judgeTogether, type Pairing } from "./assess-differences.ts";
import { type ConditionLines, indexStudy } from "./assess-index.ts";
import { pairOverall, pairUnder } from "./assess-pairs.ts";
import { assessSchedule } from "./assess-schedule.ts";
import { bestOf, finiteOrNull, measureOf } from "./assess-values.ts";
import type {
  AssessedCondition,
  AssessedRun,
  AssessedSchedule,
  Cell,
  Condition,
  Difference,
  Progress,
  Scale,
  StudyAssessment,
} from "./assessment.ts";
import type { ClaimAnswer } from "./claim.ts";
import { toAnswer } from "./claim-judge.ts";
import type { Metric, StudyData, StudyRule } from "./study-data.ts";

/** What others are measured against where a study has it. */
const USUAL_BASELINE = "adamw";

export interface AssessOptions {
  /** The rule that differences are taken from, instead of adamw or else the first. */
  baseline?: string;
  /** Draw tasks with replacement, too, in intervals over all of them: they speak about tasks like these then. Default false. */
  tasksDrawn?: boolean;
}

/**
 * Assess a study, done or half done.
 *
 * Errors    StudyError where a result is of another task than the plan's, or lacks the task's metric; RangeError where the baseline is
 *           none of the study's rules.
 */
export function assessStudy(data: StudyData, options: AssessOptions = {}): StudyAssessment {
  const { seed, rules } = data;
  const { tasksDrawn = false } = options;
  const baseline = chooseBaseline(data, options.baseline);
  const lines = indexStudy(data);
  const searched = searchedOf(rules);
  const bare = lines.map((condition) => assessCondition(condition, searched, seed));
  const schedules = [...new Set(lines.map(({ schedule }) => schedule))].map((schedule) => {
    const mine = bare.filter((condition) => condition.schedule === schedule);
    const names = rules
      .map(({ name }) => name)
      .filter((name) => mine.some(({ cells }) => cells.some(({ rule }) => rule === name)));
    return { schedule, mine, names, noise: scoreBand(mine, names, searched, seed) };
  });

  // All comparisons with the baseline, under conditions and over them, are one family.
  const others = rules.map(({ name }) => name).filter((name) => name !== baseline);
  const pairings: { pairing: Pairing; at: number }[] = [];
  const ask = (pairing: Pairing | null, at: number) => {
    if (pairing && pairing.values.length > 0) pairings.push({ pairing, at });
  };
  bare.forEach((condition, at) => {
    for (const rule of others) ask(pairUnder(condition, rule, baseline, searched), at);
  });
  schedules.forEach(({ mine, noise }, k) => {
    for (const rule of others) ask(pairOverall(mine, rule, baseline, noise, searched), bare.length + k);
  });
  const judged = judgeTogether(
    pairings.map(({ pairing }) => pairing),
    seed,
  );
  const at = (place: number): Difference[] => judged.filter((_, k) => pairings[k]!.at === place);

  const conditions = bare.map((condition, k): AssessedCondition => ({ ...condition, differences: at(k) }));
  const assessedSchedules = schedules.map(({ schedule, noise }, k): AssessedSchedule => {
    const assessed = assessSchedule(schedule, conditions, lines, baseline, { seed, tasksDrawn });
    const scores = assessed.scores && { ...assessed.scores, band: noise?.halfWidth ?? null, noise };
    return { ...assessed, scores, differences: at(bare.length + k) };
  });
  return {
    name: data.name,
    hash: data.hash,
    seed,
    command: data.command,
    startedAt: data.startedAt,
    finishedAt: data.finishedAt,
    machine: data.machine,
    tasks: data.tasks,
    rules: rules.map((rule) => ({ ...rule, dimensions: Object.keys(rule.space) })),
    baseline,
    replicates: Math.max(0, ...lines.flatMap(({ cells }) => cells.map(({ replicates }) => replicates))),
    seeds: [...new Set(data.trials.filter(({ phase }) => phase === "final").map((trial) => trial.seed))].sort(
      (a, b) => a - b,
    ),
    progress: progressOf(data),
    cost: costOf(lines.flatMap(({ cells }) => cells.flatMap(({ ended }) => ended))),
    tasksDrawn,
    comparisons: judged.length,
    conditions,
    schedules: assessedSchedules,
    claims: claimsOf(conditions, assessedSchedules),
    runs: lines.flatMap(runsOf).sort((a, b) => a.id - b.id),
  };
}

/** Rules of which anything is searched: two searches of the others are the same run. */
export const searchedOf = (rules: readonly Pick<StudyRule, "name" | "space">[]): ReadonlySet<string> =>
  new Set(rules.filter(({ space }) => Object.keys(space).length > 0).map(({ name }) => name));

function chooseBaseline({ rules }: StudyData, asked: string | undefined): string {
  const names = rules.map(({ name }) => name);
  if (asked === undefined) return names.includes(USUAL_BASELINE) ? USUAL_BASELINE : (names[0] ?? "");
  if (names.includes(asked)) return asked;
  throw new RangeError(
    `Cannot compare with ${asked} as the baseline must be a rule of the study: it has ${names.join(", ")}`,
  );
}

function assessCondition(
  { task, schedule, batchSize, steps, of, cells: lines }: ConditionLines,
  searched: ReadonlySet<string>,
  seed: number,
): AssessedCondition {
  const { metric } = of;
  const cells = lines.map((cell) => assessCell(cell, metric, seed));
  const band = bandOf(cells, searched, seed);
  return {
    task,
    schedule,
    batchSize,
    steps,
    metric,
    scale: scaleOf(cells, metric),
    cells,
    band,
    differences: [],
  };
}

function scaleOf(cells: readonly Cell[], metric: Metric): Scale | null {
  const starts = cells.flatMap(({ initial }) => (initial === null ? [] : [initial]));
  const best = bestOf(metric);
  if (starts.length === 0 || best === undefined) return null;
  const start = meanOf(starts);
  const gains = metric.better === "lower" ? start > best : start < best;
  return gains ? { start, best } : null;
}

function progressOf({ trials, results }: StudyData): Progress {
  const ends = { finished: 0, diverged: 0, pruned: 0, failed: 0, "timed-out": 0 };
  for (const { id } of trials) {
    const result = results.get(id);
    if (result) ends[result.end] += 1;
  }
  return { planned: trials.length, ended: Object.values(ends).reduce((sum, n) => sum + n, 0), ends };
}

function claimsOf(
  conditions: readonly AssessedCondition[],
  schedules: readonly AssessedSchedule[],
): ClaimAnswer[] {
  const claim = ({ rule, minus }: Difference, on: string, at: string) =>
    ({ left: rule, relation: "better than", right: minus, on, at }) as const;
  return [
    ...schedules.flatMap(({ schedule, differences, scores }) => {
      const place: Condition = { task: "all", schedule, batchSize: 0, steps: 0 };
      return differences.map((difference) =>
        toAnswer(claim(difference, "all", schedule), place, overallMetric(scores?.cases ?? 0), difference),
      );
    }),
    ...conditions.flatMap(({ task, schedule, batchSize, steps, metric, differences }) =>
      differences.map((difference) =>
        toAnswer(claim(difference, task, schedule), { task, schedule, batchSize, steps }, metric, difference),
      ),
    ),
  ];
}

/** What rules are compared by over all tasks. */
export const overallMetric = (cases: number): Metric => ({
  measure: `mean score over ${cases} ${cases === 1 ? "case" : "cases"}`,
  better: "higher",
  unit: "score",
});

function runsOf({ of, cells }: ConditionLines, condition: number): AssessedRun[] {
  return cells.flatMap(({ rule, ended }) =>
    ended.map(({ trial, result }) => ({
      id: trial.id,
      condition,
      rule,
      replicate: trial.replicate,
      phase: trial.phase,
      number: trial.number,
      seed: trial.seed,
      end: result.end,
      reason: result.reason,
      hyper: result.hyper,
      value: finiteOrNull(measureOf(result, of.metric.measure)),
      validationLoss: finiteOrNull(measureOf(result, "validationLoss")),
      steps: result.steps,
      gradients: result.gradients,
      seconds: result.seconds,
      folder: result.folder,
    })),
  );
}
