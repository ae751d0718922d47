/** Every claim that the study was asked, with its answer: refuted and undecided ones as well. */
import type { StudyAssessment } from "../../study/assessment.ts";
import type { ClaimAnswer, ClaimVerdict } from "../../study/claim.ts";
import * as format from "../format.ts";
import { html, type Markup } from "../html.ts";

const TITLES: readonly (readonly [ClaimVerdict, string])[] = [
  ["supported", "Supported"],
  ["refuted", "Refuted"],
  ["not distinguishable", "Undecided"],
];

export function claimsSection({ claims, comparisons }: StudyAssessment): Markup {
  const parts = TITLES.map(([verdict, title]) => {
    const mine = claims.filter((claim) => claim.verdict === verdict);
    return html`<details><summary><b>${title}</b><span>${mine.length} of ${claims.length}</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="${title} claims"><table>
<thead><tr><th scope="col" class="text">Claim</th><th scope="col">Difference</th><th scope="col">A/A band</th><th scope="col">p<small>Holm</small></th><th scope="col">Seeds<small>needed</small></th><th scope="col" class="text">Found</th></tr></thead>
<tbody>${mine.map(row)}</tbody></table></div></details>`;
  });
  return html`<p class="note">${format.count(comparisons)} comparisons were made and judged together. A claim holds where the interval of the paired difference lies wholly outside the A/A band and p ≤ 0.05 after Holm’s correction over all of them. “Undecided” is not “equal”.</p>${parts}`;
}

function row({ claim, difference, sentence }: ClaimAnswer): Markup {
  const { mean, interval, band, pHolm, n, seedsNeeded } = difference;
  const number = (x: number) => String(Number(x.toPrecision(3))).replace("-", "−");
  return html`<tr><td class="text wrap">${claim}</td><td>${format.orMissing(mean, number)}<small>${format.interval(interval, number)}</small></td><td>${band === null ? format.MISSING : `±${number(band)}`}</td><td>${format.orMissing(pHolm, format.pValue)}</td><td>${n}<small>${seedsNeeded ?? format.MISSING}</small></td><td class="text wrap">${sentence}</td></tr>
`;
}
