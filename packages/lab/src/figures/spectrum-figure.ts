/**
 * The spectrum of a loss's curvature: how the eigenvalues are spread, on a logarithmic scale since a few stand far from the many, with
 * those that were found one by one as ticks below, and the edge of stability where there is one.
 */
import * as Plot from "@observablehq/plot";
import { defaultDeviation, densityAt, nodeRange, type SpectralDensity } from "@thalweg/landscape";
import { decades, draw } from "../report/chart.ts";
import { standalone } from "./standalone.ts";

export interface SpectrumDrawing {
  readonly title: string;
  readonly subtitle: string;
  readonly density: SpectralDensity;
  /** Eigenvalues that were found one by one. */
  readonly eigenvalues: readonly number[];
  /** The largest curvature that is stable, and what it is called. */
  readonly edge?: { readonly threshold: number; readonly label: string };
  /** Of the normal densities that nodes are drawn as; `defaultDeviation` by default. */
  readonly deviation?: number;
}

const WIDTH = 720;
const MARGIN = { marginLeft: 64, marginRight: 24, marginTop: 88, marginBottom: 56 };
const POINTS = 800;

/** SVG text of the density. */
export function spectrumFigure(drawing: SpectrumDrawing): string {
  const { title, subtitle, density, eigenvalues, edge, deviation = defaultDeviation(density) } = drawing;
  const [least, largest] = nodeRange(density);
  const low = Math.min(least, ...eigenvalues) - 4 * deviation;
  const high = Math.max(largest, ...eigenvalues) + 4 * deviation;
  // an edge far out would press the spectrum into a corner: then it is named, and not drawn
  const visible = edge !== undefined && edge.threshold <= high + (high - low);
  const right = visible ? Math.max(high, edge.threshold + 0.08 * (high - low)) : high;
  const at = Array.from({ length: POINTS + 1 }, (_, k) => low + ((right - low) * k) / POINTS);
  const heights = densityAt(density, at, deviation);
  const top = Math.max(...heights);
  const floor = top * 1e-7; // below one eigenvalue in ten million
  const curve = at.map((lambda, k) => ({ lambda, height: Math.max(heights[k]!, floor) }));
  const ticks = decades(floor, top).filter((_, k, all) => k % Math.ceil(all.length / 6) === 0);
  const label = edge === undefined ? "" : visible ? edge.label : `${edge.label}, beyond the right edge`;
  const options: Plot.PlotOptions = {
    width: WIDTH,
    height: 420,
    ...MARGIN,
    x: { label: "eigenvalue λ", domain: [low, right], labelAnchor: "center", labelArrow: "none" },
    y: {
      type: "log",
      label: null,
      domain: [floor, top * 1.5],
      ticks,
      tickFormat: (v: number) => v.toExponential(0),
    },
    marks: [
      Plot.gridY({ ticks, strokeOpacity: 0.12 }),
      Plot.areaY(curve, { x: "lambda", y1: floor, y2: "height", fill: "var(--mark)", fillOpacity: 0.14 }),
      Plot.line(curve, { x: "lambda", y: "height", stroke: "var(--mark)", strokeWidth: 1.8 }),
      Plot.ruleX([0], { strokeOpacity: 0.5 }),
      Plot.tickX(eigenvalues, {
        x: (value: number) => value,
        stroke: "var(--path)",
        strokeWidth: 1.6,
        insetTop: 420 - MARGIN.marginTop - MARGIN.marginBottom - 16,
      }),
      Plot.text(["ticks: eigenvalues found one by one"], {
        frameAnchor: "bottom-right",
        dy: -20,
        fill: "var(--path)",
        fillOpacity: 0.85,
      }),
      visible
        ? Plot.ruleX([edge.threshold], { stroke: "var(--path)", strokeWidth: 2, strokeDasharray: "6 4" })
        : null,
      edge === undefined
        ? null
        : Plot.text([label], {
            ...(visible
              ? { x: [edge.threshold], y: [top], textAnchor: "end", dx: -6 }
              : { frameAnchor: "top-right" }),
            fill: "var(--path)",
          }),
      Plot.text(["share of eigenvalues per unit of λ"], { ...HEADING, dy: -16, fillOpacity: 0.75 }),
      Plot.text([title], { ...HEADING, dy: -70, fontSize: 15, fontWeight: 600 }),
      Plot.text([subtitle], { ...HEADING, dy: -49, fillOpacity: 0.75 }),
    ],
  };
  return standalone(draw(options, `${title}: density of eigenvalues; ${subtitle}`));
}

const HEADING = { frameAnchor: "top-left", dx: -52 } as const;
