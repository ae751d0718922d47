/** What a model must take and give to learn a dataset. */
import type { Dataset } from "@thalweg/data";
import type { ExampleForm } from "@thalweg/train";

export const exampleForm = ({ train, classes }: Dataset): ExampleForm => ({
  example: { shape: train.shape, dtype: train.images instanceof Int32Array ? "int32" : "float32" },
  labelShape: train.labelShape ?? [],
  labels: classes.length > 0 ? "classes" : "values",
});
