/** From an assignment, which is plain data, to an evaluator in this thread. */

import type { Dataset } from "@thalweg/data";
import {
  ConvexityEvaluator,
  Evaluator,
  rowModel,
  SampledLoss,
  samplesFrom,
  type TileEvaluator,
} from "@thalweg/landscape";
import { ParameterVector } from "@thalweg/train";
import { taskFromFile } from "../tasks/from-file.ts";
import { type Task, tasks } from "../tasks/index.ts";
import { type ModelMaker, modelOf } from "./subject.ts";
import type { Assignment } from "./threads.ts";

/** Raises RangeError for an assignment that does not fit together. */
export async function createEvaluator(assignment: Assignment, task: Task): Promise<TileEvaluator> {
  if (assignment.convexity !== undefined) return convexityEvaluator(assignment, task);
  const { maker, dataset, set, indices, loss, measures, family, grid, chunks, batchNorm } = assignment;
  const { reference } = assignment;
  const rowsOf = (by: Task, of: ModelMaker) =>
    rowModel(modelOf({ task: by, dataset }, of), { loss, classes: classesOf(assignment), measures });
  return Evaluator.create({
    model: rowsOf(task, maker),
    ...(reference === "centre" && { reference }),
    ...(typeof reference === "object" && {
      reference: {
        model: rowsOf(await taskOf(reference.maker, dataset), reference.maker),
        family: reference.family,
      },
    }),
    family,
    grid,
    examples: { split: dataset[set], normalization: dataset, indices },
    chunks,
    batchNorm,
  });
}

/** Of the model at the family's origin, with a memory of its own. */
function convexityEvaluator(assignment: Assignment, task: Task): ConvexityEvaluator {
  const { maker, dataset, set, indices, family, grid, convexity } = assignment;
  const { seed, form } = convexity!;
  const model = modelOf({ task, dataset }, maker);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(family.origin);
  vector.buffers.set(family.buffers?.origin ?? []);
  const samples = samplesFrom({ split: dataset[set], normalization: dataset, indices });
  return new ConvexityEvaluator(new SampledLoss({ model, vector, samples, form }), { family, grid, seed });
}

/** The task of a model that is made again, as in another thread. */
export const taskOf = async ({ task }: ModelMaker, dataset: Dataset): Promise<Task> =>
  typeof task === "string" ? tasks[task]! : taskFromFile(task, dataset);

/** How many classes each example has one of; none where labels are values, or are many to an example. */
export const classesOf = ({ dataset, set }: Pick<Assignment, "dataset" | "set">): number =>
  (dataset[set].labelShape ?? []).length === 0 ? dataset.classes.length : 0;
