/**
 * A module with the usual loss for what it learns: classes by their cross-entropy, of images, of rows, or of each place of a sequence;
 * values by their squared error. `classifier` is the common case of it.
 */
import type { Shape } from "@thalweg/graph";
import { mul, reshape, sizeOf } from "@thalweg/graph";
import { countCorrect, crossEntropy, type Module, meanSquaredError } from "@thalweg/nn";
import { drawLabels, type Model, sampledSquares } from "./program.ts";

/** The form of one example and of its label. */
export interface ExampleForm {
  readonly example: { readonly shape: Shape; readonly dtype: "float32" | "int32" };
  /** Left out, [], for one class, or one value. */
  readonly labelShape?: Shape;
  readonly labels: "classes" | "values";
}

/** x [B, …example] and labels [B, …labelShape] → loss; for classes, accuracy too. */
export function supervised(module: Module, { example, labelShape = [], labels: kind }: ExampleForm): Model {
  const model: Model = {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, ...example.shape], dtype: example.dtype },
      labels: { shape: [batchSize, ...labelShape], dtype: kind === "classes" ? "int32" : "float32" },
    }),
    measure: (context, { x, labels }) => {
      const output = module.forward(x!, context);
      if (kind === "values") return { loss: meanSquaredError(output, labels!), outputs: [output] };
      const right = mul(countCorrect(output, labels!), 1 / sizeOf(labelShape));
      return { loss: crossEntropy(output, labels!), outputs: [output], counts: { accuracy: right } };
    },
    sampledLoss: (context, { x }, uniform) => {
      const logits = module.forward(x!, context);
      if (kind === "values") return sampledSquares(logits, uniform);
      const classes = logits.shape.at(-1)!;
      const rows = reshape(logits, [logits.size / classes, classes]);
      return crossEntropy(rows, drawLabels(rows, uniform(rows.shape)));
    },
  };
  return model;
}
