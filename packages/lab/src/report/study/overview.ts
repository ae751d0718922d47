/** The top of the page: what came out, in words that are claims and in a table of all rules and conditions, and what was run. */
import type { AssessedCondition, Cell, StudyAssessment } from "../../study/assessment.ts";
import type { ClaimAnswer } from "../../study/claim.ts";
import * as format from "../format.ts";
import { html, type Insertable, type Markup } from "../html.ts";
import { colourOf, type RuleColours } from "./colours.ts";
import { conditionName, metricName } from "./names.ts";

/** One sentence per schedule, from the claims over all tasks; where there are none, from those on single tasks. */
export function headline(assessment: StudyAssessment): Markup {
  const { claims, schedules, baseline, conditions } = assessment;
  if (claims.length === 0) return html`<p class="answer">Nothing can be compared with ${baseline} yet.</p>`;
  const sentences = schedules.map(({ schedule }) => {
    const here = claims.filter(({ condition }) => condition.schedule === schedule);
    const overall = here.filter(({ condition }) => condition.task === "all");
    const where = schedules.length > 1 ? ` With ${schedule}:` : "";
    if (overall.length > 0) return `${where} ${sorted(overall, baseline, "over all tasks")}`.trim();
    const decided = here.filter(({ verdict }) => verdict !== "not distinguishable").length;
    return `${where} ${decided} of ${here.length} comparisons with ${baseline} are decided.`.trim();
  });
  const single = claims.filter(({ condition }) => condition.task !== "all");
  const count = (verdict: ClaimAnswer["verdict"]) =>
    single.filter((claim) => claim.verdict === verdict).length;
  return html`<p class="answer">${sentences.join(" ")}</p>
<p class="verdicts">On single tasks, ${count("supported")} of ${single.length} comparisons find a rule better than ${baseline}, ${count("refuted")} worse, and ${count("not distinguishable")} cannot be told apart from it, in ${conditions.length} ${conditions.length === 1 ? "condition" : "conditions"}. <a href="#claims">All claims</a></p>`;
}

/** Beyond it a sentence counts; the table names them. */
const MOST_NAMED = 5;

function sorted(claims: readonly ClaimAnswer[], baseline: string, where: string): string {
  const named = (verdict: ClaimAnswer["verdict"]) =>
    claims.filter((claim) => claim.verdict === verdict).map(({ parsed }) => parsed.left);
  const parts = [
    ["supported", "better than"],
    ["refuted", "worse than"],
    ["not distinguishable", "not distinguishable from"],
  ] as const;
  const said = parts.flatMap(([verdict, than]) => {
    const names = named(verdict);
    if (names.length === 0) return [];
    const who = names.length > MOST_NAMED ? `${names.length} rules` : list(names);
    return [`${who} ${names.length > 1 ? "are" : "is"} ${than} ${baseline}`];
  });
  return `${capital(where)}, ${said.join("; ")}.`;
}

/** Rules by conditions: the metric, and a mark where a claim against the baseline holds. */
export function matrix(assessment: StudyAssessment, colours: RuleColours): Markup {
  const { conditions, rules, baseline } = assessment;
  const heads = conditions.map((condition) => {
    const { metric } = condition;
    const arrow = metric.better === "lower" ? "↓" : "↑";
    return html`<th scope="col">${conditionName(assessment, condition)}<small>${metricName(metric).replace(/^test /, "")} ${arrow}</small></th>`;
  });
  const body = rules.map(({ name }) => {
    const cells = conditions.map((condition) => matrixCell(condition, name));
    return html`<tr><th scope="row"><span class="swatch" style="--colour:${colourOf(colours, name)}"></span>${name}${name === baseline ? html`<small>baseline</small>` : ""}</th>${cells}</tr>
`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Results"><table class="main">
<thead><tr><th scope="col" class="text">Rule</th>${heads}</tr></thead>
<tbody>${body}</tbody></table></div>
<p class="note">Means over seeds, each the mean of the winners of all searches, with 95 % bootstrap intervals. <span class="better">▲</span> better and <span class="worse">▼</span> worse than ${baseline}, beyond the noise of seeds and of tuning; without a mark it is not known. Where runs were lost the median stands, a lost run the worst. ↓ lower is better, ↑ higher.</p>`;
}

function matrixCell({ cells, differences, metric }: AssessedCondition, rule: string): Markup {
  const cell = cells.find((one) => one.rule === rule);
  if (!cell?.value) return html`<td>${format.MISSING}</td>`;
  const difference = differences.find((one) => one.rule === rule);
  const side = difference?.side ?? "not distinguishable";
  const mark =
    side === "not distinguishable"
      ? ""
      : side === metric.better
        ? html` <span class="better" title="better">▲</span>`
        : html` <span class="worse" title="worse">▼</span>`;
  const { mean, interval } = cell.value;
  const text =
    mean === null ? lostText(cell) : html`${number(mean, interval)}${mark}<small>${bounds(interval)}</small>`;
  return html`<td${difference ? html` title="${difference.reason}"` : ""}>${text}${mean === null ? mark : ""}</td>`;
}

function lostText({ lost, points, value }: Cell): Markup {
  const count = lost.diverged + lost.failed + lost.timedOut;
  const middle = value?.median ?? null;
  return html`${middle === null ? "∞" : number(middle, null)}<small class="diverged">${count} of ${points.length} lost</small>`;
}

const number = (value: number, interval: { low: number; high: number } | null): string =>
  fixed(value, interval ? interval.high - interval.low : Math.abs(value) / 100);
const bounds = (interval: { low: number; high: number } | null): string =>
  interval === null
    ? ""
    : `[${[interval.low, interval.high].map((x) => fixed(x, interval.high - interval.low)).join(", ")}]`;

/** With decimals that show two digits of the uncertainty. */
function fixed(value: number, uncertainty: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4))
    return value.toExponential(2).replace("-", "−").replace("e−", "e-");
  const decimals = uncertainty > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(uncertainty)))) : 4;
  return value.toFixed(decimals).replace("-", "−");
}

/** What facts about the machine are called here; others keep their names. */
const MACHINE: Readonly<Record<string, string>> = {
  memoryGiB: "memory in GiB",
  threadsPerRun: "threads per run",
  onnxruntime: "ONNX Runtime",
  node: "Node",
  os: "system",
};

/** What was run, with all that identifies it, and what it took. */
export function facts(assessment: StudyAssessment): Markup {
  const { progress, cost, rules, tasks, machine, seeds, replicates } = assessment;
  const { ended, planned, ends } = progress;
  const others = (["diverged", "pruned", "failed", "timed-out"] as const).filter((end) => ends[end] > 0);
  const rows: [string, Insertable][] = [
    ["Command", html`<code>${assessment.command}</code>`],
    ["Plan", html`<code>${assessment.hash}</code>`],
    [
      "Started, ended",
      `${format.moment(assessment.startedAt)}, ${assessment.finishedAt ? format.moment(assessment.finishedAt) : "not ended yet"}`,
    ],
    [
      "Runs",
      `${format.count(ended)} of ${format.count(planned)}${others.length > 0 ? `; ${others.map((end) => `${format.count(ends[end])} ${end}`).join(", ")}` : ""}`,
    ],
    ["Searches", `${replicates} per rule and condition; final runs at seeds ${ranges(seeds)}`],
    [
      "Cost",
      `${format.count(cost.tuningGradients)} gradients of a batch in searches, ${format.count(cost.finalGradients)} in final runs; ${format.duration(cost.tuningSeconds)} and ${format.duration(cost.finalSeconds)} of training`,
    ],
    [
      "Machine",
      Object.entries(machine)
        .map(([name, value]) => `${MACHINE[name] ?? name} ${value}`)
        .join(", "),
    ],
    ["Resampling", `seed ${assessment.seed}, 10\u202f000 draws`],
  ];
  return html`<dl>${rows.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>
<details><summary><b>Tasks</b><span>${tasks.length}, with the fingerprints that every run was checked against</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Tasks"><table><thead><tr><th class="text" scope="col">Task</th><th class="text" scope="col">Model</th><th scope="col">Parameters</th><th class="text" scope="col">Judged by</th><th scope="col">Best known</th><th scope="col">Target</th><th class="text" scope="col">Fingerprint</th></tr></thead>
<tbody>${tasks.map(
    ({
      name,
      architecture,
      parameters,
      metric,
      fingerprint,
      description,
    }) => html`<tr><th scope="row" title="${description}">${name}</th><td class="text">${architecture}</td><td>${format.count(parameters)}</td><td class="text">${metric.measure}, ${metric.unit}, ${metric.better} is better</td><td>${metric.floor ?? format.MISSING}</td><td>${metric.target ?? format.MISSING}</td><td class="text"><code>${fingerprint}</code></td></tr>
`,
  )}</tbody></table></div></details>
<details><summary><b>Rules</b><span>${rules.length}, with what was searched of each</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Rules"><table><thead><tr><th class="text" scope="col">Rule</th><th class="text" scope="col">As written</th><th scope="col">Searched</th><th class="text" scope="col">Space</th><th class="text" scope="col">Source</th></tr></thead>
<tbody>${rules.map(
    ({
      name,
      spec,
      dimensions,
      space,
      source,
      formula,
    }) => html`<tr><th scope="row" title="${formula}">${name}</th><td class="text"><code>${spec}</code></td><td>${dimensions.length}</td><td class="text wrap">${dimensions.length === 0 ? "nothing" : dimensions.map((dimension) => `${dimension} ${spaceText(space[dimension]!)}`).join("; ")}</td><td class="text wrap">${source}</td></tr>
`,
  )}</tbody></table></div></details>`;
}

function spaceText(dimension: StudyAssessment["rules"][number]["space"][string]): string {
  if ("choices" in dimension) return `of ${dimension.choices.join(", ")}`;
  const scale = "oneMinus" in dimension && dimension.oneMinus ? ", 1 − x log" : dimension.log ? ", log" : "";
  return `${format.hyperparameter(dimension.low)} to ${format.hyperparameter(dimension.high)}${scale}`;
}

/** 43–52, 60 */
function ranges(seeds: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const seed of seeds) {
    const last = runs.at(-1);
    if (last && seed === last[1] + 1) last[1] = seed;
    else runs.push([seed, seed]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ") || "none yet";
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
