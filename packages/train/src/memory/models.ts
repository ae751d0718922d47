/** What can be planned: models of @thalweg/train, and ONNX files, of which only the shapes are read. */
import type { OnnxModel } from "@thalweg/graph";
import { tracing } from "@thalweg/nn";
import { appendLoss, type ObjectiveOptions } from "../onnx/objective.ts";
import type { Model } from "../program.ts";
import type { Plannable } from "./plan.ts";

/** A model as it is trained: with dropout, with the batch's own statistics. */
export const plannable = (model: Model): Plannable => ({
  trace(batchSize) {
    const context = tracing(model.module, { training: true });
    const batch = Object.entries(model.inputs(batchSize)).map(
      ([name, { shape, dtype }]) => [name, context.graph.input(name, shape, dtype)] as const,
    );
    const { loss } = model.measure(context, Object.fromEntries(batch));
    return {
      loss,
      parameters: [...context.parameters.values()],
      buffers: [...context.buffers.values()],
      updates: [...context.updates.values()],
    };
  },
});

export interface FileOptions extends Pick<ObjectiveOptions, "loss" | "outputs"> {
  /** Symbolic sizes besides the batch's. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * A model from a file, its normalisation and dropout as in training. The batch is the first axis of its first input: a symbol, or a
 * number that cannot be chosen any more. Tracing raises RangeError for sizes that are missing or fixed, OnnxError for what cannot be built.
 */
export function plannableFile(model: OnnxModel, { sizes = {}, ...objective }: FileOptions): Plannable {
  const axis = model.inputs[0]?.sizes[0];
  return {
    trace(batchSize) {
      if (typeof axis === "number" && axis !== batchSize) {
        throw new RangeError(
          `Cannot plan the model for a batch of ${batchSize} as its file fixes the batch: give ${axis}, or export it with a symbolic size`,
        );
      }
      const own = typeof axis === "string" ? { [axis]: batchSize } : {};
      const missing = model.symbols.filter((name) => !Object.hasOwn({ ...sizes, ...own }, name));
      if (missing.length > 0) {
        throw new RangeError(
          `Cannot plan the model as its sizes must be known: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not; give --size ${missing[0]}=…`,
        );
      }
      const built = model.build({
        sizes: { ...sizes, ...own },
        parameters: (_, from) => from === "initializer",
        training: true,
      });
      const { loss } = appendLoss(built, objective);
      return {
        loss,
        parameters: [...built.parameters.values()],
        buffers: [...built.buffers.values()],
        updates: [...built.updates.values()],
      };
    },
  };
}
