/**
 * Running a program over tensors, whatever the engine: stage by stage, and within a stage tensor by tensor, with the
 * host finishing scalars in float64 between two passes. Engines differ only in how one pass over one tensor is done:
 * `reference.ts` interprets it in float64, `wasm/kernel.ts` runs a compiled kernel in float32.
 */
import type { ReduceExpression } from "./expression.ts";
import { REDUCTIONS } from "./functions.ts";
import type { UpdateProgram } from "./resolve.ts";
import { ScalarEvaluator, type ScalarInputs } from "./scalars.ts";
import { type Stage, scheduleStages } from "./stages.ts";

export type FloatArray = Float32Array | Float64Array;

/** One parameter tensor: where theta, its gradient g and its state lie, each of `size` elements. */
export interface TensorSlots<A extends FloatArray> {
  name: string;
  shape: readonly number[];
  size: number;
  slots: Readonly<Record<string, A>>;
}

/** Tensors that share hyperparameters and a step counter. The owner changes `hyper` and `t` between runs. */
export interface TensorGroup<A extends FloatArray> {
  hyper: Record<string, number>;
  /** The step, counted from 1. */
  t: number;
  tensors: readonly TensorSlots<A>[];
}

/** One pass of one stage over one tensor: reads scalars, writes one number per reduction of the stage. */
export type Pass = (scalars: ScalarEvaluator, results: Float64Array) => void;

export interface Engine<A extends FloatArray> {
  readonly name: string;
  /** Prepare a stage for one tensor; what can be compiled is compiled here. */
  bindPass(stage: Stage, tensor: TensorSlots<A>): Pass;
  /** Tensors that may be treated as one because nothing in the program can tell them apart, merged where they touch. */
  merge(tensors: readonly TensorSlots<A>[], slots: readonly string[]): readonly TensorSlots<A>[];
}

/** A program ready to run over a fixed set of tensors. */
export interface BoundUpdate {
  /** Update every tensor of every group once, with the groups' present `hyper` and `t`. */
  run(): void;
  /** Passes over memory per run. */
  readonly stageCount: number;
}

interface Unit {
  inputs: ScalarInputs;
  passes: { pass: Pass; scalars: ScalarEvaluator }[];
  reductions: Map<ReduceExpression, number>;
}

/** Prepare to run a program over groups of tensors on an engine. Raises TypeError when a value or a slot is missing. */
export function bindUpdate<A extends FloatArray>(
  program: UpdateProgram,
  groups: readonly TensorGroup<A>[],
  engine: Engine<A>,
): BoundUpdate {
  checkHyper(program, groups);
  const stages = scheduleStages(program);
  const evaluators = stages.map((stage) => new ScalarEvaluator(stage.scalars));
  const reducesTensors = stages.some((stage) => stage.reductions.some(({ scope }) => scope === "tensor"));
  const separate = reducesTensors || evaluators.some((evaluator) => evaluator.dependsOnShape);
  const slots = ["theta", "g", ...program.state];
  const countAll = groups.flatMap(({ tensors }) => tensors).reduce((count, { size }) => count + size, 0);

  const units = groups.map(({ tensors, hyper }) =>
    (separate ? tensors : engine.merge(tensors, slots)).map((tensor): Unit => {
      const rows = tensor.shape[0] ?? 1;
      const cols = tensor.shape.slice(1).reduce((product, n) => product * n, 1);
      return {
        inputs: { t: 0, hyper, size: tensor.size, rows, cols, countAll },
        passes: stages.map((stage, s) => ({ pass: engine.bindPass(stage, tensor), scalars: evaluators[s]! })),
        reductions: new Map(),
      };
    }),
  );
  const results = new Float64Array(Math.max(0, ...stages.map((stage) => stage.reductions.length)));

  const run = () => {
    groups.forEach((group, i) => {
      for (const { inputs } of units[i]!) {
        inputs.t = group.t;
        inputs.hyper = group.hyper;
      }
    });
    stages.forEach((stage, s) => {
      for (const group of units) {
        for (const { inputs, passes, reductions } of group) {
          const { pass, scalars } = passes[s]!;
          scalars.evaluate(inputs, reductions);
          pass(scalars, results);
          for (let r = 0; r < stage.reductions.length; r++) reductions.set(stage.reductions[r]!, results[r]!);
        }
      }
      for (const reduction of stage.reductions) {
        if (reduction.scope === "all") shareOverAll(reduction, units);
      }
    });
  };
  return { run, stageCount: stages.length };
}

function checkHyper(program: UpdateProgram, groups: readonly TensorGroup<FloatArray>[]): void {
  groups.forEach(({ hyper }, i) => {
    const missing = program.hyper.filter((name) => !Object.hasOwn(hyper, name));
    if (missing.length === 0) return;
    throw new TypeError(
      `Cannot bind group ${i} as it needs a value for each hyperparameter: there is none for ${missing.join(", ")}`,
    );
  });
}

/** Combine what the tensors contributed, in their fixed order, and tell every tensor. */
function shareOverAll(reduction: ReduceExpression, units: readonly (readonly Unit[])[]): void {
  const { identity, combine } = REDUCTIONS[reduction.fn];
  let total: number = identity;
  for (const group of units)
    for (const unit of group) total = combine(total, unit.reductions.get(reduction)!);
  for (const group of units) for (const unit of group) unit.reductions.set(reduction, total);
}
