/** `answerClaim`: what a study, as it was assessed, says to a claim about any two of its rules. */
import { overallMetric, searchedOf } from "./assess.ts";
import { judgeTogether, type Pairing } from "./assess-differences.ts";
import { pairOverall, pairUnder } from "./assess-pairs.ts";
import type { Condition, StudyAssessment } from "./assessment.ts";
import type { Claim, ClaimAnswer } from "./claim.ts";
import { toAnswer } from "./claim-judge.ts";
import { parseClaim } from "./claim-parse.ts";
import { StudyError } from "./error.ts";
import type { Metric } from "./study-data.ts";

interface Asked {
  pairing: Pairing;
  condition: Condition;
  metric: Metric;
}

/**
 * One answer for each schedule, batch size and number of steps that the claim leaves open, judged as one family.
 *
 * Errors    ClaimError, with the place, for text that is no claim about this study; StudyError where the study has no runs to judge it by,
 *           or "<" is claimed over tasks of which some are better lower and some higher.
 */
export function answerClaim(assessment: StudyAssessment, text: string): ClaimAnswer[] {
  const { rules, tasks, schedules, seed } = assessment;
  const claim = parseClaim(text, {
    rules: rules.map(({ name }) => name),
    tasks: tasks.map(({ name }) => name),
    schedules: schedules.map(({ schedule }) => schedule),
  });
  const asked = claim.on === "all" ? overall(assessment, claim) : onTask(assessment, claim);
  if (asked.length === 0) {
    throw new StudyError(
      `Cannot answer the claim as both rules must have final runs on ${claim.on}: ${claim.left} or ${claim.right} has none${claim.on === "all" ? " on a task with a known best value" : " yet"}`,
    );
  }
  const judged = judgeTogether(
    asked.map(({ pairing }) => pairing),
    seed,
  );
  return asked.map(({ condition, metric }, k) =>
    toAnswer({ ...claim, at: condition.schedule }, condition, metric, judged[k]!),
  );
}

function onTask({ conditions, rules }: StudyAssessment, { left, right, on, at }: Claim): Asked[] {
  return conditions
    .filter(({ task, schedule }) => task === on && (at === null || schedule === at))
    .flatMap((condition) => {
      const pairing = pairUnder(condition, left, right, searchedOf(rules));
      const { task, schedule, batchSize, steps, metric } = condition;
      return pairing && pairing.values.length > 0
        ? [{ pairing, condition: { task, schedule, batchSize, steps }, metric }]
        : [];
    });
}

function overall({ conditions, schedules, tasks, rules }: StudyAssessment, claim: Claim): Asked[] {
  const { left, right, at } = claim;
  checkDirections(claim, tasks);
  return schedules
    .filter(({ schedule }) => at === null || schedule === at)
    .flatMap(({ schedule, scores }) => {
      const mine = conditions.filter((condition) => condition.schedule === schedule);
      const pairing = pairOverall(mine, left, right, scores?.noise ?? null, searchedOf(rules));
      const condition = { task: "all", schedule, batchSize: 0, steps: 0 };
      return pairing && pairing.values.length > 0
        ? [{ pairing, condition, metric: overallMetric(scores?.cases ?? 0) }]
        : [];
    });
}

/** Over all tasks rules are compared by their score, of which higher is better; "<" would mean now this and now that. */
function checkDirections({ left, relation, right }: Claim, tasks: StudyAssessment["tasks"]): void {
  if (relation !== "<" && relation !== ">") return;
  const directions = new Set(tasks.map(({ metric }) => metric.better));
  throw new StudyError(
    `Cannot judge "${left} ${relation} ${right}" over all tasks as it must say which is better: ${directions.size > 1 ? "of some metrics here lower is better, of others higher" : "rules are compared by their score there, of which higher is better, not by the metric"}; write "${left} better than ${right}", or name a task with "on"`,
  );
}
