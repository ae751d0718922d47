/**
 * GPT: a decoder-only transformer over tokens, with learnt positions. The default is GPT-2's architecture as nanoGPT writes it, whose
 * parameter names and starting values it has; options lead to GPT-1's norms after each branch, to RMSNorm and to squared rectifiers.
 *
 *   x₀ = wte[tokens] + wpe[0 … T−1]
 *   xₗ₊₁ = x + mlp(ln_2(x))  with  x = xₗ + attn(ln_1(xₗ))            norm "pre"
 *   xₗ₊₁ = ln_2(x + mlp(x))  with  x = ln_1(xₗ + attn(xₗ))            norm "post"
 *   logits = ln_f(x) wteᵀ                                             "post" has no ln_f; untied heads have their own weight
 *
 * Sources  Radford et al., "Language models are unsupervised multitask learners", 2019, §2.3 (pre-norm, starting values);
 *          "Improving language understanding by generative pre-training", 2018, §4.1 (post-norm);
 *          github.com/karpathy/nanoGPT, model.py.
 */
import { add, type Tensor } from "@thalweg/graph";
import { type Activation, activation } from "../activations.ts";
import { attend, joinHeads, requireHeads, splitProjections } from "../attention.ts";
import { checkpointed, named, network, sequential } from "../composition.ts";
import { embedding } from "../embedding.ts";
import { branchEnd, normal, zeros } from "../initializers.ts";
import { affine, dropout, identity, linear, requireCounts, requireProbability } from "../layers.ts";
import type { Context, Module } from "../module.ts";
import { layerNorm, rmsNorm } from "../normalization.ts";

export interface GptOptions {
  /** Different tokens. */
  readonly vocabulary: number;
  /** The longest sequence that has positions; nanoGPT's `block_size`. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  /** Values per position: nanoGPT's `n_embd`. */
  readonly width: number;
  /** In [0, 1): of embeddings, attention weights and branches, in training. Default 0. */
  readonly dropout?: number;
  /** Biases in linear layers and norms. Default true, as GPT-2. */
  readonly bias?: boolean;
  /** Norm before each branch, or after each sum. Default "pre". */
  readonly norm?: "pre" | "post";
  readonly normalization?: "layer" | "rms";
  /** Default "gelu". */
  readonly activation?: Activation;
  /** Whether the output layer shares the token table. Default true. */
  readonly tied?: boolean;
  /** Whether blocks are computed again in the backward pass rather than kept. Default false. */
  readonly checkpoint?: boolean;
}

const STD = 0.02;

/** int32 tokens [B, T] → logits [B, T, vocabulary], T up to `context`. */
export function gpt(options: GptOptions): Module {
  const { vocabulary, context: positions, layers, heads, width } = options;
  const { dropout: p = 0, norm = "pre", tied = true, checkpoint = false } = options;
  requireCounts("gpt", { vocabulary, context: positions, layers });
  requireHeads("gpt", width, heads);
  requireProbability("gpt", "dropout", p);
  const table = { weight: normal(0, STD) };
  const transformer = network(
    {
      wte: embedding(vocabulary, width, table),
      wpe: embedding(positions, width, table),
      drop: dropout(p),
      h: sequential(
        ...Array.from({ length: layers }, () => (checkpoint ? checkpointed(block(options)) : block(options))),
      ),
      ln_f: norm === "pre" ? normOf(options) : identity(),
    },
    (tokens: Tensor, { wte, wpe, drop, h, ln_f }) => {
      const T = requireTokens(tokens, positions);
      const places = tokens.graph.constant(
        Array.from({ length: T }, (_, t) => t),
        [T],
        "int32",
      );
      return ln_f(h(drop(add(wte(tokens), wpe(places))))); // (B, T, C)
    },
  );
  if (!tied) {
    const head = linear(width, vocabulary, { bias: false, ...table });
    return named({ transformer, lm_head: head });
  }
  return network(
    { transformer },
    (tokens: Tensor, children, context) =>
      affine(children.transformer(tokens), context.parameter("transformer.wte.weight")),
    { alsoStored: [{ name: "lm_head.weight", repeats: "transformer.wte.weight" }] },
  );
}

/** Attention and a two-layer network, each with its norm and around each a sum. */
function block(options: GptOptions): Module {
  const children = {
    ln_1: normOf(options),
    attn: causalSelfAttention(options),
    ln_2: normOf(options),
    mlp: feedForward(options),
  };
  return options.norm === "post"
    ? network(children, (x: Tensor, { ln_1, attn, ln_2, mlp }) => {
        const y = ln_1(add(x, attn(x)));
        return ln_2(add(y, mlp(y)));
      })
    : network(children, (x: Tensor, { ln_1, attn, ln_2, mlp }) => {
        const y = add(x, attn(ln_1(x)));
        return add(y, mlp(ln_2(y)));
      });
}

const normOf = ({ width, normalization = "layer", bias = true }: GptOptions): Module =>
  normalization === "layer" ? layerNorm(width, { bias }) : rmsNorm(width);

/** Weights start with standard deviation 0.02; those that end a branch with 0.02/√(branches), as their sum grows by branches. */
const into = ({ bias = true }: GptOptions) => ({ weight: normal(0, STD), bias: bias && zeros });
const outOf = ({ bias = true, layers }: GptOptions) => ({
  weight: branchEnd(2 * layers, STD),
  bias: bias && zeros,
});

function causalSelfAttention(options: GptOptions): Module {
  const { width, heads, dropout: p = 0 } = options;
  return network(
    {
      c_attn: linear(width, 3 * width, into(options)),
      c_proj: linear(width, width, outOf(options)),
      resid_dropout: dropout(p),
    },
    (x: Tensor, { c_attn, c_proj, resid_dropout }, context: Context) => {
      const [q, k, v] = splitProjections(c_attn(x), heads); // (B, nh, T, h) each
      return resid_dropout(c_proj(joinHeads(attend(q, k, v, context, { causal: true, dropout: p }))));
    },
    // the mask, which nanoGPT keeps where torch has no attention of its own
    { alsoStored: [{ name: "bias" }] },
  );
}

const feedForward = (options: GptOptions): Module =>
  named({
    c_fc: linear(options.width, 4 * options.width, into(options)),
    gelu: activation(options.activation ?? "gelu"),
    c_proj: linear(4 * options.width, options.width, outOf(options)),
    dropout: dropout(options.dropout ?? 0),
  });

function requireTokens(tokens: Tensor, positions: number): number {
  const [, T] = tokens.shape;
  if (tokens.rank === 2 && T! <= positions) return T!;
  throw new RangeError(
    `Cannot apply gpt to ${tokens} as it needs tokens [B, T] with T at most ${positions}: cut the sequences, or build it with a larger context`,
  );
}
