/**
 * Two models and the way between them: the loss along the straight line and along a trained curve, over the share of the way. What is
 * no number is left open, and the line between the ends shows what a barrier is measured from.
 */
import * as Plot from "@observablehq/plot";
import { type CurveHeights, evenly } from "@thalweg/landscape";
import { draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface ConnectionDrawing {
  readonly title: string;
  readonly subtitle: string;
  readonly from: string;
  readonly to: string;
  readonly line: CurveHeights;
  readonly curve: CurveHeights;
  /** As the curve is called: "bezier" or "chain". */
  readonly kind: string;
}

const WIDTH = 720;
const MARGIN = { marginLeft: 64, marginRight: 28, marginTop: 88, marginBottom: 56 };
const HEADING = { frameAnchor: "top-left", dx: -52 } as const;

/** SVG text. */
export function connectionFigure(drawing: ConnectionDrawing): string {
  const { title, subtitle, from, to, line, curve, kind } = drawing;
  const points = ({ at, loss }: CurveHeights) => at.map((t, k) => ({ t, loss: finite(loss[k]!) }));
  const ends = [
    { t: 0, loss: line.loss[0]! },
    { t: 1, loss: line.loss.at(-1)! },
  ];
  const top = Math.max(...[...line.loss, ...curve.loss].filter(Number.isFinite));
  const label = (heights: CurveHeights, text: string) => {
    const highest = points(heights).reduce((a, b) => ((b.loss ?? 0) > (a.loss ?? 0) ? b : a));
    return { ...highest, text };
  };
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height: 400,
    ...MARGIN,
    x: {
      label: `share of the way from ${from} to ${to}`,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: evenly(6),
    },
    y: { label: null, domain: [0, top * 1.12], ticks: 6 },
    marks: [
      Plot.gridY({ strokeOpacity: 0.12 }),
      Plot.line(ends, { x: "t", y: "loss", strokeOpacity: 0.4, strokeDasharray: "3 4" }),
      Plot.line(points(line), { x: "t", y: "loss", stroke: "var(--path)", strokeWidth: 1.8 }),
      Plot.line(points(curve), { x: "t", y: "loss", stroke: "var(--mark)", strokeWidth: 2.2 }),
      Plot.dot(ends, { x: "t", y: "loss", r: 4, fill: "currentColor" }),
      Plot.text([label(line, "straight line")], {
        ...{ x: "t", y: "loss", text: "text", dy: -10 },
        fill: "var(--path)",
      }),
      Plot.text([label(curve, kind === "bezier" ? "Bézier curve" : "chain")], {
        ...{ x: "t", y: "loss", text: "text", dy: -10 },
        fill: "var(--mark)",
      }),
      Plot.text(["loss"], { ...HEADING, dy: -16, fillOpacity: 0.75 }),
      Plot.text([title], { ...HEADING, dy: -70, fontSize: 15, fontWeight: 600 }),
      Plot.text([subtitle], { ...HEADING, dy: -49, fillOpacity: 0.75 }),
    ],
  };
  return standalone(draw(options, `${title}: loss along the line and along a trained curve; ${subtitle}`));
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
