/**
 * Forest plot: each rule's paired difference from the first with its 95 % interval, and the line of no difference.
 *
 * Filled dots are distinguishable from zero, hollow ones are not; a rule whose runs diverged has no dot but a note in its row.
 */
import * as Plot from "@observablehq/plot";
import type { PairedDifference } from "../statistics/index.ts";
import { drawBoth, isNarrow } from "./chart.ts";
import type { Comparison } from "./comparison.ts";
import * as format from "./format.ts";
import { html, type Markup } from "./html.ts";
import { ruleColour } from "./style.ts";

interface Panel {
  title: string;
  pick(difference: { accuracy: PairedDifference; loss: PairedDifference }): PairedDifference;
  print(value: number): string;
  /** Factor from the data's unit to the axis's. */
  scale: number;
  /** Where better lies. */
  better: string;
}

export function forestPlots(comparison: Comparison): Markup {
  const first = comparison.rules[0];
  if (!first || comparison.rules.length < 2)
    return html`<p class="note">One rule: there is nothing to pair.</p>`;
  const panels: Panel[] = [
    {
      title: `Test accuracy minus ${first.name}, percentage points`,
      pick: ({ accuracy }) => accuracy,
      print: format.signedPercent,
      scale: 100,
      better: "better →",
    },
    {
      title: `Test loss minus ${first.name}, ${comparison.task.lossUnit}`,
      pick: ({ loss }) => loss,
      print: format.signedLoss,
      scale: 1,
      better: "← better",
    },
  ];
  return html`<div class="pair">${panels.map((panel) => forest(comparison, panel))}</div>`;
}

function forest({ rules }: Comparison, { title, pick, print, scale, better }: Panel): Markup {
  const entries = rules.flatMap((rule, index) => {
    if (!rule.difference) return [];
    const difference = pick(rule.difference);
    const { mean, interval, verdict, reason } = difference;
    const numbers = mean === null ? "diverged" : `${print(mean)} ${format.interval(interval, print)}`.trim();
    return [
      {
        name: rule.name,
        colour: ruleColour(index),
        filled: verdict === "distinguishable",
        mean: mean === null ? null : mean * scale,
        low: (interval?.low ?? mean ?? 0) * scale,
        high: (interval?.high ?? mean ?? 0) * scale,
        numbers,
        hint: `${rule.name}: ${numbers}, ${verdict}; ${reason}`,
      },
    ];
  });
  const reach = entries.filter(({ mean }) => mean !== null).flatMap(({ low, high }) => [low, high]);
  const widest = Math.max(...reach.map(Math.abs), 0) || 1;
  const room = 0.08 * (Math.max(0, ...reach) - Math.min(0, ...reach) || widest);
  const domain = [Math.min(0, ...reach) - room, Math.max(0, ...reach) + room];
  const options = (width: number): Plot.PlotOptions => ({
    width,
    height: 62 + 30 * entries.length,
    marginTop: 28,
    marginBottom: 34,
    marginLeft: 84,
    marginRight: isNarrow(width) ? 12 : 170,
    x: {
      domain,
      label: null,
      ticks: isNarrow(width) ? 3 : 4,
      tickSize: 4,
      tickFormat: (x: number) =>
        x === 0 ? "0" : `${x > 0 ? "+" : "−"}${Number(Math.abs(x).toPrecision(6))}`,
    },
    y: { type: "band", domain: entries.map(({ name }) => name), label: null, axis: null },
    marks: [
      Plot.text([title], {
        frameAnchor: "top-left",
        dx: -84,
        dy: -22,
        textAnchor: "start",
        fontWeight: 600,
        fill: "currentColor",
      }),
      Plot.text([better], {
        frameAnchor: better.startsWith("←") ? "bottom-left" : "bottom-right",
        dy: 32,
        textAnchor: better.startsWith("←") ? "start" : "end",
        fill: "var(--muted)",
      }),
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.55 }),
      ...entries.flatMap(({ name, colour, filled, mean, low, high, numbers, hint }) => [
        Plot.text([name], {
          y: () => name,
          frameAnchor: "left",
          dx: -84,
          textAnchor: "start",
          fill: colour,
          fontWeight: 600,
        }),
        ...(mean === null
          ? isNarrow(width)
            ? [
                Plot.text([name], {
                  y: (d: string) => d,
                  text: () => "diverged",
                  x: 0,
                  dx: 8,
                  textAnchor: "start",
                  fill: colour,
                }),
              ]
            : []
          : [
              Plot.ruleY([name], { y: (d: string) => d, x1: low, x2: high, stroke: colour, strokeWidth: 2 }),
              Plot.dot([name], {
                y: (d: string) => d,
                x: mean,
                r: 5,
                stroke: colour,
                strokeWidth: 2,
                fill: filled ? colour : "var(--page)",
                title: () => hint,
              }),
            ]),
        ...(isNarrow(width)
          ? []
          : [
              Plot.text([name], {
                y: (d: string) => d,
                text: () => numbers,
                frameAnchor: "right",
                dx: 170,
                textAnchor: "end",
                fill: "currentColor",
              }),
            ]),
      ]),
    ],
  });
  return html`<figure>${drawBoth(options, `${title}: ${entries.map(({ name, numbers }) => `${name} ${numbers}`).join("; ")}`)}</figure>`;
}
