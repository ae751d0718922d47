/**
 * All conditions of one schedule together: scores, profiles, ranks and switches.
 *
 * Resampled are seeds and searches, together for all rules (`stratified.ts`). Tasks are fixed, so that an interval says how sure one can be about
 * these tasks, not about others; where it is asked for they are drawn, too.
 */
import { type Case, caseOf, type Draw } from "./assess-case.ts";
import type { ConditionLines } from "./assess-index.ts";
import { profileOf, scoreProfileOf } from "./assess-profiles.ts";
import { assessRanks } from "./assess-ranks.ts";
import { assessScores } from "./assess-scores.ts";
import { switchesOf } from "./assess-switches.ts";
import type { AssessedCondition, AssessedSchedule } from "./assessment.ts";

export function assessSchedule(
  schedule: string,
  conditions: readonly AssessedCondition[],
  lines: readonly ConditionLines[],
  baseline: string,
  draw: Draw,
): Omit<AssessedSchedule, "differences"> {
  const mine = conditions.flatMap((condition, k) =>
    condition.schedule === schedule ? [{ condition, lines: lines[k]! }] : [],
  );
  const rules = [...new Set(mine.flatMap(({ condition }) => condition.cells.map(({ rule }) => rule)))];
  const cases = mine.flatMap(({ condition, lines: of }) => caseOf(condition, of, rules) ?? []);
  const notes = [
    ...(cases.length < mine.length
      ? [
          `${mine.length - cases.length} of ${mine.length} conditions have no seed yet that every rule has run on, and are left out`,
        ]
      : []),
    ...severalOf(cases),
    ...withoutScale(cases),
  ];
  const common = {
    schedule,
    rules,
    cases: cases.map(({ condition: { task, batchSize, steps } }) => ({ task, schedule, batchSize, steps })),
    notes,
  };
  if (cases.length === 0) {
    return { ...common, scores: null, scoreProfile: null, profile: null, ranks: null, switches: null };
  }
  return {
    ...common,
    scores: assessScores(cases, rules, baseline, draw),
    scoreProfile: scoreProfileOf(cases, rules, draw),
    profile: profileOf(cases, rules, draw),
    ranks: assessRanks(cases, rules),
    switches: switchesOf(mine, rules, draw.seed),
  };
}

function severalOf(cases: readonly Case[]): string[] {
  const tasks = cases.map(({ condition }) => condition.task);
  const several = [...new Set(tasks.filter((task, k) => tasks.indexOf(task) !== k))];
  return several.length === 0
    ? []
    : [`${several.join(", ")}: each batch size and number of steps counts as a case of its own`];
}

function withoutScale(cases: readonly Case[]): string[] {
  const tasks = new Set(
    cases.filter(({ condition }) => condition.scale === null).map(({ condition }) => condition.task),
  );
  return tasks.size === 0 ? [] : [`${[...tasks].join(", ")}: no best value is known, so there are no scores`];
}
