/** Every run, one table per condition and rule, each row linked to its folder. */
import type { AssessedRun, StudyAssessment } from "../../study/assessment.ts";
import * as format from "../format.ts";
import { html, type Markup, trusted } from "../html.ts";
import { folderHref } from "../runs.ts";
import { metricName } from "./names.ts";

/** @param toStudy  from the page's folder to the study's */
export function everyStudyRun(
  { conditions, runs }: StudyAssessment,
  names: readonly string[],
  toStudy: string,
): Markup {
  const byCondition = conditions.map((): AssessedRun[] => []);
  for (const run of runs) byCondition[run.condition]!.push(run);
  return html`${conditions.map(({ metric }, k) => {
    const mine = byCondition[k]!;
    const lost = mine.filter(({ end }) => end !== "finished").length;
    return html`<details>
<summary><b>${names[k]!}</b><span>${format.count(mine.length)} runs${lost > 0 ? `, ${format.count(lost)} did not finish` : ""}</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Runs of ${names[k]!}"><table class="runs">
<thead><tr><th scope="col">Run</th><th scope="col" class="text">Rule</th><th scope="col" class="text">Hyperparameters</th><th scope="col">${metricName(metric)}</th><th scope="col">Validation loss</th><th scope="col" class="text">End</th><th scope="col">Gradients</th><th scope="col">Time</th><th scope="col" class="text">Folder</th></tr></thead>
<tbody>${trusted(mine.map((run) => row(run, toStudy).text).join(""))}</tbody></table></div></details>
`;
  })}`;
}

function row(run: AssessedRun, toStudy: string): Markup {
  const { replicate, phase, number, seed, rule, hyper, value, validationLoss, end, reason, folder } = run;
  const search = SEARCHES[replicate] ?? `search ${replicate + 1}`;
  const what = phase === "tuning" ? `${search}, trial ${number}` : `${search}, seed ${seed}`;
  const digits = (x: number) => String(Number(x.toPrecision(5))).replace("-", "−");
  return html`<tr><td>${what}</td><td class="text">${rule}</td><td class="text">${format.configuration(hyper)}</td><td>${format.orMissing(value, digits)}</td><td>${format.orMissing(validationLoss, digits)}</td><td class="text ${end}"${reason === "" ? "" : html` title="${reason}"`}>${end}</td><td>${format.count(run.gradients)}</td><td>${format.duration(run.seconds)}</td><td class="text"><a href="${folderHref(`${toStudy}/${folder}`)}">${folder}</a></td></tr>
`;
}

const SEARCHES = ["A", "A′", "A″"];
