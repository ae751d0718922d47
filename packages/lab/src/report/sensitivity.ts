/**
 * Learning-rate sensitivity: every trial's final validation loss against its learning rate, one panel per rule on common axes.
 *
 * The other rules' trials stand behind in grey. A ring marks the winner. A trial that diverged has no loss to plot; it is drawn as a cross
 * above the line at the top, because where a rule breaks is half of what this figure is for.
 */
import * as Plot from "@observablehq/plot";
import { decades, drawInPage, logTicks } from "./chart.ts";
import type { Comparison, RuleResult, Trial } from "./comparison.ts";
import * as format from "./format.ts";
import { html, type Markup } from "./html.ts";
import { ruleColour } from "./style.ts";

interface Point {
  lr: number;
  /** `null` when the trial diverged. */
  loss: number | null;
  trial: Trial;
}

export function learningRateSensitivity({ rules }: Comparison): Markup {
  const clouds = rules
    .map((rule, index) => ({ rule, colour: ruleColour(index), points: pointsOf(rule) }))
    .filter(({ points }) => points.length > 0); // some rules find their rate themselves
  const all = clouds.flatMap(({ points }) => points);
  const losses = all.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  if (losses.length === 0) return html`<p class="note">No trial with a learning rate finished.</p>`;
  const rates = all.map(({ lr }) => lr);
  const x = [Math.min(...rates) / 1.6, Math.max(...rates) * 1.6] as const;
  const bottom = Math.min(...losses) * 0.85;
  const ceiling = Math.max(...losses) * 1.25;
  const top = ceiling * (ceiling / bottom) ** 0.12; // a strip above the axis for the diverged trials
  const axes = { x, bottom, ceiling, top };
  return html`<div class="panels">${clouds.map(({ rule, colour, points }) =>
    panel(
      rule,
      points,
      clouds.filter((cloud) => cloud.rule !== rule).flatMap((cloud) => cloud.points),
      colour,
      axes,
    ),
  )}</div>`;
}

interface Axes {
  x: readonly [number, number];
  bottom: number;
  /** Largest loss of any finished trial, with some room. */
  ceiling: number;
  /** Upper edge of the strip of diverged trials. */
  top: number;
}

function panel(rule: RuleResult, points: Point[], others: Point[], colour: string, axes: Axes): Markup {
  const { x, bottom, ceiling, top } = axes;
  const strip = Math.sqrt(ceiling * top);
  const finished = points.filter(({ loss }) => loss !== null);
  const diverged = points.filter(({ loss }) => loss === null);
  const winner = finished.filter(({ trial }) => trial.hyperparameters.lr === rule.tuned.lr);
  const title = ({ trial, loss }: Point) =>
    `trial ${trial.number}: ${format.configuration(trial.hyperparameters)}; ${loss === null ? `diverged at step ${trial.steps}` : `validation loss ${format.loss(loss)}`}`;
  const svg = drawInPage(
    {
      width: 300,
      height: 230,
      marginTop: 8,
      marginBottom: 30,
      marginLeft: 38,
      marginRight: 8,
      x: {
        type: "log",
        domain: [...x],
        ticks: decades(...x),
        tickFormat: format.powerOfTen,
        label: null,
        tickSize: 4,
      },
      y: {
        type: "log",
        domain: [bottom, top],
        ticks: logTicks(bottom, ceiling),
        tickFormat: (y: number) => String(Number(y.toPrecision(3))),
        label: null,
        tickSize: 0,
        grid: true,
      },
      marks: [
        Plot.ruleY([ceiling], { stroke: "var(--faint)", strokeDasharray: "2 3" }),
        Plot.text(["diverged"], {
          frameAnchor: "top-left",
          dx: 2,
          dy: 4,
          fill: "var(--muted)",
          fontSize: 10.5,
        }),
        Plot.dot(
          others.filter(({ loss }) => loss !== null),
          { x: "lr", y: "loss", r: 2, fill: "var(--faint)", fillOpacity: 0.55 },
        ),
        Plot.dot(finished, { x: "lr", y: "loss", r: 4, fill: colour, title }),
        Plot.dot(winner, { x: "lr", y: "loss", r: 8, stroke: colour, strokeWidth: 1.5 }),
        Plot.dot(diverged, {
          x: "lr",
          y: strip,
          symbol: "times",
          r: 4.5,
          stroke: colour,
          strokeWidth: 2,
          title,
        }),
      ],
    },
    `${rule.name}: validation loss of ${finished.length} trials against learning rate; ${diverged.length} diverged`,
  );
  const share = diverged.length > 0 ? `, ${diverged.length} diverged` : "";
  return html`<figure><h3><span class="swatch" style="--colour:${colour}"></span>${rule.name}</h3>${svg}<figcaption>${points.length} trials${share}; best at lr ${rule.tuned.lr === undefined ? format.MISSING : format.hyperparameter(rule.tuned.lr)}</figcaption></figure>`;
}

function pointsOf({ trials }: RuleResult): Point[] {
  return trials.flatMap((trial) => {
    const { lr } = trial.hyperparameters;
    if (typeof lr !== "number" || !(lr > 0)) return [];
    const usable = trial.status === "finished" && trial.validationLoss !== null && trial.validationLoss > 0;
    return [{ lr, loss: usable ? trial.validationLoss : null, trial }];
  });
}
