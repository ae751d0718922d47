/**
 * Train a plane to show a picture: low loss where it is drawn, high loss around it. Each step takes one batch and some cells of both
 * kinds:
 *
 *   J = mean over low cells of L(w) + c · mean over high cells of max(0, τ − L(w))
 *
 * A high cell whose loss is above τ has no gradient. To the training loop this is a program whose parameters are those of the plane.
 * Batch normalisation uses the statistics of the batch: a plane has no running ones.
 *
 * Source: Skorokhodov & Burtsev, "Loss landscape sightseeing with multi-point optimization", arXiv:1910.03867, in whose form
 * −c min(L, τ) stands for the second term: a constant less, and below zero, where a loop cannot tell divergence.
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
import { type AffineFamily, affineFamily } from "../families/affine.ts";
import { type Mask, placesOf } from "./mask.ts";
import { axesOf, type CellGradients, type PlaneParts, pullBack, writeCell } from "./trained-plane.ts";

export interface PatternTraining {
  readonly model: Model;
  readonly mask: Mask;
  readonly examples: Examples;
  readonly batchSize: number;
  readonly steps: number;
  readonly rule: Rule;
  readonly schedules?: Readonly<Record<string, Schedule>>;
  /** Draws the three models that the plane starts from, batches and cells. */
  readonly seed: number;
  /** Cells of each kind in a step: 50 by default, or all. */
  readonly cells?: number;
  /** c; 1 by default. */
  readonly contrast?: number;
  /** τ; 2.5 by default. */
  readonly ceiling?: number;
  /** s at the start: 0.1 by default. */
  readonly scale?: number;
  readonly evaluateEvery?: number;
  readonly run?: RunFolder;
  readonly signal?: AbortSignal;
  /** With the mean loss of low and of high cells in the last step. */
  onEvaluation?(evaluation: Evaluation): void;
}

export interface TrainedPattern {
  /** In cells: the picture's middle is at (0, 0). */
  readonly family: AffineFamily;
  readonly result: FitResult;
}

/** Raises RangeError for settings that cannot work. */
export async function trainPattern(options: PatternTraining): Promise<TrainedPattern> {
  const { model, mask, examples, batchSize, steps, rule, seed, scale = 0.1 } = options;
  const { cells = 50, contrast = 1, ceiling = 2.5, schedules = {}, run, signal, onEvaluation } = options;
  for (const [name, value] of Object.entries({ cells, contrast, ceiling, scale })) {
    if (value > 0 && Number.isFinite(value)) continue;
    throw new RangeError(
      `Cannot train a pattern as ${name} must be a number above 0: current value is ${value}`,
    );
  }
  const vector = planeVector(model, stateSlotCount(rule));
  const at = new ParameterVector(model.module, { stateSlots: 0 });
  const parts = partsOf(vector.parameters, at.size);
  (["origin", "right", "up"] as const).forEach((part, k) => {
    at.initialize(model.module, 3 * seed + k);
    parts[part].set(at.parameters);
  });
  parts.scale[0] = scale;
  const { optimizer, release } = optimizerOf(vector, rule, seed);
  const inner = await TrainingProgram.create({ model, vector: at, batchSize, seed, updatesBuffers: false });
  const objective = new Objective({ inner, at, parts, mask, cells, contrast, ceiling, seed });
  const gradients = partsOf(vector.gradients, at.size);
  const batches = new Batches(examples.split, { ...examples, batchSize, seed });
  try {
    const result = await fit({
      ...{ vector, optimizer, schedules, steps },
      program: { batch: inner.batch, run: (step) => objective.run(step, gradients) },
      fill: (step: number, { x, labels }: Batch) =>
        batches.fill(step, x as BatchValues, labels as BatchValues),
      evaluateEvery: options.evaluateEvery ?? Math.max(1, Math.ceil(steps / 10)),
      evaluate: async () => objective.report(),
      ...(run && { run }),
      ...(signal && { signal }),
      ...(onEvaluation && { onEvaluation }),
    });
    if (run) loadCheckpoint(run, vector, optimizer); // a run that had ended before was not trained again
    return { family: familyOf(parts, model, seed), result };
  } finally {
    await inner.release();
    await release();
  }
}

interface ObjectiveParts {
  readonly inner: TrainingProgram;
  readonly at: ParameterVector;
  readonly parts: PlaneParts;
  readonly mask: Mask;
  readonly cells: number;
  readonly contrast: number;
  readonly ceiling: number;
  readonly seed: number;
}

/** J of a step's batch and cells, with its gradient. */
class Objective {
  private readonly options: ObjectiveParts;
  private readonly places: Readonly<Record<"low" | "high", readonly (readonly [number, number])[]>>;
  private readonly sums: CellGradients;
  /** Mean losses of the last step's cells. */
  private readonly losses = { low: Number.NaN, high: Number.NaN };

  constructor(options: ObjectiveParts) {
    this.options = options;
    this.places = { low: placesOf(options.mask, "low"), high: placesOf(options.mask, "high") };
    const zeros = () => new Float64Array(options.at.size);
    this.sums = { plain: zeros(), byX: zeros(), byY: zeros() };
  }

  async run(step: number, gradients: PlaneParts): Promise<number> {
    const { inner, at, parts, contrast, ceiling } = this.options;
    const { sums, losses } = this;
    const axes = axesOf(parts);
    for (const sum of [sums.plain, sums.byX, sums.byY]) sum.fill(0);
    let value = 0;
    for (const kind of ["low", "high"] as const) {
      const chosen = this.choose(kind, step);
      const weight = (kind === "low" ? 1 : -contrast) / chosen.length;
      losses[kind] = 0;
      for (const place of chosen) {
        writeCell(parts, axes, place, at.parameters);
        const loss = await inner.run(step);
        losses[kind] += loss / chosen.length;
        const isCapped = kind === "high" && loss > ceiling;
        value += weight * (kind === "low" ? loss : Math.min(loss, ceiling) - ceiling);
        if (!isCapped) this.add(weight, place);
      }
    }
    pullBack(parts, axes, sums, gradients);
    return value;
  }

  /** Of the last step: the same whether the run was stopped in between or not. */
  report(): { lowLoss: number; highLoss: number } {
    return { lowLoss: this.losses.low, highLoss: this.losses.high };
  }

  private choose(kind: "low" | "high", step: number): readonly (readonly [number, number])[] {
    const { cells, seed } = this.options;
    const all = this.places[kind];
    if (all.length <= cells) return all;
    const order = stream(seed, `pattern/${kind}`, step).permutation(all.length);
    return Array.from(order.subarray(0, cells), (i) => all[i]!);
  }

  private add(weight: number, [x, y]: readonly [number, number]): void {
    const { gradients } = this.options.at;
    const { plain, byX, byY } = this.sums;
    for (let i = 0; i < gradients.length; i++) {
      const g = weight * gradients[i]!;
      plain[i]! += g;
      byX[i]! += x * g;
      byY[i]! += y * g;
    }
  }
}

/** The tensors of three models and one number. */
function planeVector({ module }: Model, stateSlots: number): ParameterVector {
  const parameters = ["origin", "right", "up"].flatMap((part) =>
    module.parameters.map((spec) => ({ ...spec, name: `${part}/${spec.name}` })),
  );
  const scale = { name: "scale", shape: [1], kind: "scale" as const, initialize: () => {} };
  return new ParameterVector({ parameters: [...parameters, scale], buffers: [] }, { stateSlots });
}

function partsOf(vector: Float32Array, size: number): PlaneParts {
  const part = (k: number) => vector.subarray(k * size, (k + 1) * size);
  return { origin: part(0), right: part(1), up: part(2), scale: vector.subarray(3 * size) };
}

function familyOf(parts: PlaneParts, { module }: Model, seed: number): AffineFamily {
  const { right, up } = axesOf(parts);
  const s = parts.scale[0]!;
  const start = new ParameterVector(module, { stateSlots: 0 });
  start.initialize(module, seed);
  return affineFamily({
    origin: parts.origin.slice(),
    basis: [Float32Array.from(right, (value) => s * value), Float32Array.from(up, (value) => s * value)],
    labels: ["cells to the right", "cells upwards"],
    ...(start.buffers.length > 0 && { buffers: { origin: start.buffers.slice() } }),
  });
}
