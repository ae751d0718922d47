/** Every run of the comparison, one table per rule, each row linked to its folder. */
import type { Comparison, RuleResult, Run, Status, Trial } from "./comparison.ts";
import * as format from "./format.ts";
import { html, type Markup } from "./html.ts";
import { ruleColour } from "./style.ts";

export const everyRun = ({ rules, task }: Comparison): Markup =>
  html`${rules.map((rule, index) => runsOf(rule, ruleColour(index), task.lossUnit))}`;

function runsOf(rule: RuleResult, colour: string, unit: string): Markup {
  const { name, trials, runs } = rule;
  const lost = [...trials, ...runs].filter(({ status }) => status === "diverged").length;
  return html`<details>
<summary><span class="swatch" style="--colour:${colour};margin-left:0"></span><b>${name}</b><span>${trials.length} trials, ${runs.length} final runs${lost > 0 ? `, ${lost} diverged` : ""}</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Runs of ${name}"><table>
<thead><tr><th>Run</th><th class="text">Hyperparameters</th><th>Validation loss<small>${unit}</small></th><th>Validation accuracy<small>%</small></th><th>Test loss<small>${unit}</small></th><th>Test accuracy<small>%</small></th><th class="text">Status</th><th>Steps</th><th>Time</th><th class="text">Folder</th></tr></thead>
<tbody>${trials.map(trialRow)}${runs.map((run) => runRow(run, rule))}</tbody>
</table></div></details>`;
}

const trialRow = (
  trial: Trial,
): Markup => html`<tr><td>trial ${trial.number}</td><td class="text">${format.configuration(trial.hyperparameters)}</td>
<td>${format.orMissing(trial.validationLoss, format.loss)}</td><td>${format.orMissing(trial.validationAccuracy, format.percent)}</td><td></td><td></td>${attempt(trial)}</tr>`;

function runRow(run: Run, rule: RuleResult): Markup {
  const last = run.evaluations.at(-1);
  return html`<tr><th>seed ${run.seed}</th><td class="text">${format.configuration(rule.tuned)}</td>
<td>${format.orMissing(last?.validationLoss ?? null, format.loss)}</td><td></td><td>${format.orMissing(last?.testLoss ?? null, format.loss)}</td><td>${format.orMissing(last?.testAccuracy ?? null, format.percent)}</td>${attempt(run)}</tr>`;
}

const attempt = ({ status, reason, steps, seconds, folder }: Trial | Run): Markup =>
  html`<td class="text ${status}" title="${reason}">${statusText(status, reason)}</td><td>${format.count(steps)}</td><td>${format.duration(seconds)}</td><td class="text"><a href="${folderHref(folder)}">${folder}</a></td>`;

const statusText = (status: Status, reason: string): string =>
  reason === "" ? status : `${status}: ${reason}`;

/** A relative link, whatever the folder is called: no scheme, host or query can come out of it. */
export const folderHref = (folder: string): string =>
  `./${folder
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .map((part) => (part === ".." ? part : encodeURIComponent(part)))
    .join("/")}/`;
