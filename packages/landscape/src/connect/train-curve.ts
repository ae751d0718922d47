/**
 * Train the bends of a curve so that the loss is low all along it. Every step draws one place on the curve, and the gradient of the
 * loss there is passed on to the bends:
 *
 *   minimise over bends  E_{t ~ U(0,1)} [ L(φ(t)) + ½ λ ‖φ(t)‖² ]        ∂/∂w_i = c_i(t) (∇L(φ(t)) + λ φ(t))
 *
 * To the training loop this is a program like any other, whose parameters are the bends: schedules, divergence, run folders and resuming
 * are the loop's. The reported training loss is L alone. Batch normalisation uses the statistics of the batch, as in all training.
 *
 * Source: Garipov et al., arXiv:1802.10026, algorithm in section 3.1.
 */
import { Batches, type BatchValues } from "@thalweg/data";
import { type Rule, type Schedule, stateSlotCount } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import {
  type Batch,
  type Evaluation,
  type FitResult,
  fit,
  loadCheckpoint,
  type Model,
  optimizerOf,
  ParameterVector,
  type RunFolder,
  TrainingProgram,
} from "@thalweg/train";
import type { Examples } from "../evaluate/examples.ts";
import { type Curve, type CurveKind, coefficients, straightCurve, writeCurve } from "./curve.ts";
import { barrierOf, CurveMeter, evenly } from "./curve-heights.ts";

export interface CurveTraining {
  readonly model: Model;
  readonly from: Float32Array;
  readonly to: Float32Array;
  readonly kind: CurveKind;
  /** Points between the ends: 1 by default, at least 1. */
  readonly bends?: number;
  readonly examples: Examples;
  readonly batchSize: number;
  readonly steps: number;
  readonly rule: Rule;
  readonly schedules?: Readonly<Record<string, Schedule>>;
  /** λ; 0 by default. */
  readonly weightDecay?: number;
  /** Draws batches and places. */
  readonly seed: number;
  /** Steps between looks at the whole curve, of which each measures its largest loss at 9 places; a quarter of all by default. */
  readonly evaluateEvery?: number;
  readonly run?: RunFolder;
  readonly signal?: AbortSignal;
  onEvaluation?(evaluation: Evaluation): void;
}

export interface TrainedCurve {
  readonly curve: Curve;
  readonly result: FitResult;
}

/** Places at which evaluations look. */
const PLACES = 9;

/** Raises RangeError for models or settings that do not fit together. */
export async function trainCurve(options: CurveTraining): Promise<TrainedCurve> {
  const { model, from, to, kind, bends = 1, examples, batchSize, steps, rule, seed } = options;
  const { weightDecay = 0, schedules = {}, run, signal, onEvaluation } = options;
  if (!(bends >= 1)) {
    throw new RangeError(`Cannot train a curve as it must have a bend at least: it has ${bends}`);
  }
  const start = straightCurve(kind, from, to, bends);
  const vector = bendsVector(model, bends, stateSlotCount(rule));
  start.points.slice(1, -1).forEach((point, k) => {
    vector.parameters.set(point, k * from.length);
  });
  const curve: Curve = { kind, points: [from, ...partsOf(vector.parameters, bends), to] };
  const at = new ParameterVector(model.module, { stateSlots: 0 });
  if (at.size !== from.length) {
    throw new RangeError(
      `Cannot train a curve as its ends must be of the model, which has ${at.size} parameters: they have ${from.length}`,
    );
  }
  at.initialize(model.module, seed);
  const { optimizer, release } = optimizerOf(vector, rule, seed);
  const inner = await TrainingProgram.create({ model, vector: at, batchSize, seed, updatesBuffers: false });
  const batches = new Batches(examples.split, { ...examples, batchSize, seed });
  const meter = await CurveMeter.create({ model, examples });
  try {
    const result = await fit({
      ...{ vector, optimizer, schedules, steps },
      program: {
        batch: inner.batch,
        run: async (step) => {
          const t = stream(seed, "connect/place", step).uniform();
          writeCurve(curve, t, at.parameters);
          const loss = await inner.run(step);
          passOn(coefficients(kind, t, curve.points.length), at, weightDecay, vector.gradients);
          return loss;
        },
      },
      fill: (step: number, { x, labels }: Batch) =>
        batches.fill(step, x as BatchValues, labels as BatchValues),
      evaluateEvery: options.evaluateEvery ?? Math.max(1, Math.ceil(steps / 4)),
      evaluate: async () => {
        const heights = await meter.measure(curve, evenly(PLACES));
        return { highestLoss: Math.max(...heights.loss), barrier: barrierOf(heights).height };
      },
      ...(run && { run }),
      ...(signal && { signal }),
      ...(onEvaluation && { onEvaluation }),
    });
    if (run) loadCheckpoint(run, vector, optimizer); // a run that had ended before was not trained again
    return { curve: { kind, points: curve.points.map((point) => point.slice()) }, result };
  } finally {
    await inner.release();
    await meter.release();
    await release();
  }
}

/** The bends end to end, each with the model's tensors. */
function bendsVector({ module }: Model, bends: number, stateSlots: number): ParameterVector {
  const parameters = Array.from({ length: bends }, (_, k) =>
    module.parameters.map((spec) => ({ ...spec, name: `bend${k + 1}/${spec.name}` })),
  ).flat();
  return new ParameterVector({ parameters, buffers: [] }, { stateSlots });
}

const partsOf = (vector: Float32Array, parts: number): Float32Array[] => {
  const size = vector.length / parts;
  return Array.from({ length: parts }, (_, k) => vector.subarray(k * size, (k + 1) * size));
};

/** g_i = c_i (g + λ φ) for every bend. */
function passOn(
  weights: readonly number[],
  { parameters, gradients }: ParameterVector,
  weightDecay: number,
  into: Float32Array,
): void {
  weights.slice(1, -1).forEach((c, k) => {
    const offset = k * parameters.length;
    for (let j = 0; j < parameters.length; j++)
      into[offset + j] = c * (gradients[j]! + weightDecay * parameters[j]!);
  });
}
