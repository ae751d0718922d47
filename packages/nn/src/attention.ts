/**
 * Attention: every position looks up values at others, by how well its query fits their keys.
 *
 *   attend(Q, K, V) = softmax(Q Kᵀ / √h + mask) V          h values per head, softmax over the keys
 *
 * Shapes   B batch, T positions, C channels, nh heads, h = C / nh.
 * Source   Vaswani et al., arXiv:1706.03762, eq. 1 and §3.2.2.
 */
import {
  add,
  type Graph,
  matmul,
  mul,
  reshape,
  slice,
  softmax,
  type Tensor,
  transpose,
} from "@thalweg/graph";
import { layerWeight, xavierUniform, zeros } from "./initializers.ts";
import { affine, biasSpecs, dropped, requireCounts, requireProbability } from "./layers.ts";
import type { Context, Initializer, Module } from "./module.ts";

export interface AttentionOptions {
  /** Positions see only themselves and what comes before them. Default false. */
  readonly causal?: boolean;
  /** The share of attention weights that is dropped in training. Default 0. */
  readonly dropout?: number;
}

/**
 * softmax(Q Kᵀ / √h + mask) V for each head: q (B, nh, T, h), k and v (B, nh, S, h) → (B, nh, T, h). `mask` is added to
 * the scores and broadcasts to (B, nh, T, S): −∞ where a key is not to be seen. Noise for dropout is called `noise`.
 */
export function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  context: Context,
  options: AttentionOptions & { readonly mask?: Tensor } = {},
): Tensor {
  const { causal = false, dropout = 0, mask } = options;
  const [T, S] = [q.shape[2]!, k.shape[2]!];
  const scaled = mul(q, 1 / Math.sqrt(q.shape[3]!));
  let scores = matmul(scaled, transpose(k, [0, 1, 3, 2])); // (B, nh, T, S)
  if (causal) scores = add(scores, causalMask(scores, T, S));
  if (mask) scores = add(scores, mask);
  return matmul(dropped(softmax(scores, -1), dropout, context), v);
}

const causalMasks = new WeakMap<Graph, Map<string, Tensor>>();

/** (T, S): 0 on and below the diagonal, −∞ above it. One constant per graph and size, however many layers ask for it. */
function causalMask({ graph, dtype }: Tensor, T: number, S: number): Tensor {
  const masks = causalMasks.get(graph) ?? new Map<string, Tensor>();
  causalMasks.set(graph, masks);
  const key = `${dtype} ${T} ${S}`;
  const mask =
    masks.get(key) ??
    graph.constant(
      Float64Array.from({ length: T * S }, (_, i) =>
        i % S <= Math.floor(i / S) ? 0 : Number.NEGATIVE_INFINITY,
      ),
      [T, S],
      dtype,
    );
  masks.set(key, mask);
  return mask;
}

/** (B, T, nh·h) → (B, nh, T, h). */
export const splitHeads = (x: Tensor, heads: number): Tensor => {
  const [B, T, C] = x.shape as [number, number, number];
  return transpose(reshape(x, [B, T, heads, C / heads]), [0, 2, 1, 3]);
};

/** (B, nh, T, h) → (B, T, nh·h). */
export const joinHeads = (x: Tensor): Tensor => {
  const [B, nh, T, h] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [B, T, nh * h]);
};

/** Queries, keys and values that one product gave side by side, (B, T, 3C) → three of (B, nh, T, h). */
export function splitProjections(qkv: Tensor, heads: number): [Tensor, Tensor, Tensor] {
  const [B, T, C3] = qkv.shape as [number, number, number];
  const apart = transpose(reshape(qkv, [B, T, 3, heads, C3 / 3 / heads]), [2, 0, 3, 1, 4]); // (3, B, nh, T, h)
  const part = (i: number) => reshape(slice(apart, [i], [i + 1], [0]), apart.shape.slice(1));
  return [part(0), part(1), part(2)];
}

export function requireHeads(layer: string, width: number, heads: number): void {
  requireCounts(layer, { width, heads });
  if (width % heads !== 0) {
    throw new RangeError(
      `Cannot build ${layer} as heads must divide the width: ${heads} heads of width ${width}`,
    );
  }
}

/** What attends to what; a tensor alone attends to itself. `mask` as in `attend`. */
export interface AttentionInput {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly mask?: Tensor;
}

export interface MultiHeadAttentionOptions extends AttentionOptions {
  readonly bias?: boolean;
  /** Of all projections. Default: torch's, xavierUniform before the heads and kaimingUniform with a = √5 after them. */
  readonly weight?: Initializer;
}

/**
 * Several heads side by side: (B, T, C) → (B, T, C), with projections before and after. Self-attention of a tensor, or
 * attention of a query (B, T, C) over keys and values (B, S, C).
 * Names and defaults are torch.nn.MultiheadAttention's with batch_first: in_proj_weight [3C, C] holds queries', keys' and values' rows.
 */
export function multiHeadAttention(
  width: number,
  heads: number,
  options: MultiHeadAttentionOptions = {},
): Module<Tensor | AttentionInput> {
  requireHeads("multiHeadAttention", width, heads);
  const { bias = true, dropout = 0, weight } = options;
  requireProbability("multiHeadAttention", "dropout", dropout);
  const [inBias] = biasSpecs(bias, 3 * width, zeros);
  const [outBias] = biasSpecs(bias, width, zeros);
  return {
    parameters: [
      {
        name: "in_proj_weight",
        shape: [3 * width, width],
        initialize: weight ?? xavierUniform(),
        kind: "weight",
      },
      ...(inBias ? [{ ...inBias, name: "in_proj_bias" }] : []),
      { name: "out_proj.weight", shape: [width, width], initialize: weight ?? layerWeight, kind: "weight" },
      ...(outBias ? [{ ...outBias, name: "out_proj.bias" }] : []),
    ],
    buffers: [],
    forward(x, context) {
      const matrix = context.parameter("in_proj_weight");
      const biases = bias ? context.parameter("in_proj_bias") : undefined;
      const project = (input: Tensor, k: number) =>
        affine(
          input,
          slice(matrix, [k * width], [(k + 1) * width], [0]),
          biases && slice(biases, [k * width], [(k + 1) * width], [0]),
        );
      const [q, k, v] =
        "query" in x
          ? [x.query, x.key, x.value].map((input, part) => splitHeads(project(input, part), heads))
          : splitProjections(affine(x, matrix, biases), heads);
      const mask = "query" in x ? x.mask : undefined;
      const joined = joinHeads(attend(q!, k!, v!, context, { ...options, ...(mask && { mask }) }));
      return affine(
        joined,
        context.parameter("out_proj.weight"),
        bias ? context.parameter("out_proj.bias") : undefined,
      );
    },
  };
}
