/** An ONNX file as a task: fine-tuning what someone exported, with any rule, on a dataset or on arrays of one's own. */
import type { Dataset } from "@thalweg/data";
import { importedModel, type ModelFile, outputLosses, readModelFile } from "@thalweg/train";
import { exampleForm } from "./example-form.ts";
import type { PartialTask, TaskFile } from "./from-file.ts";
import { namesMatching } from "./patterns.ts";

/** Raises OnnxError for a file that is no model, RangeError where it does not fit the data. */
export function onnxTask(file: TaskFile, dataset: Dataset): PartialTask {
  const read = readModelFile(file.path);
  const model = () => modelOn(read, file, dataset);
  const { module, onlyBatch } = model();
  const { parameters } = module;
  const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
  return {
    model,
    architecture: `${file.path}: ${parameters.length} trained tensors, ${count} numbers`,
    ...(onlyBatch === undefined ? {} : { batchSize: onlyBatch, evaluationBatch: onlyBatch }),
  };
}

function modelOn({ model }: ModelFile, file: TaskFile, dataset: Dataset) {
  const { classes, name } = dataset;
  const { outputs, freeze = [], mode } = file;
  const { example, labels, labelShape = [] } = exampleForm(dataset);
  const loss = file.loss ?? (labels === "classes" ? "softmax-cross-entropy" : "mse");
  if (outputLosses[loss]?.labels === "classes" && labels === "values") {
    throw new RangeError(
      `Cannot train by ${loss} on ${name} as it needs labels that are classes: they are values; choose mse, mae or huber`,
    );
  }
  const frozen = namesMatching(freeze, [...model.initializers.keys()]);
  return importedModel(model, {
    loss,
    example,
    frozen: (parameter) => frozen.has(parameter),
    labelShape,
    classes: classes.length,
    ...(outputs && { outputs }),
    ...(mode && { training: mode === "training" }),
  });
}
