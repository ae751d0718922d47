/** What curves of runs can be drawn over, and of what. */
import type { Columns } from "../../columns.ts";
import type { RunSummary } from "./types.ts";

export interface XAxis {
  readonly label: string;
  /** Values of a run, from its columns; undefined where they are not known. */
  readonly of: (columns: Columns, run: RunSummary) => Float64Array | undefined;
}

export const X_AXES = {
  step: { label: "step", of: (columns) => columns.get("step") },
  examples: {
    label: "examples seen",
    of: (columns, { config }) => {
      const { batchSize, batches } = config;
      if (typeof batchSize !== "number" || batches !== undefined) return undefined; // a growing batch's are not in the log
      return columns.get("step")?.map((step) => step * batchSize);
    },
  },
  gradients: { label: "gradient evaluations", of: (columns) => columns.get("gradients") },
  time: { label: "time in training steps, s", of: (columns) => columns.get("seconds") },
} as const satisfies Record<string, XAxis>;
export type XName = keyof typeof X_AXES;

/** Measures that the runs have, the usual ones first. */
export function measuresOf(runs: Iterable<RunSummary>): string[] {
  const names = new Set<string>();
  for (const { last } of runs) for (const name of Object.keys(last)) names.add(name);
  for (const axis of ["step", "gradients", "seconds"]) names.delete(axis);
  const rank = (name: string) => (USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const USUAL = ["validationLoss", "testLoss", "trainLoss", "testAccuracy", "validationAccuracy"];

/** `validationLoss` as people read it: "validation loss"; `scheduled.lr`: "factor of lr". */
export function measureTitle(name: string): string {
  const [, scheduled] = /^scheduled\.(.*)$/.exec(name) ?? [];
  return scheduled !== undefined
    ? `factor of ${scheduled}`
    : name.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

/** Four digits, for tables and tips. */
export const brief = (value: number | undefined | null): string =>
  value === undefined || value === null || Number.isNaN(value)
    ? "–"
    : Number.isFinite(value)
      ? String(Number(value.toPrecision(4)))
      : value > 0
        ? "∞"
        : "−∞";
