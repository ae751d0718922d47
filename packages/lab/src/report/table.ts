/**
 * The main table as text cells: the one source of what the page and the terminal print, so that they cannot disagree.
 */
import type { Configuration } from "../samplers/index.ts";
import type { PairedDifference, Summary } from "../statistics/index.ts";
import type { Comparison, RuleResult } from "./comparison.ts";
import * as format from "./format.ts";

/** A number and, beneath or beside it, its interval or what stands in for one, in one or more lines. */
export interface Cell {
  value: string;
  detail: string;
}

export interface Row {
  rule: string;
  accuracy: Cell;
  loss: Cell;
  accuracyDifference: Cell;
  verdict: Cell;
  toTarget: Cell;
  tuned: string;
  cost: Cell;
  time: Cell;
}

export interface Column {
  title: string;
  unit: string;
}

/** Column heads with their units, in the order of the page. */
export function columnHeads({ rules, task }: Comparison): Record<keyof Row, Column> {
  const first = rules[0]?.name ?? "the first rule";
  return {
    rule: { title: "Rule", unit: "" },
    accuracy: { title: "Test accuracy", unit: "%" },
    loss: { title: "Test loss", unit: task.lossUnit },
    accuracyDifference: { title: `Accuracy − ${first}`, unit: "percentage points" },
    verdict: { title: "Verdict", unit: `against ${first}` },
    toTarget: { title: `To ${Number((100 * task.targetAccuracy).toFixed(2))} %`, unit: "evals, median" },
    tuned: { title: "Tuned values", unit: "" },
    cost: { title: "Cost", unit: "gradient evals" },
    time: { title: "Time", unit: "all runs" },
  };
}

/** The table's rows, one per rule, in the comparison's order. */
export const rows = (comparison: Comparison): Row[] => comparison.rules.map(rowOf);

function rowOf(rule: RuleResult): Row {
  const { difference, gradientsToTarget, cost } = rule;
  return {
    rule: rule.name,
    accuracy: summaryCell(rule.accuracy, format.percent),
    loss: summaryCell(rule.loss, format.loss),
    accuracyDifference: differenceCell(difference?.accuracy),
    verdict: verdictCell(difference?.accuracy),
    toTarget: {
      value: format.orMissing(gradientsToTarget.median, format.count),
      detail:
        gradientsToTarget.misses > 0 ? `${gradientsToTarget.misses} of ${gradientsToTarget.n} never` : "",
    },
    tuned: format.configuration(searched(rule)),
    cost: {
      value: format.count(cost.tuningGradients + cost.finalGradients),
      detail: `${format.count(cost.tuningGradients)} in tuning`,
    },
    time: { value: format.duration(cost.tuningSeconds + cost.finalSeconds), detail: "" },
  };
}

/** The tuned values that were searched for; all of them when the space is empty, as for a rule run on its defaults. */
function searched({ tuned, space }: RuleResult): Configuration {
  const names = Object.keys(space);
  return names.length === 0
    ? tuned
    : Object.fromEntries(Object.entries(tuned).filter(([name]) => names.includes(name)));
}

function summaryCell(
  { mean, median, interval, n, diverged }: Summary,
  print: (value: number) => string,
): Cell {
  if (mean !== null) return { value: print(mean), detail: format.interval(interval, print) || "one seed" };
  const counted = `${diverged} of ${n} diverged`;
  return { value: format.MISSING, detail: median === null ? counted : `${counted}\nmedian ${print(median)}` };
}

function differenceCell(difference: PairedDifference | undefined): Cell {
  if (!difference) return { value: "baseline", detail: "" };
  const { mean, interval, divergedA, divergedB } = difference;
  if (mean === null) return { value: format.MISSING, detail: `${divergedA + divergedB} diverged` };
  return {
    value: format.signedPercent(mean),
    detail: format.interval(interval, format.signedPercent) || "one seed",
  };
}

function verdictCell(difference: PairedDifference | undefined): Cell {
  if (!difference) return { value: "baseline", detail: "" };
  const { verdict, pHolm, test } = difference;
  return { value: verdict, detail: pHolm === null ? "no test" : `p = ${format.pValue(pHolm)}, ${test}` };
}
