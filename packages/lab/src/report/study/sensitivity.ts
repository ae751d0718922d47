/** Learning rates: every trial of every search, how wide the good ones spread, and how many diverge. */
import * as Plot from "@observablehq/plot";
import type { AssessedCondition, AssessedRun, Cell } from "../../study/assessment.ts";
import { decades, drawInPage, logTicks } from "../chart.ts";
import * as format from "../format.ts";
import { html, type Markup } from "../html.ts";
import { colourOf, type RuleColours } from "./colours.ts";

interface Point {
  rule: string;
  lr: number;
  /** `null` where it diverged. */
  loss: number | null;
  title: string;
}

/** Trials of one condition: a panel per rule on common axes. */
export function sensitivityPanels(
  condition: AssessedCondition,
  runs: readonly AssessedRun[],
  colours: RuleColours,
): Markup {
  const points = runs.flatMap(pointOf);
  const finished = points.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  if (finished.length === 0) return html`<p class="note">No trial with a learning rate finished.</p>`;
  const rates = points.map(({ lr }) => lr);
  const x = [Math.min(...rates) / 1.6, Math.max(...rates) * 1.6] as const;
  const sorted = [...finished].sort((a, b) => a - b);
  const bottom = sorted[0]! * 0.9;
  const ceiling = Math.max(bottom * 1.2, sorted[Math.floor(0.97 * (sorted.length - 1))]! * 1.15);
  const panels = condition.cells.map((cell) => {
    const own = points.filter(({ rule }) => rule === cell.rule);
    return own.length === 0 ? "" : panel(cell, own, colourOf(colours, cell.rule), x, bottom, ceiling);
  });
  return html`<div class="panels small">${panels}</div>`;
}

function panel(
  { rule, pool, sensitivity }: Cell,
  points: readonly Point[],
  colour: string,
  x: readonly [number, number],
  bottom: number,
  ceiling: number,
): Markup {
  const top = ceiling * (ceiling / bottom) ** 0.14;
  const strip = Math.sqrt(ceiling * top);
  const inside = points.filter(({ loss }) => loss !== null && loss <= ceiling);
  const above = points.filter(({ loss }) => loss !== null && loss > ceiling);
  const diverged = points.filter(({ loss }) => loss === null);
  const svg = drawInPage(
    {
      ...{ width: 230, height: 170, marginTop: 6, marginBottom: 26, marginLeft: 38, marginRight: 6 },
      x: {
        type: "log",
        domain: [...x],
        ticks: decades(...x),
        tickFormat: format.powerOfTen,
        label: null,
        tickSize: 3,
      },
      y: {
        ...{
          type: "log",
          domain: [bottom, top],
          ticks: logTicks(bottom, ceiling).slice(0, 5),
          label: null,
          tickSize: 0,
          grid: true,
        },
        tickFormat: (y: number) => String(Number(y.toPrecision(2))),
      },
      marks: [
        Plot.ruleY([ceiling], { stroke: "var(--faint)", strokeDasharray: "2 3" }),
        ...(sensitivity
          ? [Plot.rect([0], { x1: sensitivity.low, x2: sensitivity.high, fill: colour, fillOpacity: 0.09 })]
          : []),
        Plot.dot(inside, { x: "lr", y: "loss", r: 2.6, fill: colour, title: "title" }),
        Plot.dot(above, { x: "lr", y: strip, r: 2.6, stroke: colour, title: "title" }),
        Plot.dot(diverged, {
          x: "lr",
          y: strip,
          symbol: "times",
          r: 3.4,
          stroke: colour,
          strokeWidth: 1.6,
          title: "title",
        }),
      ],
    },
    `${rule}: validation loss of ${points.length} trials against learning rate, ${diverged.length} diverged`,
  );
  const width = sensitivity ? `${sensitivity.decades.toFixed(1)} decades` : "none close";
  const share = pool.diverged > 0 ? `, ${pool.diverged} of ${pool.trials} diverged` : "";
  return html`<figure><h3><span class="swatch" style="--colour:${colour}"></span>${rule}</h3>${svg}<figcaption>${width}${share}</figcaption></figure>`;
}

/** Rules by conditions: width of the good rates, and the share of the pool that diverged. */
export function sensitivityTable(
  conditions: readonly { condition: AssessedCondition; name: string }[],
  rules: readonly string[],
  colours: RuleColours,
): Markup {
  const body = rules.map((rule) => {
    const cells = conditions.map(({ condition }) => {
      const cell = condition.cells.find((one) => one.rule === rule);
      if (!cell || cell.pool.trials === 0) return html`<td>${format.MISSING}</td>`;
      const share = Math.round((100 * cell.pool.diverged) / cell.pool.trials);
      return html`<td>${cell.sensitivity ? cell.sensitivity.decades.toFixed(1) : format.MISSING}<small>${share === 0 ? " " : html`<span class="diverged">${share} %</span>`}</small></td>`;
    });
    return html`<tr><th scope="row"><span class="swatch" style="--colour:${colourOf(colours, rule)}"></span>${rule}</th>${cells}</tr>
`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Room for the learning rate"><table>
<thead><tr><th scope="col" class="text">Rule</th>${conditions.map(({ name }) => html`<th scope="col">${name}<small>decades</small></th>`)}</tr></thead>
<tbody>${body}</tbody></table></div>`;
}

function pointOf({ rule, hyper, validationLoss, end, replicate, number, reason }: AssessedRun): Point[] {
  const { lr } = hyper;
  if (typeof lr !== "number" || !(lr > 0)) return [];
  const loss = validationLoss !== null && validationLoss > 0 ? validationLoss : null;
  const outcome =
    loss === null ? `${end}${reason === "" ? "" : `: ${reason}`}` : `validation loss ${format.loss(loss)}`;
  const title = `${replicate === 0 ? "A" : "A′"}, trial ${number}: ${format.configuration(hyper)}; ${outcome}`;
  return [{ rule, lr, loss, title }];
}
