/** A schedule drawn: its value at each step, as a stair, since a step has one value. */
import * as Plot from "@observablehq/plot";
import { draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface ScheduleDrawing {
  readonly spec: string;
  /** The peak; 1 draws the factor itself. */
  readonly base: number;
  readonly values: readonly number[];
}

/** More steps than this cannot be told apart on 640 pixels; the first and last step are always kept. */
const MOST_POINTS = 1_280;

/** SVG text of the value over the steps. */
export function scheduleFigure({ spec, base, values }: ScheduleDrawing): string {
  const last = values.length - 1;
  const shown = Math.min(values.length, MOST_POINTS);
  const steps = Array.from({ length: shown }, (_, i) =>
    shown === 1 ? 0 : Math.round((i * last) / (shown - 1)),
  );
  const points = steps.map((step) => ({ step, value: values[step]! }));
  const label = base === 1 ? "factor" : "value";
  const options: Plot.PlotOptions = {
    width: 640,
    height: 300,
    marginLeft: 60,
    marginBottom: 44,
    marginTop: 56,
    marginRight: 24,
    x: { label: "step", labelAnchor: "center", labelArrow: "none", domain: [0, Math.max(1, last)] },
    y: { label, labelAnchor: "center", labelArrow: "none", zero: true, grid: true, nice: true },
    marks: [
      Plot.ruleY([0], { strokeOpacity: 0.5 }),
      Plot.line(points, {
        x: "step",
        y: "value",
        stroke: "var(--path)",
        strokeWidth: 1.75,
        ...(values.length <= 200 ? { curve: "step-after" as const } : {}),
      }),
      Plot.text([spec], { frameAnchor: "top-left", dx: -44, dy: -46, fontSize: 14, fontWeight: 600 }),
    ],
  };
  const range = `from ${values[0]} to ${values[last]} in ${values.length} steps`;
  return standalone(draw(options, `Schedule ${spec}, ${range}`));
}
