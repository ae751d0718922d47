/**
 * `report.html` of a study: one page that opens from disk, asks the network for nothing and runs no script.
 *
 * In the order in which one should believe it: what was run, how noisy it is, what tuning gives, what differs, what that comes to over
 * all tasks, and every run behind it. Its sentences about rules are claims, answered by the study; nothing else is said about them.
 */

import { overallMetric } from "../../study/assess.ts";
import type { StudyAssessment } from "../../study/assessment.ts";
import * as format from "../format.ts";
import { html, type Markup, trusted } from "../html.ts";
import { aggregateSection } from "./aggregate.ts";
import { bandFigure, differenceFigure } from "./bands.ts";
import { claimsSection } from "./claims.ts";
import { coloursOf } from "./colours.ts";
import { conditionName } from "./names.ts";
import { facts, headline, matrix } from "./overview.ts";
import { everyStudyRun } from "./runs.ts";
import { sensitivityPanels, sensitivityTable } from "./sensitivity.ts";
import { STUDY_STYLE } from "./style.ts";
import { switchMap } from "./switches.ts";
import { tuningFigure } from "./tuning.ts";

/** Panels of single rules are drawn for so many conditions × rules; the table has them all. */
const MOST_PANELS = 240;

const TIMES: Readonly<Record<number, string>> = { 1: "once", 2: "twice" };

/**
 * The whole page; the same assessment gives the same bytes.
 *
 * @param toStudy  from the page's folder to the study's, where the runs lie
 */
export function renderStudyReport(assessment: StudyAssessment, toStudy = ".."): string {
  return numberedClips(page(assessment, toStudy).text);
}

function page(assessment: StudyAssessment, toStudy: string): Markup {
  const { name, rules, tasks, schedules, conditions, baseline, replicates, seeds, progress } = assessment;
  const colours = coloursOf(rules);
  const names = conditions.map((condition) => conditionName(assessment, condition));
  const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
  const titled = (schedule: string) => (schedules.length > 1 ? html`<h3>${schedule}</h3>` : "");
  const sections: [id: string, title: string, body: Markup][] = [
    ["run", "What was run", facts(assessment)],
    [
      "bands",
      "How far apart the same rule comes out",
      html`<p class="note">Every rule was searched ${TIMES[replicates] ?? `${replicates} times`}, with other points each time, and every winner run on the same seeds. Dots are A minus A′ with 95 % intervals; the strip is the A/A band of two usual rules, the width below which a difference between rules may be nothing but the luck of their searches.</p><div class="panels">${conditions.map((condition, k) => bandFigure(condition, names[k]!, colours))}</div>`,
    ],
    [
      "tuning",
      "What tuning gives",
      html`<p class="note">Test value of the best of k trials by validation: the median over all choices of k from both pools, ${rules.length > 5 ? "" : "with 95 % intervals, "}diverged trials counted as worst. A line that begins late is that of a rule most of whose trials diverge.</p><div class="pair">${conditions.map((condition, k) => tuningFigure(condition, names[k]!, colours))}</div>`,
    ],
    [
      "differences",
      `Differences from ${baseline}, seed by seed`,
      html`<p class="note">Mean paired difference with its 95 % interval, over the A/A band of the rule and ${baseline}. Filled dots are distinguishable: the interval lies outside the band, and p ≤ 0.05 after Holm’s correction over ${plural(assessment.comparisons, "comparison")}. Small dots are single seeds; a triangle lies beyond the axis.</p><div class="pair">${overall(assessment)}${conditions.map((condition, k) => (condition.differences.length === 0 ? "" : differenceFigure(condition, names[k]!, baseline, colours)))}</div>`,
    ],
    [
      "aggregate",
      "Over all tasks",
      html`<p class="note">A score is 0 for the untrained model and 1 for the best value known of the task; a run that did not finish scores 0.</p>${schedules.map((schedule) => html`${titled(schedule.schedule)}${aggregateSection(schedule, assessment, colours)}`)}`,
    ],
    [
      "switches",
      "What switching gains",
      html`${schedules.map(({ schedule, switches }) => html`${titled(schedule)}${switches ? switchMap(switches) : html`<p class="note">No rule was tried at its defaults on a task with a scale.</p>`}`)}`,
    ],
    ["rates", "Room for the learning rate, and where it diverges", rates(assessment, names)],
    ["runs", "Every run", everyStudyRun(assessment, names, toStudy)],
    ["claims", "Claims", claimsSection(assessment)],
    ["made", "What the numbers mean", meaning(assessment)],
  ];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Thalweg">
<title>${name}</title>
<style>${trusted(STUDY_STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>${name}</h1>
<p class="facts">${plural(rules.length, "rule")} on ${plural(tasks.length, "task")}${schedules.length > 1 ? `, ${schedules.length} schedules` : `, schedule ${schedules[0]?.schedule ?? "none"}`}; ${plural(replicates, "search", "searches")} each, ${plural(seeds.length, "seed")}; ${progress.ended === progress.planned ? `${format.count(progress.planned)} runs` : `${format.count(progress.ended)} of ${format.count(progress.planned)} runs so far`}</p>
<p class="facts">${format.moment(assessment.startedAt)}</p>
</header>
${headline(assessment)}
${matrix(assessment, colours)}
<nav class="contents" aria-label="Contents">${sections.map(([id, title]) => html`<a href="#${id}">${title}</a>`)}</nav>
${sections.map(
  ([id, title, body]) => html`
<h2 id="${id}">${title}</h2>
${body}
`,
)}
</main>
</body>
</html>
`;
}

/** Over all tasks, by score: one panel per schedule. */
function overall(assessment: StudyAssessment): Markup {
  const { schedules, baseline } = assessment;
  const colours = coloursOf(assessment.rules);
  return html`${schedules.map(({ schedule, differences, scores }) =>
    differences.length === 0
      ? ""
      : differenceFigure(
          {
            ...{ differences, cells: [] },
            metric: overallMetric(scores?.cases ?? 0),
          },
          schedules.length > 1 ? `all tasks, ${schedule}` : "all tasks",
          baseline,
          colours,
        ),
  )}`;
}

function rates(assessment: StudyAssessment, names: readonly string[]): Markup {
  const { conditions, rules, runs } = assessment;
  const colours = coloursOf(rules);
  const byCondition = conditions.map((): (typeof runs)[number][] => []);
  for (const run of runs) if (run.phase === "tuning") byCondition[run.condition]!.push(run);
  const drawn = conditions.slice(0, Math.floor(MOST_PANELS / Math.max(1, rules.length)));
  const left = conditions.length - drawn.length;
  return html`<p class="note">Width in decades of the learning rates whose trials come within a tenth of what the best gained in validation loss, and the share of all trials that diverged. Other searched values vary between trials too.</p>
${sensitivityTable(
  conditions.map((condition, k) => ({ condition, name: names[k]! })),
  rules.map((rule) => rule.name),
  colours,
)}
${drawn.map(
  (condition, k) =>
    html`<details><summary><b>${names[k]!}</b><span>validation loss of every trial against its learning rate</span></summary>${sensitivityPanels(condition, byCondition[k]!, colours)}</details>`,
)}
${left > 0 ? html`<p class="note">Not drawn for the other ${left} conditions; runs.csv has all trials.</p>` : ""}`;
}

function meaning({ baseline, replicates, seeds, rules, tasksDrawn }: StudyAssessment): Markup {
  return html`<ul>
<li>A search tries its trials on seeds that final runs do not use; the lowest validation loss at the last step wins. The test set chose nothing, and no trial was chosen by its best moment.</li>
<li>A seed fixes the initial weights and the order of the batches, the same for every rule, so rules are compared in pairs. ${replicates > 1 ? "The value of a rule on a seed is the mean of the winners of its searches." : "There was one search, so the luck of tuning is in no interval here, and nothing is called distinguishable."}</li>
<li>Brackets are 95 % intervals by the bootstrap (BCa for means). With few seeds they are too narrow: about 83 % true coverage with 5, 89 % with 10; there were ${seeds.length}.</li>
<li>The A/A band of two rules is the 95 % half-width of the difference of their searches’ means (Student’s t, searches as units), and at least that of two usual rules, by the median of what searches differ by. So a rule whose searches come out wildly different is judged with that in mind, and spoils nothing for the others.</li>
<li>Equal budgets are not equal difficulty: ${rules.map(({ name, dimensions }) => `${name} ${dimensions.length}`).join(", ")} searched values.</li>
<li>A run that diverged, failed or took too long is a result: it counts as the worst, has no mean, and is never left out. Where one did, the signed-rank test and the median’s interval decide.</li>
<li>Scores use the best value known of a task, never the best of this study. “${baseline}” is the baseline by name, not by merit.</li>
<li>${tasksDrawn ? "Intervals over all tasks draw tasks as well; claims do not." : "Tasks are fixed: an interval over these tasks says nothing about others."} Times are of this machine.</li>
</ul>`;
}

/** Plot numbers its clip paths through the life of the process; here they start at 1 on every page. */
function numberedClips(text: string): string {
  const ids = new Map<string, string>();
  return text.replace(/(id="|url\(#)(plot-clip-\d+)/g, (_, before: string, id: string) => {
    const fresh = ids.get(id) ?? `clip-${ids.size + 1}`;
    ids.set(id, fresh);
    return before + fresh;
  });
}
