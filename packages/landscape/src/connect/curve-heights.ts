/**
 * The loss along a curve, exact over its examples, and what is told of it in one number. Between two models running statistics mean
 * nothing, so they are measured anew at every point; the ends then have the values of the models themselves.
 */
import { type Model, ParameterVector, Evaluator as SplitEvaluator } from "@thalweg/train";
import { Statistics } from "../evaluate/batch-norm.ts";
import type { Examples } from "../evaluate/examples.ts";
import { type Curve, chordLengths, writeCurve } from "./curve.ts";

export interface CurveHeights {
  /** Where on the curve, from 0 to 1. */
  readonly at: readonly number[];
  readonly loss: readonly number[];
  /** Shares such as accuracy, by name. */
  readonly others: Readonly<Record<string, readonly number[]>>;
  /** Length of the curve from 0 to each t, by chords. */
  readonly lengths: readonly number[];
}

export interface HeightsOptions {
  readonly model: Model;
  readonly examples: Examples;
  /** Examples that running statistics are measured on; the first 1 000 by default. */
  readonly statisticsOf?: number;
  readonly threads?: number;
}

/** Examples that are computed at once. */
const BATCH = 500;

/** Measures curves of one model on the same examples. */
export class CurveMeter {
  private readonly vector: ParameterVector;
  private readonly evaluator: SplitEvaluator;
  private readonly statistics: Statistics | null;

  private constructor(vector: ParameterVector, evaluator: SplitEvaluator, statistics: Statistics | null) {
    this.vector = vector;
    this.evaluator = evaluator;
    this.statistics = statistics;
  }

  static async create({ model, examples, statisticsOf, threads = 1 }: HeightsOptions): Promise<CurveMeter> {
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.initialize(model.module, 0); // buffers that nothing updates keep their starting values
    const { split, indices, normalization } = examples;
    const evaluator = await SplitEvaluator.create({
      ...{ model, vector, split, indices, normalization, threads },
      batchSize: Math.min(BATCH, indices.length),
    });
    const { module, inputs, measure } = model;
    const rows = (...[context, batch]: Parameters<Model["measure"]>) => ({
      loss: measure(context, batch).loss,
    });
    const statistics =
      vector.bufferSegments.length === 0
        ? null
        : await Statistics.create({
            ...{ model: { module, inputs, rows }, examples, vector, threads },
            ...(statisticsOf !== undefined && { statisticsOf }),
          });
    return new CurveMeter(vector, evaluator, statistics);
  }

  /** Measure a curve at the places `at`, in [0, 1] and ascending. */
  async measure(curve: Curve, at: readonly number[]): Promise<CurveHeights> {
    const { vector, evaluator, statistics } = this;
    const measured: Record<string, number>[] = [];
    for (const t of at) {
      writeCurve(curve, t, vector.parameters);
      if (statistics !== null) vector.buffers.set(await statistics.measure(vector));
      measured.push(await evaluator.run());
    }
    const names = Object.keys(measured[0] ?? {}).filter((name) => name !== "loss");
    let length = 0;
    return {
      at,
      loss: measured.map(({ loss }) => loss!),
      others: Object.fromEntries(names.map((name) => [name, measured.map((one) => one[name]!)])),
      lengths: [0, ...chordLengths(curve, at).map((chord) => (length += chord))],
    };
  }

  async release(): Promise<void> {
    await this.evaluator.release();
    await this.statistics?.release();
  }
}

/** So many places from 0 to 1, at equal distances. */
export const evenly = (count: number): number[] => Array.from({ length: count }, (_, k) => k / (count - 1));

/**
 * How far the loss rises above the line between the losses at the ends, and where: max over t of
 *
 *   L(φ(t)) − (1 − t) L(φ(0)) − t L(φ(1))
 *
 * Zero at the ends, so never less. A loss that is no number is a barrier without height: NaN.
 * Source: Frankle et al., arXiv:1912.05671, section 2, for the line; the same for a curve here.
 */
export function barrierOf({ at, loss }: CurveHeights): { height: number; at: number } {
  const [first, last] = [loss[0]!, loss.at(-1)!];
  let barrier = { height: 0, at: 0 };
  for (const [k, t] of at.entries()) {
    const height = loss[k]! - (1 - t) * first - t * last;
    if (!Number.isFinite(height)) return { height: Number.NaN, at: t };
    if (height > barrier.height) barrier = { height, at: t };
  }
  return barrier;
}

/** The mean loss by length of curve, ∫ L ds / ∫ ds, by trapezes. */
export function meanAlong({ loss, lengths }: CurveHeights): number {
  let sum = 0;
  for (let k = 1; k < loss.length; k++)
    sum += ((loss[k]! + loss[k - 1]!) / 2) * (lengths[k]! - lengths[k - 1]!);
  return sum / lengths.at(-1)!;
}
