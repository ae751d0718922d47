/** Lines of a run's diagnostics (`thalweg train --diagnose`) as series for charts. What a line does not have is left out. */

export interface Diagnosis {
  readonly step: number;
  readonly loss: number | null;
  readonly tensors?: {
    readonly each: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
    readonly weights: Magnitudes;
    readonly gradients: Magnitudes;
    readonly update: number | null;
    readonly since?: {
      readonly steps: number;
      readonly distance: number | null;
      readonly cosine: number | null;
    };
  };
  readonly examples?: Readonly<Record<string, number | null>>;
  readonly overhead: Readonly<Record<string, number | null>>;
}

interface Magnitudes {
  readonly zero: number;
  readonly octaves: readonly number[];
  readonly notFinite: number;
}

export interface Point {
  readonly step: number;
  readonly value: number;
  /** The tensor, or the test. */
  readonly name: string;
}

/** One measure of each tensor: "weight", "gradient", "update", "ratio" or "idle". */
export function tensorSeries(lines: readonly Diagnosis[], measure: string): Point[] {
  return lines.flatMap(({ step, tensors }) =>
    Object.entries(tensors?.each ?? {}).flatMap(([name, measures]) => point(step, name, measures[measure])),
  );
}

/** Measures of the gradients of single examples, under titles. */
export function exampleSeries(
  lines: readonly Diagnosis[],
  measures: Readonly<Record<string, string>>,
): Point[] {
  return lines.flatMap(({ step, examples }) =>
    examples === undefined
      ? []
      : Object.entries(measures).flatMap(([key, name]) => point(step, name, examples[key])),
  );
}

/** How the latest update agrees with the one measured before. */
export const cosineSeries = (lines: readonly Diagnosis[]): Point[] =>
  lines.flatMap(({ step, tensors }) => point(step, "cosine", tensors?.since?.cosine));

const point = (step: number, name: string, value: number | null | undefined): Point[] =>
  typeof value === "number" && Number.isFinite(value) ? [{ step, name, value }] : [];

/** A cell of a histogram over time: the share of numbers whose size is in [2^octave, 2^(octave + 1)). */
export interface Cell {
  readonly x1: number;
  readonly x2: number;
  readonly octave: number;
  readonly share: number;
}

/** Of the first octave in `Magnitudes`. */
const LEAST_OCTAVE = -40;

/** Histograms of all numbers, zeros left out of the picture but not of the shares. */
export function octaveCells(lines: readonly Diagnosis[], of: "weights" | "gradients"): Cell[] {
  const measured = lines.filter(({ tensors }) => tensors !== undefined);
  return measured.flatMap(({ step, tensors }, i) => {
    const { octaves, zero, notFinite } = tensors![of];
    const all = octaves.reduce((a, b) => a + b, zero + notFinite);
    const x2 = measured[i + 1]?.step ?? step + (step - (measured[i - 1]?.step ?? step - 1));
    return octaves.flatMap((count, k) =>
      count === 0 ? [] : [{ x1: step, x2, octave: LEAST_OCTAVE + k, share: count / all }],
    );
  });
}

/** Shares of zeros and of what is not finite. */
export const oddNumbers = (lines: readonly Diagnosis[], of: "weights" | "gradients"): Point[] =>
  lines.flatMap(({ step, tensors }) => {
    if (tensors === undefined) return [];
    const { octaves, zero, notFinite } = tensors[of];
    const all = octaves.reduce((a, b) => a + b, zero + notFinite);
    return [
      { step, name: "zero", value: zero / all },
      { step, name: "not finite", value: notFinite / all },
    ];
  });
