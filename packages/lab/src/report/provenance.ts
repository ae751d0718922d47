/** How the comparison was made, and what its intervals do and do not say. */
import { ALPHA } from "../statistics/index.ts";
import type { Comparison } from "./comparison.ts";
import * as format from "./format.ts";
import { html, type Insertable, type Markup } from "./html.ts";

export function provenance(comparison: Comparison): Markup {
  const { task, machine, study, rules } = comparison;
  const { dataset } = task;
  const facts: [string, Insertable][] = [
    ["Command", html`<code>${comparison.command}</code>`],
    ["Started, finished", `${format.moment(comparison.startedAt)}, ${format.moment(comparison.finishedAt)}`],
    ["Task", html`${task.name}: ${task.description} Fingerprint <code>${task.fingerprint}</code>`],
    ["Model", `${task.model}, ${format.count(task.parameters)} parameters`],
    [
      "Data",
      html`${dataset.name}, ${format.count(dataset.train)} training, ${format.count(dataset.validation)} validation and ${format.count(dataset.test)} test examples, from ${dataset.origin}. SHA-256 <code>${dataset.sha256}</code>`,
    ],
    [
      "Training",
      `${format.count(task.steps)} steps of ${task.batchSize} examples, schedule ${study.schedule}`,
    ],
    [
      "Study",
      `seed ${study.seed}; ${study.budget} trials per rule at training seed ${study.tuningSeed}; final runs at seeds ${study.seeds.join(", ")}`,
    ],
    [
      "Search spaces",
      html`${rules.map((rule, k) => html`${k > 0 ? "; " : ""}${rule.name}: ${dimensions(Object.keys(rule.space))}`)}`,
    ],
    [
      "Machine",
      `${machine.cpu}, ${machine.cores} cores, ${format.count(machine.memoryGiB)} GiB memory; ${machine.os}`,
    ],
    ["Software", `Thalweg ${machine.thalweg}, Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}`],
    [
      "Parallelism",
      `${machine.workers} ${machine.workers === 1 ? "run" : "runs"} at a time, ${machine.threadsPerRun} ${machine.threadsPerRun === 1 ? "thread" : "threads"} each`,
    ],
  ];
  return html`<dl>${facts.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>${protocol(comparison)}`;
}

const dimensions = (names: readonly string[]): string =>
  names.length === 0 ? "nothing searched" : names.join(", ");

function protocol({ study, task, rules }: Comparison): Markup {
  const first = rules[0]?.name ?? "the first rule";
  return html`<h3 style="margin-top:2rem">Protocol</h3>
<p>Each rule tried ${study.budget} configurations of its search space (${study.sampler}). The one with the lowest validation loss at the last step won and was trained again from ${study.seeds.length} new ${study.seeds.length === 1 ? "seed" : "seeds"}. A seed fixes the initial weights and the order of the batches, the same for every rule, so runs are compared in pairs. The test set chose nothing. A run that diverged is a result: it is counted, shown, and keeps its rule from having a mean.</p>
<h3 style="margin-top:1.4rem">What the intervals mean</h3>
<ul>
<li>Brackets are 95 % bootstrap intervals of the mean over seeds (BCa, 10 000 resamples, or all of them for five seeds or fewer). With few seeds they are too narrow: about 68 % true coverage with 3, 83 % with 5, 89 % with 10.</li>
<li>“Distinguishable” from ${first} means that the interval of the paired difference excludes 0 <em>and</em> the paired test gives p ≤ ${ALPHA} after Holm’s correction over ${Math.max(0, rules.length - 1)} comparisons. The test is the exact sign-flip permutation test where it has enough seeds to reach that level, otherwise the paired t-test; the table says which.</li>
<li>“Not distinguishable” is not “equal”: more seeds may tell them apart.</li>
</ul>
<h3 style="margin-top:1.4rem">What they do not tell</h3>
<ul>
<li>The search is part of a rule’s result but was made once: another study seed could pick other values, and that noise is in no interval here.</li>
<li>One fixed task, model and schedule; nothing here generalises to others by itself.</li>
<li>Equal budgets are not equal difficulty: a rule with more hyperparameters has more to search with the same ${study.budget} trials.</li>
<li>Steps to ${Number((100 * task.targetAccuracy).toFixed(2))} % is the first evaluation that reached it; between evaluations nothing was measured. Times are of this machine, summed over runs.</li>
</ul>`;
}
