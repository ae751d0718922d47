/** What diagnostics say is wrong with a run: each alert with the number that fired it, over the last lines that have it. */
import type { Diagnosis } from "./monitor.ts";

export interface Alert {
  readonly name: string;
  /** What was found, and what helps. */
  readonly text: string;
}

/** Fewest lines to go by, and most. */
const [FEWEST, WINDOW] = [5, 50];

interface AlertRule {
  readonly name: string;
  /** The number of a line, where it has one. */
  readonly value: (line: Diagnosis) => number | undefined;
  readonly fires: (median: number) => boolean;
  readonly text: (median: number) => string;
}

const worst = (values: readonly (number | null | undefined)[]): number | undefined => {
  const known = values.filter((value): value is number => Number.isFinite(value));
  return known.length === 0 ? undefined : Math.max(...known);
};
const tensorsOf = ({ tensors }: Diagnosis) => Object.values(tensors?.each ?? {});

const RULES: readonly AlertRule[] = [
  {
    name: "steps too long",
    value: ({ examples }) => examples?.alpha,
    fires: (alpha) => alpha > 0.5,
    text: (alpha) =>
      `the median of α is ${alpha.toFixed(2)}, beyond the minimum along the step: lower the learning rate`,
  },
  {
    name: "steps too short",
    value: ({ examples }) => examples?.alpha,
    fires: (alpha) => alpha < -0.9 && alpha > -1,
    text: (alpha) =>
      `the median of α is ${alpha.toFixed(2)}, hardly on the way to the minimum: raise the learning rate`,
  },
  {
    name: "updates too large",
    value: (line) => worst(tensorsOf(line).map(({ ratio }) => ratio)),
    fires: (ratio) => ratio > 0.1,
    text: (ratio) => `some tensor's update is ${ratio.toPrecision(2)} of its weights: 1e-3 is usual`,
  },
  {
    name: "idle units",
    value: (line) => worst(tensorsOf(line).map(({ idle }) => idle)),
    fires: (share) => share > 0.5,
    text: (share) => `${(100 * share).toFixed(0)} % of some tensor's units had no gradient at all`,
  },
  {
    name: "beyond the edge of stability",
    value: ({ curvature }) => curvature?.ratio,
    fires: (ratio) => ratio > 1.2,
    text: (ratio) => `λ₁ is ${ratio.toPrecision(3)} times the largest that is stable at this learning rate`,
  },
  {
    name: "noise drowns the gradient",
    value: ({ examples }) => examples?.earlyStopping,
    fires: (value) => value > 0,
    text: (value) =>
      `the early-stopping criterion is ${value.toPrecision(2)}, above 0: gradients of the batch carry no evidence; enlarge batches, lower the rate, or stop`,
  },
];

/** Those that fire. Numbers that are none in a line do not count. */
export function alerts(lines: readonly Diagnosis[]): Alert[] {
  return RULES.flatMap(({ name, value, fires, text }) => {
    const known = lines
      .map(value)
      .filter((one): one is number => Number.isFinite(one))
      .slice(-WINDOW);
    if (known.length < FEWEST) return [];
    const median = known.sort((a, b) => a - b)[known.length >> 1]!;
    return fires(median) ? [{ name, text: text(median) }] : [];
  });
}
