/**
 * `report.html`: a comparison as one page that opens from disk, asks the network for nothing and needs no script.
 *
 * The order is that of a reader's questions: what came out, how it went, how sensitive it is, how sure one can be, what the rules are,
 * where each number comes from.
 */
import { answer } from "./answer.ts";
import type { Comparison } from "./comparison.ts";
import { forestPlots } from "./forest.ts";
import * as format from "./format.ts";
import { formulas } from "./formulas.ts";
import { html, type Markup, trusted } from "./html.ts";
import { learningCurves } from "./learning-curves.ts";
import { provenance } from "./provenance.ts";
import { everyRun } from "./runs.ts";
import { learningRateSensitivity } from "./sensitivity.ts";
import { ruleColour, STYLE } from "./style.ts";
import { type Cell, columnHeads, type Row, rows } from "./table.ts";

/** The whole page as HTML text; the same comparison gives the same bytes. */
export function renderReport(comparison: Comparison): string {
  return numberedClips(page(comparison));
}

function page(comparison: Comparison): string {
  const { title, task, study, startedAt } = comparison;
  const { headline, verdicts } = answer(comparison);
  const seeds = study.seeds.length === 1 ? "one seed" : `${study.seeds.length} seeds`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Thalweg">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p class="facts">${task.model} on ${task.dataset.name}, ${format.count(task.steps)} steps of ${task.batchSize}; ${study.budget} trials per rule, then ${seeds}</p>
<p class="facts">${format.moment(startedAt)}</p>
</header>
<p class="answer">${headline}</p>
${verdicts === "" ? "" : html`<p class="verdicts">${verdicts}</p>`}
${mainTable(comparison)}
<p class="note">${tableNote(comparison)} <a href="#made">What the numbers mean, and what they do not tell.</a></p>

<h2>Learning curves</h2>
<p class="note">Mean over seeds; the band runs from the best seed to the worst. The vertical axes are logarithmic and start after the first twentieth of the gradients; a dashed line is a single run that diverged.</p>
${learningCurves(comparison)}

<h2>Sensitivity to the learning rate</h2>
<p class="note">Validation loss (${task.lossUnit}) at the last step of every trial against its learning rate, both logarithmic; the winner is ringed, the other rules’ trials are grey, and crosses above the dotted line diverged. Other searched values vary between trials too, so the dots are no curve.</p>
${learningRateSensitivity(comparison)}

<h2>Differences, seed by seed</h2>
<p class="note">Mean paired difference with its 95 % interval. A filled dot is distinguishable from no difference, a hollow one is not.</p>
${forestPlots(comparison)}

<h2>The rules</h2>
${formulas(comparison.rules)}

<h2>Every run</h2>
${everyRun(comparison)}

<h2 id="made">How this was made</h2>
${provenance(comparison)}
</main>
</body>
</html>
`.text;
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

function tableNote({ study, rules }: Comparison): string {
  const { length } = study.seeds;
  const means =
    length > 1
      ? `Means over ${length} seeds with 95 % bootstrap intervals [low, high]`
      : "Values of one seed";
  const odd = rules.filter(({ exceptions }) => exceptions.length > 0);
  const exceptions = odd.map((rule) => ` ${rule.name}: ${rule.exceptions.join("; ")}.`).join("");
  return `${means}${rules.length > 1 ? "; differences are paired by seed" : ""}. Cost and time include tuning.${exceptions}`;
}

/** Columns in reading order; those marked `paired` appear when there is something to compare. */
const COLUMNS: readonly { name: keyof Row; text?: true; paired?: true }[] = [
  { name: "accuracy" },
  { name: "accuracyDifference", paired: true },
  { name: "verdict", text: true, paired: true },
  { name: "loss" },
  { name: "toTarget" },
  { name: "cost" },
  { name: "time" },
  { name: "tuned", text: true },
];

function mainTable(comparison: Comparison): Markup {
  const heads = columnHeads(comparison);
  const columns = COLUMNS.filter(({ paired }) => !paired || comparison.rules.length > 1);
  const head = (name: keyof Row, text = false) =>
    html`<th scope="col" class="${text ? "text" : "number"}">${heads[name].title}<small>${heads[name].unit}</small></th>`;
  const body = rows(comparison).map((row, index) => {
    const reason = comparison.rules[index]?.difference?.accuracy.reason ?? "";
    const cells = columns.map(({ name, text }) => {
      const cell = row[name];
      if (typeof cell === "string") return html`<td class="text wrap">${unbroken(cell)}</td>`;
      const title = name === "verdict" ? html` title="${reason}"` : "";
      return html`<td class="${text ? "text" : "number"}"${title}>${stacked(cell)}</td>`;
    });
    const swatch = html`<span class="swatch" style="--colour:${ruleColour(index)}"></span>`;
    return html`<tr><th scope="row">${swatch}${row.rule}</th>${cells}</tr>
`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Results"><table class="main">
<thead><tr>${head("rule", true)}${columns.map(({ name, text }) => head(name, text))}</tr></thead>
<tbody>${body}</tbody>
</table></div>`;
}

/** "name value" pairs that stay together when the cell wraps. */
const unbroken = (pairs: string): Markup[] =>
  pairs.split(", ").map((pair, k) => html`${k > 0 ? ", " : ""}<span class="nowrap">${pair}</span>`);

const stacked = ({ value, detail }: Cell): Markup =>
  html`${value}${detail === "" ? "" : html`<small>${detail}</small>`}`;
