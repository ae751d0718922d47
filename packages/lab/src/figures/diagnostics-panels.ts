/**
 * The panels of a run's diagnostics, a table: what each is called, what it says, and its marks, from the lines that have it. Panels for which
 * there are no numbers have no marks, and are not drawn.
 */
import * as Plot from "@observablehq/plot";
import type { DiagnosisInRun, RunDiagnostics } from "../diagnostics/read.ts";

export interface Panel {
  readonly title: string;
  /** How to read it. */
  readonly note: string;
  readonly marks: (run: RunDiagnostics) => Plot.Markish[] | undefined;
  readonly y?: Plot.ScaleOptions;
  /** The axis below, where it is not that of steps. */
  readonly x?: Plot.ScaleOptions;
}

/** One number of a step; those of a tensor, or of an instrument, by its name. */
interface Point {
  readonly step: number;
  readonly value: number;
  readonly name: string;
}

/** Okabe and Ito's, without yellow: told apart by all eyes, on light and dark. */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f"];

type Reading = Readonly<Record<string, number | null | undefined>> | undefined;

const pointsOf = (lines: readonly DiagnosisInRun[], read: (line: DiagnosisInRun) => Reading): Point[] =>
  lines.flatMap((line) =>
    Object.entries(read(line) ?? {}).flatMap(([name, value]) =>
      typeof value === "number" && Number.isFinite(value) ? [{ step: line.step, value, name }] : [],
    ),
  );

/** Lines with a key above them; undefined without points. */
function curves(points: readonly Point[], dots = false): Plot.Markish[] | undefined {
  if (points.length === 0) return undefined;
  const names = [...new Set(points.map(({ name }) => name))];
  const colour = ({ name }: Point) => COLOURS[names.indexOf(name) % COLOURS.length]!;
  const key = names.length > 1 && names.length <= 4 ? names : [];
  const space = { x: "step", y: "value", stroke: colour } as const;
  return [
    dots
      ? Plot.dot(points, { x: "step", y: "value", r: 1.8, fill: colour })
      : Plot.line(points, { ...space, z: "name", strokeWidth: names.length > 4 ? 0.9 : 1.5 }),
    ...key.map((name, k) =>
      Plot.text([name], {
        frameAnchor: "top-right",
        dy: 4 + 13 * k,
        dx: -4,
        fill: COLOURS[k % COLOURS.length]!,
        stroke: "var(--ground)",
        strokeWidth: 4,
        fontSize: 11,
      }),
    ),
  ];
}

const level = (value: number): Plot.Markish =>
  Plot.ruleY([value], { stroke: "currentColor", strokeOpacity: 0.55, strokeDasharray: "4 3" });

/** Curves with a level that they are read against. */
const against = (value: number | undefined, marks: Plot.Markish[] | undefined): Plot.Markish[] | undefined =>
  marks && (value === undefined ? marks : [level(value), ...marks]);

const log = { type: "log" } as const;
const positive = (points: Point[]) => points.filter(({ value }) => value > 0);

/** Averages of both parts, each on its own, over the lines so far: weights fall by a tenth from line to line. */
function noiseScales(lines: readonly DiagnosisInRun[]): Point[] {
  let [trace, square] = [0, 0];
  return lines.flatMap(({ step, examples }) => {
    if (examples === undefined) return [];
    trace = 0.9 * trace + 0.1 * examples.trace;
    square = 0.9 * square + 0.1 * examples.squaredGradient;
    return square > 0 && trace > 0 ? [{ step, value: trace / square, name: "noise scale" }] : [];
  });
}

const perTensor =
  (key: "ratio" | "idle") =>
  ({ tensors }: DiagnosisInRun): Reading =>
    tensors && Object.fromEntries(Object.entries(tensors.each).map(([name, each]) => [name, each[key]]));

/** Sizes of weights and gradients in octaves, of the last line that has them. */
function octaves({ lines }: RunDiagnostics): Plot.Markish[] | undefined {
  const last = lines.findLast(({ tensors }) => tensors !== undefined)?.tensors;
  if (last === undefined) return undefined;
  const points = (["weights", "gradients"] as const).flatMap((name) => {
    const all = last[name].octaves.reduce((sum, count) => sum + count, 0) + last[name].zero;
    return last[name].octaves.map((count, k) => ({ step: k - 40, value: count / all, name }));
  });
  return curves(points);
}

/** Gradients by weights, of the last line that has them: darker is more, by powers. */
function joint({ lines }: RunDiagnostics): Plot.Markish[] | undefined {
  const last = lines.findLast(({ tensors }) => tensors?.joint !== undefined)?.tensors?.joint;
  if (last === undefined) return undefined;
  const { counts, gradientReach, weightReach } = last;
  const most = Math.log1p(Math.max(...counts.flat()));
  const [height, width] = [(2 * gradientReach) / counts.length, (2 * weightReach) / counts[0]!.length];
  const cells = counts.flatMap((row, g) =>
    row.flatMap((count, w) =>
      count === 0
        ? []
        : [
            {
              x1: -weightReach + w * width,
              x2: -weightReach + (w + 1) * width,
              y1: -gradientReach + g * height,
              y2: -gradientReach + (g + 1) * height,
              share: Math.log1p(count) / most,
            },
          ],
    ),
  );
  return [
    Plot.rect(cells, {
      ...{ x1: "x1", x2: "x2", y1: "y1", y2: "y2", inset: 0 },
      fill: "#0072b2",
      fillOpacity: ({ share }: { share: number }) => 0.08 + 0.92 * share,
    }),
  ];
}

export const panels: readonly Panel[] = [
  {
    title: "Loss of the step's batch",
    note: "before the step",
    y: log,
    marks: ({ lines }) => curves(positive(pointsOf(lines, ({ loss }) => ({ loss })))),
  },
  {
    title: "Step quality α",
    note: "0: the minimum along the step; ±2: that, or beyond",
    y: { domain: [-2, 2], clamp: true },
    marks: ({ lines }) =>
      against(
        0,
        curves(
          pointsOf(lines, ({ examples }) => examples && { alpha: examples.alpha }),
          true,
        ),
      ),
  },
  {
    title: "Gradient tests",
    note: "below 1 the mean stands out from the noise",
    y: log,
    marks: ({ lines }) =>
      against(
        1,
        curves(
          positive(
            pointsOf(
              lines,
              ({ examples }) =>
                examples && {
                  norm: examples.normTest,
                  inner: examples.innerTest,
                  orthogonal: examples.orthogonalTest,
                },
            ),
          ),
        ),
      ),
  },
  {
    title: "Gradient noise scale",
    note: "examples worth their while; dashed: the batch",
    y: log,
    marks: ({ lines, batchSize }) => against(batchSize, curves(noiseScales(lines))),
  },
  {
    title: "Update over weight, each tensor",
    note: "dashed: the usual 1e-3",
    y: log,
    marks: ({ lines }) => against(1e-3, curves(positive(pointsOf(lines, perTensor("ratio"))))),
  },
  {
    title: "Units without a gradient, each tensor",
    note: "share of a tensor's units",
    marks: ({ lines }) => curves(pointsOf(lines, perTensor("idle"))),
  },
  {
    title: "Sharpness λ₁",
    note: "of the batch; dashed: the largest that is stable",
    marks: ({ lines }) => {
      const points = pointsOf(lines, ({ curvature }) => curvature && { sharpness: curvature.sharpness });
      const edge = pointsOf(lines, ({ curvature, stable }) => curvature && { stable });
      const top = 1.6 * Math.max(...points.map(({ value }) => value));
      const dashed = { x: "step", y: "value", strokeDasharray: "4 3", strokeOpacity: 0.7 } as const;
      const marks = curves(points, true);
      return (
        marks && [
          Plot.line(
            edge.filter(({ value }) => value <= top),
            dashed,
          ),
          ...marks,
        ]
      );
    },
  },
  {
    title: "Trace of the Hessian",
    note: "with two standard errors",
    marks: ({ lines }) => {
      const known = lines.flatMap(({ step, curvature }) =>
        curvature && Number.isFinite(curvature.trace.value)
          ? [{ step, value: curvature.trace.value, error: 2 * (curvature.trace.standardError ?? 0) }]
          : [],
      );
      if (known.length === 0) return undefined;
      return [
        Plot.ruleX(known, {
          x: "step",
          y1: ({ value, error }) => value - error,
          y2: ({ value, error }) => value + error,
          stroke: COLOURS[0]!,
          strokeOpacity: 0.35,
        }),
        Plot.dot(known, { x: "step", y: "value", r: 1.8, fill: COLOURS[0]! }),
      ];
    },
  },
  {
    title: "TIC",
    note: "squared gradients over the trace",
    marks: ({ lines }) =>
      curves(
        pointsOf(lines, ({ curvature }) => curvature && { tic: curvature.tic }),
        true,
      ),
  },
  {
    title: "Early-stopping criterion",
    note: "above 0 gradients carry no evidence",
    marks: ({ lines }) =>
      against(
        0,
        curves(pointsOf(lines, ({ examples }) => examples && { criterion: examples.earlyStopping })),
      ),
  },
  {
    title: "Batch size by CABS",
    note: "of plain gradient descent; dashed: the batch",
    y: log,
    marks: ({ lines, batchSize }) =>
      against(batchSize, curves(positive(pointsOf(lines, ({ cabs }) => ({ cabs }))))),
  },
  {
    title: "Cosine of updates",
    note: "with that before; below 0 they undo each other",
    marks: ({ lines }) =>
      against(
        0,
        curves(pointsOf(lines, ({ tensors }) => tensors?.since && { cosine: tensors.since.cosine })),
      ),
  },
  {
    title: "Gradient and its noise",
    note: "‖G‖² without bias, and tr Σ of one example",
    y: log,
    marks: ({ lines }) =>
      curves(
        positive(
          pointsOf(
            lines,
            ({ examples }) => examples && { "‖G‖²": examples.squaredGradient, "tr Σ": examples.trace },
          ),
        ),
      ),
  },
  {
    title: "Sizes of weights and gradients",
    note: "share in each octave, at the end",
    x: { label: "power of two" },
    marks: octaves,
  },
  {
    title: "Gradients by weights",
    note: "how many numbers, at the end; gradient upwards",
    x: { label: "weight" },
    marks: joint,
  },
  {
    title: "What it cost",
    note: "per cent of training's time, each instrument",
    y: { ...log, percent: true, label: null },
    marks: ({ lines }) => curves(positive(pointsOf(lines, ({ overhead }) => overhead))),
  },
];
