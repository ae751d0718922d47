/**
 * Scaled dot-product attention, composed of matrix products and a softmax.
 *
 *   Y = softmax(scale · Q Kᵀ + mask) V
 *
 * Shapes: B batch, H heads of the queries, G heads of keys and values (each serves H/G neighbouring query heads), S queries,
 * L keys, E and F sizes of a key and of a value.
 * Source: Vaswani et al., arXiv:1706.03762; Ainslie et al., arXiv:2305.13245 (grouped heads); onnx/docs/Operators.md, Attention-23.
 */
import { misfit, type Tensor } from "../graph.ts";
import { sameShape, table } from "../shapes.ts";
import { tanh } from "./activation.ts";
import { add, mul } from "./arithmetic.ts";
import { and, greaterOrEqual, where } from "./comparison.ts";
import { constantLike } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { reshape, swapLastAxes, transpose } from "./shape.ts";
import { softmax } from "./softmax.ts";

export interface AttentionOptions {
  /** Bool, true where a key takes part, or floats that are added; broadcast to [B, H, S, L]. */
  readonly mask?: Tensor | undefined;
  /** Query s sees the keys 0 … s alone. */
  readonly causal?: boolean;
  /** Left out: 1/√E. */
  readonly scale?: number | undefined;
  /** Scores are held within ± this by c · tanh(score/c), after the mask. Left out or 0: they are not. */
  readonly softcap?: number;
}

export interface Attended {
  /** [B, H, S, F] */
  readonly output: Tensor;
  /** Scores as they come, masked, capped, and as weights: [B, H, S, L] each. */
  readonly stages: readonly [scores: Tensor, masked: Tensor, capped: Tensor, weights: Tensor];
}

/** q [B, H, S, E], k [B, G, L, E], v [B, G, L, F]. */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Attended {
  const { mask, causal = false, softcap = 0 } = options;
  const [B, H, S, E] = q.shape as [number, number, number, number];
  const [, G, L] = k.shape as [number, number, number];
  requireFit(q, k, v);
  const scale = options.scale ?? 1 / Math.sqrt(E);
  const grouped = (x: Tensor) => reshape(x, [B, G, 1, ...x.shape.slice(2)]);
  const queries = reshape(mul(q, scale), [B, G, H / G, S, E]);
  const scores = reshape(matmul(queries, swapLastAxes(grouped(k))), [B, H, S, L]);
  const seen = [mask?.dtype === "bool" ? mask : null, causal ? causalMask(q, S, L) : null].filter(
    (m) => m !== null,
  );
  let masked = mask && mask.dtype !== "bool" ? add(scores, mask) : scores;
  if (seen.length > 0) {
    const never = constantLike(q, Number.NEGATIVE_INFINITY);
    masked = where(
      seen.reduce((a, b) => and(a, b)),
      masked,
      never,
    );
  }
  if (!sameShape(masked.shape, scores.shape))
    throw misfit("Attention", [q, k, mask!], `the mask must broadcast to [${scores.shape.join(", ")}]`);
  const capped = softcap > 0 ? mul(tanh(mul(masked, 1 / softcap)), softcap) : masked;
  const weights = softmax(capped, -1);
  const output = matmul(reshape(weights, [B, G, H / G, S, L]), grouped(v));
  return { output: reshape(output, [B, H, S, v.shape[3]!]), stages: [scores, masked, capped, weights] };
}

/** [S, L], true where the key is not after the query: made from two short rows of indices, so that no model holds it. */
function causalMask({ graph }: Tensor, S: number, L: number): Tensor {
  const rows = graph.constant(
    table(S, (i) => i),
    [S, 1],
    "int64",
  );
  const columns = graph.constant(
    table(L, (j) => j),
    [1, L],
    "int64",
  );
  return greaterOrEqual(rows, columns);
}

function requireFit(q: Tensor, k: Tensor, v: Tensor): void {
  const [B, H, , E] = q.shape;
  const [, G, L] = k.shape;
  const fits =
    [q, k, v].every((x) => x.rank === 4 && x.dtype === q.dtype && x.shape[0] === B) &&
    sameShape(v.shape.slice(0, 3), [B!, G!, L!]) &&
    k.shape[3] === E &&
    H! % G! === 0;
  if (fits) return;
  throw misfit(
    "Attention",
    [q, k, v],
    "it needs queries [B, H, S, E], keys [B, G, L, E] and values [B, G, L, F], with H a multiple of G",
  );
}

/** [B, S, heads · E] as [B, heads, S, E]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [B, S, width] = x.shape as [number, number, number];
  if (x.rank !== 3 || !(width % heads === 0)) {
    throw misfit("Attention", [x], `it needs three axes, the last of ${heads} equal heads`);
  }
  return transpose(reshape(x, [B, S, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, heads, S, E] as [B, S, heads · E]. */
export function joinHeads(x: Tensor): Tensor {
  const [B, heads, S, E] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [B, S, heads * E]);
}
