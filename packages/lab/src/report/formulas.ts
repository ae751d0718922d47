/**
 * The rules in mathematical type: LaTeX to MathML by KaTeX, with the tuned values under the letters they belong to.
 *
 * MathML alone, without KaTeX's HTML form: browsers draw it with their own fonts, so the page carries none.
 */
import { nameToLatex } from "@thalweg/formula";
import katex from "katex";
import type { RuleResult } from "./comparison.ts";
import * as format from "./format.ts";
import { html, type Markup, trusted } from "./html.ts";
import { ruleColour } from "./style.ts";

export const formulas = (rules: readonly RuleResult[]): Markup =>
  html`<div class="formulas">${rules.map(
    (rule, index) => html`<article>
<h3><span class="swatch" style="--colour:${ruleColour(index)}"></span>${rule.name}</h3>
<div class="math">${sections(rule.latex).map(
      ({ heading, lines }) =>
        html`${heading === "" ? "" : html`<p class="note">${heading}</p>`}${mathematics(alignedBlock(lines), rule.formula)}`,
    )}</div>
<p class="note">${Object.entries(rule.tuned).map(
      ([name, value], k) =>
        html`${k > 0 ? ", " : ""}<span class="nowrap">${inline(name)} = ${format.hyperparameter(value)} (<code>${name}</code>)</span>`,
    )}</p>
<p class="note">${sourceLinks(rule.source)}</p>
<details><summary>as code</summary><pre>${dedent(rule.formula)}</pre></details>
</article>`,
  )}</div>`;

/** The parts of a rule: lines below a heading, which is a line that is one `\text{…}`. */
function sections(latex: string | readonly string[]): { heading: string; lines: string | string[] }[] {
  if (typeof latex === "string") return [{ heading: "", lines: latex }];
  const found: { heading: string; lines: string[] }[] = [];
  for (const line of latex) {
    const heading = /^\\text\{(.*)\}$/.exec(line)?.[1];
    if (heading !== undefined || found.length === 0) found.push({ heading: heading ?? "", lines: [] });
    if (heading === undefined) found.at(-1)!.lines.push(line);
  }
  return found;
}

/** Lines joined into one block, aligned at their assignment signs. */
export function alignedBlock(latex: string | readonly string[]): string {
  if (typeof latex === "string") return latex;
  const lines = latex.map((line) =>
    line.includes("&") ? line : line.replace(/\\leftarrow|\\gets|=/, "&$&"),
  );
  return `\\begin{aligned} ${lines.join(" \\\\ ")} \\end{aligned}`;
}

/** MathML of LaTeX; what KaTeX cannot read is shown as the rule's own text. */
function mathematics(latex: string, fallback: string): Markup {
  try {
    return trusted(katex.renderToString(latex, { output: "mathml", displayMode: true, strict: false }));
  } catch {
    return html`<pre>${fallback}</pre>`;
  }
}

function inline(name: string): Markup {
  try {
    return trusted(katex.renderToString(nameToLatex(name), { output: "mathml" }));
  } catch {
    return html`${name}`;
  }
}

/** The source as text, its arXiv numbers and DOIs as links. */
function sourceLinks(source: string): Markup {
  const pieces = source.split(/(arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,9}\/[^\s,;]+)/);
  return html`${pieces.map((piece, index) => {
    if (index % 2 === 0) return piece;
    const [scheme = "", id = ""] = piece.split(/:(.*)/s);
    return html`<a href="${scheme === "doi" ? "https://doi.org/" : "https://arxiv.org/abs/"}${id}">${piece}</a>`;
  })}`;
}

const dedent = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
