/** What identifies a task with its data, so that runs of another one are never taken for it. */
import type { Dataset } from "@thalweg/data";
import { stream } from "@thalweg/random";
import { Evaluator, ParameterVector } from "@thalweg/train";
import type { Task } from "../tasks/index.ts";

export interface TaskIdentity {
  /** The data's hash, and the loss before training to six digits, which shows the model. */
  fingerprint: string;
  /** Number of trained parameters. */
  parameters: number;
}

const SEED = 0;

/** Measure a task: one evaluation of the untrained model on the test split. */
export async function taskFacts(task: Task, dataset: Dataset): Promise<TaskIdentity> {
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, SEED);
  // at zero, as logistic regression starts, every network of so many classes has the same loss, on the edge between two roundings
  if (vector.parameters.every((value) => value === 0)) {
    stream(SEED, "fingerprint").fillNormal(vector.parameters, 0, 0.1);
  }
  const evaluator = await Evaluator.create({
    model,
    vector,
    batchSize: task.evaluationBatch,
    normalization: dataset,
    split: dataset.test,
  });
  const { loss } = await evaluator.run();
  await evaluator.release();
  return {
    fingerprint: `${dataset.fingerprint.slice(0, 16)}-${loss!.toPrecision(6)}`,
    parameters: vector.size,
  };
}
