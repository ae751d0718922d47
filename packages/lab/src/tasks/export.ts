/**
 * A trained model as an ONNX file. A task that came from one gives the same file back, with the values that were learnt; any other is
 * written in its evaluation form for one example at a time, parameters under their own names.
 */
import { serialize } from "@thalweg/graph";
import { tracing } from "@thalweg/nn";
import { readModelFile } from "@thalweg/train";
import { modelPath } from "./from-file.ts";
import type { LoadedTask } from "./load.ts";

/** The bytes; `tensors` are parameters and buffers by name, as `trainedTensors` gives them. */
export function exportModel(
  { task, dataset }: LoadedTask,
  tensors: ReadonlyMap<string, Float32Array>,
): Uint8Array {
  const path = task.file && modelPath(task.file.path);
  if (path?.endsWith(".onnx")) return readModelFile(path).model.withParameters(tensors);
  const { module, inputs } = task.model(dataset.train.shape, dataset.classes.length);
  const context = tracing(module, { training: false });
  const { shape, dtype } = inputs(1).x!;
  const x = context.graph.input("x", shape, dtype);
  const output = module.forward(x, context);
  const stored = [...context.parameters, ...context.buffers];
  const initializers = new Map(stored.map(([name, tensor]) => [tensor, tensors.get(name)!]));
  return serialize({ inputs: [x], outputs: { output }, initializers, name: task.name });
}
