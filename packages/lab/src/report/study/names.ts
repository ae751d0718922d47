/** What conditions are called, as short as their study allows. */
import type { AssessedCondition, Condition, StudyAssessment } from "../../study/assessment.ts";

export { metricText as metricName } from "../../study/claim-judge.ts";

/** The task, then what else tells it from the study's other conditions. */
export function conditionName(
  { conditions }: Pick<StudyAssessment, "conditions">,
  condition: Condition,
): string {
  const several = (of: (one: Condition) => unknown, among: readonly Condition[]) =>
    new Set(among.map(of)).size > 1;
  const sameTask = conditions.filter(({ task }) => task === condition.task);
  const parts = [
    several(({ schedule }) => schedule, conditions) ? condition.schedule : "",
    several(({ batchSize }) => batchSize, sameTask) ? `batch ${condition.batchSize}` : "",
    several(({ steps }) => steps, sameTask) ? `${condition.steps} steps` : "",
  ].filter((part) => part !== "");
  return [condition.task === "all" ? "all tasks" : condition.task, ...parts].join(", ");
}

/** Names of conditions as they stand in the study. */
export const conditionNames = (assessment: StudyAssessment): Map<AssessedCondition, string> =>
  new Map(assessment.conditions.map((condition) => [condition, conditionName(assessment, condition)]));
