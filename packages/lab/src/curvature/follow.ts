/**
 * Training watched at the edge of stability: every few steps the sharpness λ₁ of the loss, in the coordinates of the rule that
 * trains, against the largest that is stable at the learning rate of the moment. Full-batch training climbs to that edge and stays there;
 * small batches keep below it.
 *
 * Source  Cohen et al., arXiv:2103.00065; for Adam and RMSProp arXiv:2207.14484.
 */
import {
  batchSharpness,
  type Estimate,
  edgeOperator,
  type ModelForm,
  SampledLoss,
  SharpnessTracker,
  type StabilityEdge,
  sampleExamples,
  samplesFrom,
  stabilityEdge,
} from "@thalweg/landscape";
import { checkHyper, type Rule, type Schedule, withHyper } from "@thalweg/optim";
import { type FitResult, fit } from "@thalweg/train";
import { createLearner, fitToTask } from "../compare/learner.ts";
import type { LoadedTask } from "../tasks/load.ts";
import type { MatrixName } from "./measure.ts";
import { examplesOf } from "./place.ts";

export interface FollowOptions {
  readonly loaded: LoadedTask;
  readonly rule: Rule;
  /** Factors of lr. */
  readonly schedule: Schedule;
  readonly steps: number;
  /** Steps between measurements. */
  readonly every: number;
  /** Examples of each step; all there are to train on where it is left out. */
  readonly batchSize?: number;
  /** Examples that sharpness is measured on. */
  readonly samples: number;
  readonly seed: number;
  readonly matrix: MatrixName;
  /** Of the model that is measured; "evaluation" by default. */
  readonly form?: ModelForm;
  readonly signal?: AbortSignal;
  onPoint?(point: SharpnessPoint): void;
}

/** One measurement. */
export interface SharpnessPoint {
  /** Finished steps. */
  readonly step: number;
  /** Of the examples that sharpness is measured on. */
  readonly loss: number;
  readonly sharpness: number;
  readonly threshold: number;
  /** sharpness / threshold: 1 is the edge. */
  readonly ratio: number;
  /** ‖A u − λ u‖ of the vector found. */
  readonly residual: number;
  /** |cos| of the angle to the vector of the measurement before; none at the first. */
  readonly turned?: number;
  readonly products: number;
  /** Of small batches under plain gradient descent: the curvature of each along its own gradient, which then rises to the edge. */
  readonly ofBatches?: Estimate;
}

/** Batches that sharpness is measured on, at most. */
const MOST_BATCHES = 10;

/** How many batches of a training are measured one by one: none of the whole data, and none of rules with a memory. */
export function measuredBatches({
  loaded,
  rule,
  samples,
  batchSize,
}: Pick<FollowOptions, "loaded" | "rule" | "samples" | "batchSize">): number {
  const plain = rule.name === "sgd" || rule.name === "gd";
  if (!plain || batchSize === undefined || batchSize >= trainingCount(loaded)) return 0;
  const count = Math.min(MOST_BATCHES, Math.floor(samples / batchSize));
  return count >= 2 ? count : 0;
}

export interface Followed extends Pick<FitResult, "end" | "step"> {
  readonly reason?: string;
  readonly points: readonly SharpnessPoint[];
  readonly formula: string;
  /** Whether the sharpness is that in the rule's scaled coordinates. */
  readonly scaled: boolean;
}

/** The condition of a rule. Raises RangeError where none is known. */
export function requireEdge(rule: Rule): StabilityEdge {
  const edge = stabilityEdge(rule);
  if (edge !== undefined) return edge;
  throw new RangeError(
    `Cannot follow ${rule.name} to the edge of stability as no condition is known for it: choose gd, sgd, momentum, nesterov, rmsprop, adam or adamw, with no other transforms`,
  );
}

/** Examples that are trained on: all but those held out. */
export const trainingCount = (loaded: LoadedTask): number => examplesOf(loaded, "train").among!.length;

/** Train and measure. Raises RangeError for a rule without a condition, and for sizes that do not fit the data. */
export async function followSharpness(options: FollowOptions): Promise<Followed> {
  const { loaded, schedule, steps, every, samples, seed, matrix, form, signal, onPoint } = options;
  const { task, dataset } = loaded;
  const rule = withHyper(options.rule, fitToTask(options.rule, task, Object.keys(options.rule.hyper)));
  checkHyper(rule, rule.hyper);
  const edge = requireEdge(rule);
  const { split, normalization, among } = examplesOf(loaded, "train");
  const { batchSize = among!.length } = options;
  const learner = await createLearner({ task, dataset, rule, batchSize, seed, indices: among! });
  const indices = sampleExamples(split, { count: samples, seed, among: among! });
  const { model, vector, optimizer } = learner;
  const drawn = samplesFrom({ split, normalization, indices });
  const loss = new SampledLoss({ model, vector, samples: drawn, ...(form && { form }) });
  const tracker = new SharpnessTracker(edge, { seed, products: 200 });
  const curvature = matrix === "hessian" ? loss.hessian() : loss.gaussNewton();
  const batches = measuredBatches({ ...options, batchSize });
  const points: SharpnessPoint[] = [];
  let next = 0; // the step that fit evaluates at

  /** Coordinates that the state scales are not there before the first step, nor is anything of a loss that is not finite. */
  const evaluate = async (): Promise<Record<string, number>> => {
    const step = next;
    next = Math.min(step + every, steps);
    const value = await loss.value();
    if (!Number.isFinite(value) || (edge.diagonal !== undefined && step === 0)) return { loss: value };
    const hyper = { ...rule.hyper, lr: rule.hyper.lr! * schedule.at(Math.max(0, step - 1)) };
    const scaled = edgeOperator(curvature, edge, hyper, optimizer.state().parameters);
    const { turned, ...measured } = await tracker.measure(scaled, hyper);
    const ofBatches =
      batches > 0 && (await batchSharpness({ model, vector, samples: drawn, batchSize, batches }));
    const point = {
      ...{ step, loss: value },
      ...measured,
      ...(Number.isNaN(turned) ? {} : { turned }),
      ...(ofBatches && { ofBatches }),
    };
    points.push(point);
    onPoint?.(point);
    return { loss: value, sharpness: point.sharpness };
  };
  try {
    const { end, step, reason } = await fit({
      ...learner,
      steps,
      schedules: { lr: schedule },
      evaluateEvery: every,
      evaluate,
      ...(signal && { signal }),
    });
    const why = reason === undefined ? {} : { reason };
    return { end, step, ...why, points, formula: edge.formula, scaled: edge.diagonal !== undefined };
  } finally {
    await loss.release();
    await learner.release();
  }
}
