/**
 * The transformer that learns modular addition long after it has learnt its examples by heart: one layer without
 * normalisation over the tokens "a b =", read at the last place.
 *
 * Source   Nanda et al., arXiv:2301.05217, §3 (p = 113: 226 816 parameters; biases in the feed-forward part alone; normal starting values
 *          of standard deviation 1/√width, for the output 1/√tokens).
 * See also Power et al., arXiv:2201.02177, appendix A.1.2: two layers with norms are
 *          gpt({ vocabulary, context: 5, layers: 2, heads: 4, width: 128 }), some 4·10⁵ parameters besides embeddings.
 */
import { add, relu, reshape, slice, type Tensor } from "@thalweg/graph";
import { multiHeadAttention, requireHeads } from "../attention.ts";
import { network, sequential } from "../composition.ts";
import { embedding } from "../embedding.ts";
import { normal, zeros } from "../initializers.ts";
import { linear, requireCounts } from "../layers.ts";
import type { Module } from "../module.ts";

export interface ModularTransformerOptions {
  /** p; tokens 0 … p − 1 are numbers, and p is "=". Default 113. */
  readonly modulus?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly heads?: number;
  /** Values in the feed-forward part. Default four times the width. */
  readonly hidden?: number;
}

/** int32 tokens [B, 3], such as [a, b, p] → logits [B, p + 1] of the answer. */
export function modularTransformer(options: ModularTransformerOptions = {}): Module {
  const { modulus = 113, layers = 1, width = 128, heads = 4, hidden = 4 * width } = options;
  requireCounts("modularTransformer", { modulus, layers, hidden });
  requireHeads("modularTransformer", width, heads);
  const tokens = modulus + 1;
  const weight = normal(0, 1 / Math.sqrt(width));
  return network(
    {
      embed: embedding(tokens, width, { weight }),
      position: embedding(3, width, { weight }),
      layers: sequential(...Array.from({ length: layers }, () => layer(width, heads, hidden))),
      unembed: linear(width, tokens, { bias: false, weight: normal(0, 1 / Math.sqrt(tokens)) }),
    },
    (x: Tensor, { embed, position, layers, unembed }) => {
      const [B, T] = x.shape as [number, number];
      const places = x.graph.constant(
        Array.from({ length: T }, (_, t) => t),
        [T],
        "int32",
      );
      const y = layers(add(embed(x), position(places))); // (B, T, width)
      return unembed(reshape(slice(y, [T - 1], [T], [1]), [B, width]));
    },
  );
}

function layer(width: number, heads: number, hidden: number): Module {
  const weight = normal(0, 1 / Math.sqrt(width));
  return network(
    {
      attention: multiHeadAttention(width, heads, { causal: true, bias: false, weight }),
      up: linear(width, hidden, { weight, bias: zeros }),
      down: linear(hidden, width, { weight, bias: zeros }),
    },
    (x: Tensor, { attention, up, down }) => {
      const y = add(x, attention(x));
      return add(y, down(relu(up(y))));
    },
  );
}
