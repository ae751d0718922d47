/** Tables of vectors, read by index. Semantics, names and defaults are torch.nn.Embedding's. */
import { cast, equal, gather, mul, not, unsqueeze } from "@thalweg/graph";
import { normal } from "./initializers.ts";
import { requireCounts } from "./layers.ts";
import type { Initializer, Module } from "./module.ts";

export interface EmbeddingOptions {
  /** Default: normal with mean 0 and standard deviation 1. */
  readonly weight?: Initializer;
  /** The index that stands for no token: its vector is zero and is not learnt, as with torch's `padding_idx`. */
  readonly padding?: number;
}

/** Whole numbers [...] in 0 … count − 1 → vectors [..., width], weight [count, width]. */
export function embedding(count: number, width: number, options: EmbeddingOptions = {}): Module {
  requireCounts("embedding", { count, width });
  const { weight = normal(0, 1), padding } = options;
  if (padding !== undefined && !(Number.isInteger(padding) && padding >= 0 && padding < count)) {
    throw new RangeError(
      `Cannot build embedding as padding must be an index in [0, ${count}): current value is ${padding}`,
    );
  }
  const initialize: Initializer = (out, shape, random) => {
    weight(out, shape, random);
    if (padding !== undefined) out.fill(0, padding * width, (padding + 1) * width);
  };
  return {
    parameters: [{ name: "weight", shape: [count, width], initialize, kind: "embedding" }],
    buffers: [],
    forward(indices, context) {
      if (indices.dtype !== "int32" && indices.dtype !== "int64") {
        throw new TypeError(
          `Cannot apply embedding to ${indices} as it reads a table by index: feed int32 or int64, such as tokens`,
        );
      }
      const vectors = gather(context.parameter("weight"), indices);
      if (padding === undefined) return vectors;
      const padded = equal(indices, indices.graph.constant([padding], [1], indices.dtype));
      return mul(vectors, unsqueeze(cast(not(padded), vectors.dtype), [indices.rank]));
    },
  };
}
