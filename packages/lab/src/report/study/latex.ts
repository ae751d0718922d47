/**
 * Tables for a paper: rules by tasks with means and intervals, and marks only where a claim holds. Needs booktabs.
 *
 * No number is set in bold: the best of several means that cannot be told apart is nothing to point at.
 */
import type { AssessedCondition, StudyAssessment } from "../../study/assessment.ts";
import { conditionName, metricName } from "./names.ts";

/** `report.tex`: one table per schedule, tasks in groups that fit a page. */
export function reportLatex(assessment: StudyAssessment): string {
  const { schedules, conditions, name, hash } = assessment;
  const tables = schedules.flatMap(({ schedule }) => {
    const mine = conditions.filter((condition) => condition.schedule === schedule);
    return groups(mine, COLUMNS).map((group) => table(assessment, schedule, group));
  });
  return `% ${name.replaceAll("\n", " ")}, plan ${hash}; made by thalweg study report\n% \\usepackage{booktabs}\n\n${tables.join("\n")}`;
}

/** Tasks side by side. */
const COLUMNS = 4;

function table(
  assessment: StudyAssessment,
  schedule: string,
  conditions: readonly AssessedCondition[],
): string {
  const { rules, baseline, replicates, seeds } = assessment;
  const head = conditions.map((condition) => escaped(conditionName(assessment, condition)));
  const units = conditions.map(
    ({ metric }) =>
      `${escaped(metricName(metric))} $${metric.better === "lower" ? "\\downarrow" : "\\uparrow"}$`,
  );
  const rows = rules.map(({ name }) => {
    const cells = conditions.map((condition) => cellText(condition, name));
    return `${escaped(name)} & ${cells.join(" & ")} \\\\`;
  });
  return `\\begin{table}
\\centering
\\caption{Means over ${seeds.length} seeds of the winners of ${replicates} ${replicates === 1 ? "search" : "searches"} with 95\\,\\% BCa intervals, schedule ${escaped(schedule)}.
$\\blacktriangle$ better and $\\blacktriangledown$ worse than ${escaped(baseline)}, beyond the noise of seeds and of tuning.}
\\begin{tabular}{l${"r".repeat(conditions.length)}}
\\toprule
rule & ${head.join(" & ")} \\\\
 & ${units.join(" & ")} \\\\
\\midrule
${rows.join("\n")}
\\bottomrule
\\end{tabular}
\\end{table}
`;
}

function cellText({ cells, differences, metric }: AssessedCondition, rule: string): string {
  const value = cells.find((cell) => cell.rule === rule)?.value;
  if (!value) return "--";
  if (value.mean === null) return `${value.diverged} of ${value.n} lost`;
  const side = differences.find((difference) => difference.rule === rule)?.side ?? "not distinguishable";
  const mark =
    side === "not distinguishable"
      ? ""
      : side === metric.better
        ? "$^{\\blacktriangle}$"
        : "$^{\\blacktriangledown}$";
  const number = (x: number) => x.toPrecision(4);
  const bounds = value.interval
    ? ` \\scriptsize[${number(value.interval.low)}, ${number(value.interval.high)}]`
    : "";
  return `${number(value.mean)}${mark}${bounds}`;
}

const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
};

export const escaped = (text: string): string =>
  text.replace(/[\\~^<>&%$#_{}]/g, (character) => SPECIAL[character] ?? `\\${character}`);

const groups = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, k) => list.slice(k * size, (k + 1) * size));
