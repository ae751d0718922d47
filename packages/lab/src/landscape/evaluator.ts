/** From an assignment, which is plain data, to an evaluator in this thread. */
import { Evaluator, rowModel } from "@thalweg/landscape";
import type { Task } from "../tasks/index.ts";
import { modelOf } from "./subject.ts";
import type { Assignment } from "./threads.ts";

/** Raises RangeError for an assignment that does not fit together. */
export function createEvaluator(assignment: Assignment, task: Task): Promise<Evaluator> {
  const { maker, dataset, set, indices, loss, measures, family, grid, chunks, batchNorm } = assignment;
  const model = modelOf({ task, dataset }, maker);
  return Evaluator.create({
    model: rowModel(model, { loss, classes: classesOf(assignment), measures }),
    family,
    grid,
    examples: { split: dataset[set], normalization: dataset, indices },
    chunks,
    batchNorm,
  });
}

/** How many classes each example has one of; none where labels are values, or are many to an example. */
export const classesOf = ({ dataset, set }: Pick<Assignment, "dataset" | "set">): number =>
  (dataset[set].labelShape ?? []).length === 0 ? dataset.classes.length : 0;
