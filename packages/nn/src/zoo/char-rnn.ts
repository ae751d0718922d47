/**
 * A two-layer LSTM over characters, with dropout around each layer.
 * Source   Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015; github.com/fsschneider/DeepOBS,
 *          tolstoi_char_rnn (embedding and 128 hidden units, dropout of 0.2 before and after each layer).
 * Differs  from DeepOBS' in that each sequence starts from zero rather than from where the one before it ended, and in torch's two biases and
 *          starting values of the LSTM, whose forget gate has no 1 added.
 */
import type { Tensor } from "@thalweg/graph";
import { network } from "../composition.ts";
import { embedding } from "../embedding.ts";
import { xavierUniform, zeros } from "../initializers.ts";
import { dropout, linear } from "../layers.ts";
import type { Module } from "../module.ts";
import { lstm } from "../recurrent.ts";

export interface CharRnnOptions {
  /** Different characters. Default 83, those of War and Peace. */
  readonly vocabulary?: number;
  /** Default 128. */
  readonly hidden?: number;
  /** Default 0.2. */
  readonly dropout?: number;
}

/** int32 tokens [B, T] → logits [B, T, vocabulary]. */
export function charRnn(options: CharRnnOptions = {}): Module {
  const { vocabulary = 83, hidden = 128, dropout: p = 0.2 } = options;
  const weight = xavierUniform();
  return network(
    {
      embed: embedding(vocabulary, hidden, { weight }),
      before1: dropout(p),
      layer1: lstm(hidden, hidden),
      after1: dropout(p),
      before2: dropout(p),
      layer2: lstm(hidden, hidden),
      after2: dropout(p),
      head: linear(hidden, vocabulary, { weight, bias: zeros }),
    },
    (tokens: Tensor, { embed, before1, layer1, after1, before2, layer2, after2, head }) => {
      const first = after1(layer1(before1(embed(tokens))).output);
      return head(after2(layer2(before2(first)).output));
    },
  );
}
