/**
 * Running a program over tensors, whatever the engine: stage by stage, and within a stage tensor by tensor, with the
 * host finishing scalars in float64 between two passes. Engines differ only in how one pass over one tensor is done:
 * `reference.ts` interprets it in float64, `wasm/kernel.ts` runs a compiled kernel in float32.
 */
import type { Expression, ReduceExpression } from "./expression.ts";
import { REDUCTIONS, type Scope } from "./functions.ts";
import { interpretMatrices, Pool, usesMatrices } from "./matrix/interpreter.ts";
import type { MatrixKernels } from "./matrix/operations.ts";
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
  /** State that is one number for this tensor; the update writes it. Left out when the program has none. */
  scalars?: Record<string, number>;
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
  /** Faster matrix operations than the host's plain loops, if there are any. */
  readonly matrices?: MatrixKernels;
  /** Prepare a stage for one tensor; what can be compiled is compiled here. */
  bindPass(stage: Stage, tensor: TensorSlots<A>): Pass;
  /** Tensors that may be treated as one because nothing in the program can tell them apart, merged where they touch. */
  merge(tensors: readonly TensorSlots<A>[], slots: readonly string[]): readonly TensorSlots<A>[];
}

/** A program ready to run over a fixed set of tensors, with the groups' present `hyper` and `t`. */
export interface BoundUpdate {
  /** Give state its initial values; before the first step. */
  initialise: Run;
  /** What comes before the update, in order; each reads a gradient of its own. */
  before: readonly Run[];
  /** Update every tensor of every group once. */
  run: Run;
  /** Write the parameters to evaluate with into the slot "view", for a program that has one. */
  writeView: Run;
  /** Passes over memory per run; 0 for programs with matrices, which are not fused. */
  readonly stageCount: number;
}

/** Runs at once, or finishes later where a program with matrices has kernels that do. */
export type Run = () => void | Promise<void>;

interface Unit {
  inputs: ScalarInputs;
  passes: Pass[];
  reductions: Map<ReduceExpression, number>;
}

/** The part of a program that one run needs. */
type Outputs = Pick<UpdateProgram, "state" | "scalars" | "matrices" | "outputs">;

/**
 * Prepare to run a program over groups of tensors on an engine. `shared` holds state that is one number for all tensors;
 * the update writes it, and reads the first group's hyperparameters for it. Raises TypeError when a value or a slot is
 * missing.
 */
export function bindUpdate<A extends FloatArray>(
  program: UpdateProgram,
  groups: readonly TensorGroup<A>[],
  engine: Engine<A>,
  shared: Record<string, number> = {},
): BoundUpdate {
  checkHyper(program, groups);
  const { state, scalars, matrices, initial, before, view } = program;
  const bind = (outputs: ReadonlyMap<string, Expression>) =>
    bindOutputs({ state, scalars, matrices, outputs }, groups, engine, shared);
  const update = bind(program.outputs);
  const nothing = () => {};
  return {
    initialise: initial.size === 0 ? nothing : bind(initial).run,
    before: before.map(({ outputs }) => bind(outputs).run),
    run: update.run,
    writeView: view === undefined ? nothing : bind(new Map([["view", view]])).run,
    stageCount: update.stageCount,
  };
}

function bindOutputs<A extends FloatArray>(
  program: Outputs,
  groups: readonly TensorGroup<A>[],
  engine: Engine<A>,
  shared: Record<string, number>,
): Pick<BoundUpdate, "run" | "stageCount"> {
  if (usesMatrices(program)) {
    const { outputs, matrices } = program;
    const pool = new Pool();
    return {
      run: () => interpretMatrices({ outputs, matrices, shared, kernels: engine.matrices, pool }, groups),
      stageCount: 0,
    };
  }
  const stages = scheduleStages(program);
  const evaluators = stages.map((stage) => new ScalarEvaluator(stage.scalars));
  const numbers = program.scalars.filter(({ name }) => program.outputs.has(name));
  const memory = new ScalarEvaluator(numbers.map(({ name }) => program.outputs.get(name)!));
  const separate =
    stages.some(({ reductions }) => reductions.some(({ scope }) => scope === "tensor")) ||
    program.scalars.some(({ scope }) => scope === "tensor") ||
    [...evaluators, memory].some(({ perTensor }) => perTensor);
  const slots = [
    ...new Set([
      "theta",
      "g",
      ...program.state,
      ...stages.flatMap(({ loads, stores }) => [...loads, ...stores.keys()]),
    ]),
  ];
  const all = groups.flatMap(({ tensors }) => tensors);
  const sizesOfAll = { countAll: all.reduce((count, { size }) => count + size, 0), tensorsAll: all.length };

  const units = groups.map(({ tensors, hyper }) =>
    (separate ? tensors : engine.merge(tensors, slots)).map((tensor): Unit => {
      const rows = tensor.shape[0] ?? 1;
      const cols = tensor.shape.slice(1).reduce((product, n) => product * n, 1);
      const own = { tensor: tensor.scalars ?? {}, all: shared };
      return {
        inputs: { t: 0, hyper, size: tensor.size, rows, cols, ...sizesOfAll, memory: own },
        passes: stages.map((stage) => engine.bindPass(stage, tensor)),
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
    stages.forEach(({ reductions: wanted }, s) => {
      for (const group of units) {
        for (const { inputs, passes, reductions } of group) {
          const scalars = evaluators[s]!;
          scalars.evaluate(inputs, reductions);
          passes[s]!(scalars, results);
          for (let r = 0; r < wanted.length; r++) reductions.set(wanted[r]!, results[r]!);
        }
      }
      for (const reduction of wanted) if (reduction.scope === "all") shareOverAll(reduction, units);
    });
    if (numbers.length > 0) remember(numbers, memory, units);
  };
  return { run, stageCount: stages.length };
}

/** Write the new values of state that is one number; all are known before the first is written. */
function remember(
  numbers: readonly { name: string; scope: Scope }[],
  memory: ScalarEvaluator,
  units: readonly (readonly Unit[])[],
): void {
  const shared = new Map<string, number>();
  for (const { inputs, reductions } of units.flat()) {
    memory.evaluate(inputs, reductions);
    numbers.forEach(({ name, scope }, i) => {
      if (scope === "tensor") (inputs.memory.tensor as Record<string, number>)[name] = memory.value(i);
      else if (!shared.has(name)) shared.set(name, memory.value(i));
    });
  }
  const all = units.flat()[0]?.inputs.memory.all as Record<string, number>;
  for (const [name, value] of shared) all[name] = value;
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
