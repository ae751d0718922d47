/** Everything over all tasks of a schedule: scores, the performance profile, and ranks with what they cannot tell. */
import * as Plot from "@observablehq/plot";
import type { AssessedSchedule, Estimate, StudyAssessment } from "../../study/assessment.ts";
import { drawBoth, isNarrow } from "../chart.ts";
import * as format from "../format.ts";
import { html, type Markup } from "../html.ts";
import { colourOf, lineStyle, type RuleColours } from "./colours.ts";
import { type RowEntry, rowFigure } from "./rows.ts";

const SCOPE = {
  fixed:
    "which are taken as they are: nothing here says how the rules would do on others. Seeds and the searches A and A′ are resampled together, the same for all rules.",
  drawn:
    "which are drawn with replacement like seeds and searches, the same for all rules: intervals are about tasks like these, as far as so few can stand for others.",
};

export function aggregateSection(
  schedule: AssessedSchedule,
  { baseline, tasksDrawn }: Pick<StudyAssessment, "baseline" | "tasksDrawn">,
  colours: RuleColours,
): Markup {
  const { scores, scoreProfile, profile, ranks, notes, cases } = schedule;
  const said = notes.map((note) => html`<p class="note">${capital(note)}.</p>`);
  if (scores === null) return html`${said}`;
  return html`<div class="pair">
${scores.cases > 0 ? html`<figure>${rowFigure(scoreRows(schedule, colours))}</figure>` : ""}
<figure>${rowFigure(improvementRows(schedule, baseline, colours))}</figure>
${scoreProfile ? stepFigure(scoreSteps(scoreProfile), colours) : ""}
${profile ? stepFigure(costSteps(profile), colours) : ""}
${ranks ? html`<figure>${rowFigure(rankRows(ranks, colours))}<figcaption>${rankCaption(ranks)}</figcaption></figure>` : ""}
</div>
${scoreTable(schedule, baseline, colours)}
<p class="note">Over ${cases.length} ${cases.length === 1 ? "case" : "cases"}, ${tasksDrawn ? SCOPE.drawn : SCOPE.fixed}</p>
${profile ? "" : html`<p class="note">No profile of the cost of reaching a target: ${cases.length === 1 ? "the task has" : "the tasks have"} none.</p>`}
${said}`;
}

function scoreRows({ scores }: AssessedSchedule, colours: RuleColours) {
  const entries = scores!.rules.map(({ rule, iqm }) => estimated(rule, iqm, colours));
  const title = `Interquartile mean of scores, ${scores!.cases} ${scores!.cases === 1 ? "task" : "tasks"}`;
  return { title, entries, isDifference: false, better: "higher" as const };
}

function improvementRows({ scores }: AssessedSchedule, baseline: string, colours: RuleColours) {
  const entries = scores!.rules
    .filter(({ rule }) => rule !== baseline)
    .map(({ rule, improvement }) => {
      const { interval } = improvement;
      const filled = interval !== null && (interval.low > 0.5 || interval.high < 0.5);
      return { ...estimated(rule, improvement, colours), filled };
    });
  const title = `Probability of a run better than ${baseline}’s`;
  return { title, entries, isDifference: false, better: "higher" as const, domain: [0, 1] as const };
}

const estimated = (rule: string, { value, interval }: Estimate, colours: RuleColours): RowEntry => ({
  ...{ name: rule, colour: colourOf(colours, rule), value, interval, filled: true },
  hint: `${rule}: ${value === null ? "none" : value.toFixed(3)}`,
});

interface Steps {
  title: string;
  /** On a phone. */
  short: string;
  axis: string;
  xs: readonly number[];
  rules: readonly { rule: string; share: readonly number[]; hint: string }[];
}

const scoreSteps = ({ taus, rules }: NonNullable<AssessedSchedule["scoreProfile"]>): Steps => ({
  title: "Share of runs that score at least τ",
  short: "Share of runs that score at least τ",
  axis: "score τ →",
  xs: taus,
  rules: rules.map(({ rule, share }) => ({ rule, share, hint: `${rule}` })),
});

const costSteps = ({ taus, rules, cases }: NonNullable<AssessedSchedule["profile"]>): Steps => ({
  title: `Share of ${cases} ${cases === 1 ? "task" : "tasks"} reached within τ times the fastest’s gradients`,
  short: "Share of tasks within τ times the fastest",
  axis: "τ →",
  xs: taus,
  rules: rules.map(({ rule, share, score }) => ({
    rule,
    share,
    hint: `${rule} scores ${score.value?.toFixed(3) ?? "none"}`,
  })),
});

/** A step line per rule, shares from 0 to 1; labels at the right in the order of the last steps that differ. */
function stepFigure({ title, short, axis, xs, rules }: Steps, colours: RuleColours): Markup {
  const lines = rules.map(({ rule, share }) => ({
    ...{ rule, ...lineStyle(colours, rule) },
    points: xs.map((tau, k) => ({ tau, share: share[k]! })),
    area: share.reduce((sum, one) => sum + one, 0) / share.length,
  }));
  const ranked = [...lines].sort((a, b) => b.area - a.area);
  const [first, last] = [xs[0]!, xs.at(-1)!];
  const labelWidth = Math.min(180, 14 + 7 * Math.max(...lines.map(({ rule }) => rule.length)));
  const options = (width: number): Plot.PlotOptions => {
    const height = Math.max(280, 70 + 14 * lines.length);
    const span = height - 64;
    const room = Math.min(span / Math.max(1, lines.length), 16);
    return {
      ...{ width, height, marginTop: 30, marginBottom: 34, marginLeft: 36, marginRight: labelWidth },
      x: {
        domain: [first, last],
        label: null,
        ticks: 4,
        tickFormat: (x: number) => String(Number(x.toPrecision(3))),
        tickSize: 4,
      },
      y: { domain: [0, 1], label: null, ticks: 5, tickSize: 0, grid: true },
      marks: [
        Plot.text([isNarrow(width) ? short : title], {
          ...{
            frameAnchor: "top-left",
            dx: -36,
            dy: -24,
            textAnchor: "start",
            fontWeight: 600,
            fill: "currentColor",
          },
        }),
        Plot.text([axis], { frameAnchor: "bottom-right", dy: 32, textAnchor: "end", fill: "var(--muted)" }),
        ...lines.map(({ points, rule: _, area: __, ...style }) =>
          Plot.lineY(points, { x: "tau", y: "share", curve: "step-after", ...style, strokeWidth: 1.8 }),
        ),
        ...ranked.map(({ rule, stroke }, k) =>
          Plot.text([rule], {
            ...{
              x: last,
              y: 1 - ((k + 0.5) * room) / span,
              dx: 8,
              textAnchor: "start",
              fill: stroke,
              fontWeight: 600,
            },
          }),
        ),
      ],
    };
  };
  return html`<figure>${drawBoth(options, `${title}: ${rules.map(({ hint }) => hint).join("; ")}`)}</figure>`;
}

/** Mean ranks with half the critical difference to either side: two rules differ by Nemenyi's test where their bars do not meet. */
function rankRows(
  { rules, criticalDifference, cases }: NonNullable<AssessedSchedule["ranks"]>,
  colours: RuleColours,
) {
  const half = criticalDifference / 2;
  const entries = [...rules]
    .sort((a, b) => a.meanRank - b.meanRank)
    .map(
      ({ rule, meanRank }): RowEntry => ({
        ...{ name: rule, colour: colourOf(colours, rule), value: meanRank, filled: true },
        interval: { low: meanRank - half, high: meanRank + half },
        numbers: meanRank.toFixed(2),
        hint: `${rule}: mean rank ${meanRank.toFixed(2)}`,
      }),
    );
  const title = `Mean rank over ${cases} tasks ± half the critical difference`;
  const domain = [0.7, rules.length + 0.3] as const;
  return { title, entries, isDifference: false, better: "lower" as const, domain };
}

function rankCaption({
  rules,
  cases,
  criticalDifference,
  friedman,
  groups,
  attainableP,
  casesNeeded,
  wilcoxon,
}: NonNullable<AssessedSchedule["ranks"]>): string {
  const significant = wilcoxon.filter(({ pHolm }) => pHolm <= 0.05).length;
  const all = groups.some((group) => group.length === rules.length);
  const impotence =
    attainableP > 0.05
      ? `With ${cases} tasks no pair could be significant, whatever the results: the smallest p after Holm’s correction is ${format.pValue(attainableP)}, and it takes ${casesNeeded} tasks.`
      : `${significant} of ${wilcoxon.length} pairs are significant by Wilcoxon’s test with Holm’s correction; the smallest p that a pair could get is ${format.pValue(attainableP)}.`;
  return `Where bars meet, Nemenyi’s test cannot tell rules apart; ranks must differ by ${criticalDifference.toFixed(2)} of ${rules.length - 1} possible${all ? ", and here none do" : ""}. ${impotence}${friedman ? ` Friedman’s test of “all alike”: p ${friedman.p < 1e-9 ? "< 1e-9" : `= ${format.pValue(friedman.p)}`}.` : ""} Ranks ignore how large a difference is, and tests over so few tasks see little: the differences above are the evidence.`;
}

function scoreTable(
  { scores, profile, ranks }: AssessedSchedule,
  baseline: string,
  colours: RuleColours,
): Markup {
  const number = ({ value, interval }: Estimate) =>
    html`${format.orMissing(value, (x) => x.toFixed(3))}<small>${format.interval(interval, (x) => x.toFixed(3))}</small>`;
  const rows = scores!.rules.map(({ rule, mean, iqm, optimalityGap, improvement }) => {
    const speed = profile?.rules.find((one) => one.rule === rule);
    const place = ranks?.rules.find((one) => one.rule === rule);
    return html`<tr><th scope="row"><span class="swatch" style="--colour:${colourOf(colours, rule)}"></span>${rule}</th>
<td>${number(mean)}</td><td>${number(iqm)}</td><td>${number(optimalityGap)}</td><td>${rule === baseline ? format.MISSING : number(improvement)}</td>
<td>${speed ? number(speed.score) : format.MISSING}</td><td>${speed ? speed.trapezoid.toFixed(3) : format.MISSING}</td><td>${place ? place.meanRank.toFixed(2) : format.MISSING}</td></tr>
`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Scores"><table>
<thead><tr><th scope="col" class="text">Rule</th><th scope="col">Mean score<small>1 is best</small></th><th scope="col">Interquartile mean<small>1 is best</small></th><th scope="col">Optimality gap<small>0 is best</small></th><th scope="col">P(improvement)<small>½ is alike</small></th><th scope="col">Profile score<small>τ from 1 to 4</small></th><th scope="col">AlgoPerf’s trapezoid<small>100 points</small></th><th scope="col">Mean rank<small>1 is best</small></th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
