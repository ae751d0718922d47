/** What switching gains: from a rule at its defaults to another, tuned. */
import { bootstrapMean, normalisedScore } from "../statistics/index.ts";
import type { ConditionLines } from "./assess-index.ts";
import type { AssessedCondition, Switches } from "./assessment.ts";

/** From rule i at its defaults, one run per task, to rule j tuned: mean gain in score over the cases that have a scale. */
export function switchesOf(
  mine: readonly { condition: AssessedCondition; lines: ConditionLines }[],
  rules: readonly string[],
  seed: number,
): Switches | null {
  const scaled = mine.filter(({ condition }) => condition.scale !== null);
  const from = scaled.map(({ condition: { scale }, lines }) =>
    rules.map((rule) => {
      const cell = lines.cells.find((one) => one.rule === rule);
      const trial = cell?.pool.find(({ replicate, number }) => replicate === 0 && number === 0);
      if (!trial || !cell!.atDefaults) return null;
      return normalisedScore(trial.value, scale!.start, scale!.best);
    }),
  );
  const to = scaled.map(({ condition: { cells, scale } }) =>
    rules.map((rule) => {
      const points = cells.find((cell) => cell.rule === rule)?.points ?? [];
      if (points.length === 0) return null;
      const sum = points.reduce((s, { value }) => s + normalisedScore(value, scale!.start, scale!.best), 0);
      return sum / points.length;
    }),
  );
  if (!from.some((row) => row.some((score) => score !== null))) return null;
  const cells = rules.map((_, i) =>
    rules.map((_, j) => {
      const gains = scaled.flatMap((_, k) => {
        const [before, after] = [from[k]![i]!, to[k]![j]!];
        return before === null || after === null ? [] : [after - before];
      });
      if (gains.length === 0) return { value: null, interval: null, significant: false };
      const { mean, interval } = bootstrapMean(gains, seed);
      const excludesZero = interval !== null && (interval.low > 0 || interval.high < 0);
      return { value: mean, interval, significant: excludesZero && gains.length >= FEWEST_CASES };
    }),
  );
  return { cases: scaled.length, rules, cells };
}

/** Below it an interval over cases is too narrow to be believed. */
const FEWEST_CASES = 5;
