/**
 * By which loss the examples of a model are measured one by one. The mean of what is measured must be the loss that the model was trained by: a
 * model may have one of its own, and a picture of another would look as good. So of the losses that are known, and last the model's
 * own, the first is taken that agrees with it.
 */
import { Evaluator, type Examples, fillExamples, type Grid, OWN_LOSS, rowModel } from "@thalweg/landscape";
import { EvaluationProgram, ParameterVector } from "@thalweg/train";
import type { Subject } from "./subject.ts";

/** Examples on which the two ways to the loss are compared, and by how much they may differ. */
const [CHECKED, TOLERANCE] = [20, 1e-4];

/** One of `rowLosses`. Raises RangeError where none agrees, with what each gives. */
export async function rowLossOf(
  subject: Subject,
  set: "train" | "test",
  indices: Uint32Array,
): Promise<string> {
  const { model, point, loaded } = subject;
  const { task, dataset } = loaded;
  const { onlyBatch } = model as { onlyBatch?: number };
  const batchSize = onlyBatch ?? Math.min(CHECKED, indices.length);
  const examples = {
    split: dataset[set],
    normalization: dataset,
    indices: indices.subarray(0, batchSize),
  };
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(point.parameters);
  vector.buffers.set(point.buffers);
  const whole = await EvaluationProgram.create({ model, vector, batchSize });
  fillExamples(examples, 0, whole.batch);
  const { loss: expected } = await whole.run();
  await whole.release();
  const tried: string[] = [];
  for (const loss of candidates(subject)) {
    const found = await meanOf(subject, loss, examples).catch((error: Error) => error);
    if (found instanceof Error) tried.push(`${loss}: ${found.message}`);
    else if (!(Math.abs(found - expected) > TOLERANCE * Math.max(1, Math.abs(expected)))) return loss;
    else tried.push(`the mean of ${loss} is ${found}`);
  }
  throw new RangeError(
    `Cannot draw the landscape of ${task.name} as its loss must be a mean over examples: at the centre it is ${expected}; ${tried.join("; ")}`,
  );
}

/** The likely ones; a model that takes batches of one size only cannot be measured one example at a time. */
function candidates({ model, loaded: { task, dataset } }: Subject): string[] {
  const usual = dataset.classes.length > 0 ? ["softmax-cross-entropy", "binary-cross-entropy"] : ["mse"];
  const known = task.file?.loss === undefined ? usual : [task.file.loss];
  return "onlyBatch" in model && model.onlyBatch !== undefined ? known : [...known, OWN_LOSS];
}

/** The mean loss at the subject, example by example. */
async function meanOf({ model, point }: Subject, loss: string, examples: Examples): Promise<number> {
  const count = examples.indices.length;
  const still = new Float32Array(point.parameters.length);
  const grid: Grid = [{ from: 0, to: 1, points: 2 }];
  const evaluator = await Evaluator.create({
    model: rowModel(model, { loss, measures: [] }),
    family: {
      origin: point.parameters,
      basis: [still],
      labels: ["none"],
      buffers: { origin: point.buffers },
    },
    ...{ grid, examples, chunks: [count] },
  });
  try {
    const [sum] = await evaluator.evaluate({ chunk: 0, row: 0, columns: [0] });
    return sum! / count;
  } finally {
    await evaluator.release();
  }
}
