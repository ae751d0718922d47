/**
 * Sharpness while a network trains, below or at the edge of stability: λ₁ as dots, the largest stable curvature as a dashed line. Above
 * it the loss, on the same axis of steps.
 */
import * as Plot from "@observablehq/plot";
import type { SharpnessPoint } from "../curvature/follow.ts";
import { draw, logTicks } from "../report/chart.ts";
import { trusted } from "../report/html.ts";
import { standalone } from "./standalone.ts";

export interface EdgeDrawing {
  readonly title: string;
  readonly subtitle: string;
  readonly points: readonly SharpnessPoint[];
  /** The largest stable curvature, as text. */
  readonly formula: string;
}

const WIDTH = 720;
const LOSS = { height: 220, marginTop: 92, marginBottom: 14 };
const SHARPNESS = { height: 300, marginTop: 26, marginBottom: 48 };
const SIDES = { width: WIDTH, marginLeft: 64, marginRight: 24 };

/** SVG text of both. */
export function edgeFigure({ title, subtitle, points, formula }: EdgeDrawing): string {
  const x: Plot.ScaleOptions = { domain: [points[0]!.step, points.at(-1)!.step] };
  const losses = points.map(({ loss }) => loss);
  const ticks = logTicks(Math.min(...losses), Math.max(...losses));
  // a threshold that rises without bound, as a rate falls to zero, leaves the picture
  const top = 1.6 * Math.max(...points.map(({ sharpness }) => sharpness));
  const label = `${title}: sharpness and the edge of stability over the steps; ${subtitle}`;
  const loss = draw(
    {
      ...SIDES,
      ...LOSS,
      x: { ...x, axis: null },
      y: {
        type: "log",
        label: null,
        ticks,
        tickFormat: (value: number) => String(Number(value.toPrecision(2))),
      },
      marks: [
        Plot.gridY({ ticks, strokeOpacity: 0.12 }),
        Plot.line(points, { x: "step", y: "loss", stroke: "currentColor", strokeWidth: 1.6 }),
        Plot.text(["loss"], { ...HEADING, dy: -14, fillOpacity: 0.75 }),
        Plot.text([title], { ...HEADING, dy: -74, fontSize: 15, fontWeight: 600 }),
        Plot.text([subtitle], { ...HEADING, dy: -53, fillOpacity: 0.75 }),
      ],
    },
    label,
  );
  const sharpness = draw(
    {
      ...SIDES,
      ...SHARPNESS,
      x: { ...x, label: "step", labelAnchor: "center", labelArrow: "none" },
      y: { label: null, domain: [0, top], ticks: 6 },
      marks: [
        Plot.gridY({ strokeOpacity: 0.12 }),
        Plot.ruleY([0], { strokeOpacity: 0.5 }),
        Plot.line(
          points.filter(({ threshold }) => threshold <= top),
          { x: "step", y: "threshold", stroke: "var(--path)", strokeWidth: 2, strokeDasharray: "6 4" },
        ),
        Plot.dot(points, { x: "step", y: "sharpness", r: 2.4, fill: "var(--mark)" }),
        Plot.text([`sharpness λ₁, and dashed the largest that is stable, ${formula}`], {
          ...HEADING,
          dy: -14,
          fillOpacity: 0.75,
        }),
      ],
    },
    "sharpness",
  );
  const height = LOSS.height + SHARPNESS.height;
  const below = sharpness.text.replace("<svg ", `<svg y="${LOSS.height}" `);
  return standalone(
    trusted(
      `<svg width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">${loss.text}${below}</svg>`,
    ),
  );
}

const HEADING = { frameAnchor: "top-left", dx: -52 } as const;
