/**
 * A rule at work on a task: model, parameters, optimizer and compiled programs of one seed. It is put together here from
 * what the rule declares: matrices run on ONNX Runtime, required starting values are given, gradients that the rule
 * wants besides the batch's are compiled, and biases are left out for rules that cannot update vectors.
 */
import { Batches, type BatchValues, type Dataset, partSize, VaryingBatches } from "@thalweg/data";
import { initialisations, tracing } from "@thalweg/nn";
import {
  checkHyperparameter,
  checkHyperparameterName,
  lookUp,
  Optimizer,
  type Rule,
  type Schedule,
  stateSlotCount,
  wasmBackend,
} from "@thalweg/optim";
import {
  alone,
  type Batch,
  type BatchSchedule,
  type Communicator,
  type FitOptions,
  type Model,
  markCheckpoints,
  OnnxMatrixKernels,
  otherGradients,
  ParameterVector,
  PartedProgram,
  plannable,
  ShardedOptimizer,
  SynchronisedProgram,
  segmentOf,
  shardBounds,
  TrainingProgram,
  type Updates,
  VaryingProgram,
} from "@thalweg/train";
import type { Task } from "../tasks/index.ts";

export interface LearnerOptions {
  task: Task;
  dataset: Dataset;
  rule: Rule;
  /** Images of each step: one number, or a schedule. */
  batchSize: number | BatchSchedule;
  seed: number;
  /** The images of the training split to train on. */
  indices: Uint32Array;
  /** The ranks that train together: each batch is divided among them. This process alone by default. */
  communicator?: Communicator;
  /** Parts of a rank's share of a batch, computed one after the other; one by default. */
  accumulate?: number;
  /** Whether batch normalisation takes the statistics of all ranks' parts together. */
  synchronised?: boolean;
  /** Whether each rank keeps the optimizer's state of its slice only. */
  sharded?: boolean;
}

/** What `fit` takes, and what an evaluator needs beside it. */
export interface Learner
  extends Pick<Required<FitOptions>, "vector" | "program" | "optimizer" | "gradients" | "fill"> {
  model: Model;
  release(): Promise<void>;
}

/** Whether a rule has only matrices to work on: then networks are built without biases. */
export const leavesOutBiases = ({ minimumRank, fallback }: Rule): boolean =>
  minimumRank > 1 && fallback === undefined;

/** The task's model as the rule can train it. */
export const modelFor = (rule: Rule, task: Task, { train, classes }: Dataset): Model => ({
  ...task.model(train.shape, classes.length, { bias: !leavesOutBiases(rule) }),
  ...(task.checkpoint && { checkpoint: task.checkpoint }),
});

/**
 * Raises RangeError, before anything runs, for a rule that needs something which the task cannot give: parameters with more
 * dimensions, starting values that nobody knows, or labels drawn from a model that does not say how.
 */
export function checkTrainable(rule: Rule, task: Task, dataset: Dataset): void {
  const model = modelFor(rule, task, dataset);
  const refuse = (reason: string) => {
    throw new RangeError(`Cannot train ${task.name} by ${rule.name} as ${reason}`);
  };
  const { initialisation, minimumRank, fallback, program } = rule;
  const flat = model.module.parameters.find(({ shape }) => shape.length < minimumRank);
  if (model.module.parameters.length === 0) refuse("it must have parameters: all of them are frozen");
  if (flat !== undefined && fallback === undefined) {
    const wayOut = task.file ? "; freeze it, or choose another rule" : "";
    refuse(
      `it needs parameters of at least ${minimumRank} dimensions: "${flat.name}" has shape [${flat.shape}]${wayOut}`,
    );
  }
  if (initialisation !== undefined) lookUp("initialisation", initialisations, initialisation);
  const sampled = program.before.some(({ gradient }) => gradient === "sampled-labels");
  if (sampled && model.sampledLoss === undefined) {
    refuse("it needs labels drawn from the model's predictions, and this model does not say how");
  }
}

/** Raises RangeError, before anything runs, for a model without the measure that a comparison's report is about. */
export function checkComparable(task: Task, { train, classes, name }: Dataset): void {
  const { module, inputs, measure } = task.model(train.shape, classes.length);
  const context = tracing(module, { training: false });
  const batch = Object.entries(inputs(2)).map(([input, { shape, dtype }]) => [
    input,
    context.graph.input(input, shape, dtype),
  ]);
  const { counts = {} } = measure(context, Object.fromEntries(batch));
  if (Object.hasOwn(counts, "accuracy")) return;
  throw new RangeError(
    `Cannot compare rules on ${task.name} as a comparison counts right answers: there are none on ${name}; compare by the task's own metric with thalweg study, or train each rule alone`,
  );
}

/** Raises RangeError, before anything runs, for a model that has nothing of what shall be computed again. */
export function checkCheckpoints(rule: Rule, task: Task, dataset: Dataset): void {
  const { loss, parameters, buffers } = plannable(modelFor(rule, task, dataset)).trace(task.batchSize);
  if (task.checkpoint) markCheckpoints(task.checkpoint, loss, [...parameters, ...buffers]);
}

/**
 * Raises RangeError, before anything runs, for a batch-size schedule with batches larger than what is trained on, or for a rule
 * that takes the batch to have one size.
 */
export function checkBatchSizes(
  { spec, stages }: BatchSchedule,
  rule: Rule,
  task: Task,
  { train }: Dataset,
): void {
  const refuse = (reason: string) => {
    throw new RangeError(`Cannot train ${task.name} by ${rule.name} with batches ${spec} as ${reason}`);
  };
  if (task.order === "fixed") refuse("the task's batches come in one order, which is laid out for one size");
  const images = train.count - task.validation;
  const large = stages.find(({ batchSize }) => batchSize > images);
  if (large !== undefined) {
    refuse(
      `there are ${images} images to train on: from step ${large.firstStep} on it wants ${large.batchSize}`,
    );
  }
  const wanted = rule.program.before.find(({ gradient }) => gradient !== "batch");
  if (wanted !== undefined) {
    refuse(
      `the rule also asks for a gradient of the kind "${wanted.gradient}", which needs batches of one size`,
    );
  }
  if (Object.hasOwn(rule.hyper, "batchSize")) {
    refuse("the rule counts the images of a batch by its option batchSize, which is one number");
  }
}

/**
 * Raises RangeError, before anything runs, for batches that cannot be computed in so many equal parts: a size that the parts do not divide,
 * or that changes, a rule that asks for gradients of something else than the batch, or state that cannot be divided among the ranks.
 */
export function checkParts(
  {
    ranks,
    accumulate,
    batchSize,
    batches,
    sharded,
  }: { ranks: number; accumulate: number; batchSize: number; batches?: string; sharded: boolean },
  rule: Rule,
  task: Task,
  dataset: Dataset,
): void {
  if (sharded) {
    const { segments } = new ParameterVector(modelFor(rule, task, dataset).module, { stateSlots: 0 });
    shardBounds(rule, segments, ranks);
  }
  const parts = ranks * accumulate;
  if (parts === 1) return;
  const refuse = (reason: string) => {
    throw new RangeError(
      `Cannot train ${task.name} by ${rule.name} in ${parts} parts of a batch (${ranks} ranks, each ${accumulate}) as ${reason}`,
    );
  };
  if (batches !== undefined) refuse(`batches must have one size: current value is ${batches}`);
  const wanted = rule.program.before.find(({ gradient }) => gradient !== "batch");
  if (wanted !== undefined) {
    refuse(
      `the rule must ask for gradients of the batch only: it asks for one of the kind "${wanted.gradient}"`,
    );
  }
  partSize(batchSize, parts);
}

/** The rule as the task has it: a rule that counts the examples of a batch is told how many there are, unless it was. */
export function fitToTask<R extends Pick<Rule, "hyper">>(
  { hyper }: R,
  { batchSize }: Task,
  fixed: readonly string[] = [],
): Record<string, number> {
  const wanted = Object.hasOwn(hyper, "batchSize") && !fixed.includes("batchSize");
  return wanted ? { batchSize } : {};
}

/**
 * A task's schedules for a rule: each for the hyperparameter of its name, or those of that name in a chain. A schedule of lr is
 * left out for a rule without a learning rate. Raises RangeError for any other name that the rule does not have, and for a
 * schedule that leaves the range of its hyperparameter.
 */
export function schedulesFor(
  { name: rule, hyper }: Pick<Rule, "name" | "hyper">,
  schedules: Readonly<Record<string, Schedule>>,
  steps: number,
): Record<string, Schedule> {
  const names = Object.keys(hyper);
  const meant = Object.entries(schedules).flatMap(([name, schedule]) => {
    const own = names.filter((one) => one === name || one.endsWith(`.${name}`));
    if (own.length === 0 && name !== "lr") {
      checkHyperparameterName(`a schedule of ${name} with ${rule}`, name, names);
    }
    return own.map((one) => [one, schedule] as const);
  });
  for (const [name, schedule] of meant) {
    for (let step = 0; step < steps; step++) {
      checkHyperparameter(
        `the schedule ${schedule.spec} at step ${step}`,
        name,
        hyper[name]! * schedule.at(step),
      );
    }
  }
  return Object.fromEntries(meant);
}

/** Put a learner together. Raises RangeError for what cannot work. */
export async function createLearner(options: LearnerOptions): Promise<Learner> {
  const { matrices, ...parts } = createOptimizer(options);
  const { release, ...gradient } = await lossAndGradient(options, parts.model, parts.vector);
  return {
    ...parts,
    ...gradient,
    release: async () => {
      await release();
      await matrices.release();
    },
  };
}

/** The part of a learner that holds numbers: model, parameters as they start, and optimizer. */
export function createOptimizer({
  task,
  dataset,
  rule,
  seed,
  communicator = alone,
  sharded = false,
}: Omit<LearnerOptions, "batchSize" | "indices">) {
  const model = modelFor(rule, task, dataset);
  const vector = new ParameterVector(model.module, {
    stateSlots: stateSlotCount(rule),
    ...(sharded && { stateSize: largestShard(rule, model, communicator) }),
  });
  vector.initialize(model.module, seed);
  if (rule.initialisation !== undefined) {
    const values = lookUp("initialisation", initialisations, rule.initialisation)(model.module, seed);
    for (const segment of vector.segments) {
      segmentOf(vector.parameters, segment).set(values.get(segment.name)!);
    }
  }
  const matrices = new OnnxMatrixKernels();
  const options = {
    backend: wasmBackend(vector.memory, matrices),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule,
    seed,
  };
  const optimizer: Updates = sharded
    ? new ShardedOptimizer({ ...options, communicator })
    : new Optimizer(options);
  return { model, vector, optimizer, matrices };
}

/** Parameters in the largest of the ranks' slices. */
function largestShard(rule: Rule, model: Model, { size }: Communicator): number {
  const { segments } = new ParameterVector(model.module, { stateSlots: 0 });
  const bounds = shardBounds(rule, segments, size);
  return Math.max(...bounds.slice(1).map((end, i) => end - bounds[i]!));
}

/** What computes loss and gradient, with the batches it takes them of. */
async function lossAndGradient(options: LearnerOptions, model: Model, vector: ParameterVector) {
  const { dataset, rule, batchSize, seed, indices, communicator = alone, accumulate = 1 } = options;
  const from = { normalization: dataset, indices, seed };
  const { order = "reshuffled" } = options.task;
  const filling =
    (batches: Batches | VaryingBatches) =>
    (step: number, { x, labels }: Batch) =>
      batches.fill(step, x as BatchValues, labels as BatchValues);
  if (typeof batchSize !== "number") {
    const fill = filling(new VaryingBatches(dataset.train, { ...from, stages: batchSize.stages }));
    const program = new VaryingProgram({ model, vector, seed, batchSize: batchSize.batchSize, fill });
    return { program, gradients: {}, fill: () => {}, release: () => program.release() };
  }
  const parts = communicator.size * accumulate;
  if (parts > 1) {
    const ofPart = { model, vector, seed, parts, batchSize: partSize(batchSize, parts) };
    const program =
      options.synchronised && communicator.size > 1
        ? await SynchronisedProgram.create({ ...ofPart, communicator })
        : await TrainingProgram.create(ofPart);
    const batches = new Batches(dataset.train, { ...from, order, batchSize, parts });
    const fill = (step: number, { x, labels }: Batch, part: number) =>
      batches.fill(step, x as BatchValues, labels as BatchValues, part);
    const parted = new PartedProgram({ program, vector, communicator, accumulate, fill });
    return { program: parted, gradients: {}, fill: () => {}, release: () => program.release() };
  }
  const program = await TrainingProgram.create({ model, vector, batchSize, seed });
  const others = await otherGradients({
    kinds: rule.program.before.map(({ gradient }) => gradient),
    ...{ model, vector, program, seed, indices },
    ...{ split: dataset.train, normalization: dataset },
  });
  const release = async () => {
    await program.release();
    await others.release();
  };
  const fill = filling(new Batches(dataset.train, { ...from, order, batchSize }));
  return { program, gradients: others.gradients, fill, release };
}
