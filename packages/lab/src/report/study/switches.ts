/**
 * The switch map: from rule i at its defaults (row) to rule j tuned (column), the mean gain in score over tasks.
 *
 * A table, so that it can be read without seeing colours. Cells whose interval includes 0 are hatched. After the heat map of
 * Schmidt, Schneider & Hennig, "Descending through a Crowded Valley", ICML 2021.
 */
import type { Switches } from "../../study/assessment.ts";
import * as format from "../format.ts";
import { html, type Markup } from "../html.ts";

export function switchMap(switches: Switches): Markup {
  const { rules, cells, cases } = switches;
  const largest = Math.max(...cells.flat().map(({ value }) => Math.abs(value ?? 0)), 1e-9);
  const body = rules.map((from, i) => {
    const row = cells[i]!.map(({ value, interval, significant }, j) => {
      if (value === null) return html`<td class="cell">${format.MISSING}</td>`;
      const share = Math.round(75 * Math.sqrt(Math.abs(value) / largest));
      const kind = `${value >= 0 ? "gain" : "loss"}${significant ? "" : " hatched"}`;
      const bounds = interval ? ` [${signed(interval.low)}, ${signed(interval.high)}]` : "";
      const title = `${from} at its defaults → ${rules[j]} tuned: ${signed(value)}${bounds}${significant ? "" : ", may be none"}`;
      return html`<td class="cell ${kind}" style="--share:${share}%" title="${title}">${signed(value)}</td>`;
    });
    return html`<tr><th scope="row">${from}</th>${row}</tr>
`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Switch map"><table class="switches">
<thead><tr><th scope="col" class="text">from, untuned</th>${rules.map((rule) => html`<th scope="col"><span>${rule}</span></th>`)}</tr></thead>
<tbody>${body}</tbody></table></div>
<p class="note">Mean gain in score over ${cases} ${cases === 1 ? "task" : "tasks"}. Shades grow with the root of the gain. The diagonal is what tuning alone gives. Hatched: the 95 % interval over tasks includes 0, or there are fewer than five tasks. Intervals are not corrected for the ${rules.length ** 2} cells, so about one in twenty stands out by chance.</p>`;
}

const signed = (value: number): string => {
  const text = Math.abs(value).toFixed(3);
  return Number(text) === 0 ? "0" : `${value > 0 ? "+" : "−"}${text}`;
};
