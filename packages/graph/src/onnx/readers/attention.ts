/**
 * Attention, an operator since opset 23. Queries, keys and values have four axes, or three with
 * the heads side by side in the last. What versions of ONNX define differently is refused: a causal mask together with keys of the
 * past, and a soft cap together with a mask.
 */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Readers } from "../node.ts";

const PAST = [4, 5] as const;
const LENGTHS = 6;

/** The fourth output is one stage of the scores: as they come, masked, capped, or as weights. */
function stageOf(node: NodeView, stages: readonly Tensor[]): Tensor {
  const mode = node.int("qk_matmul_output_mode", 0);
  const stage = stages[mode];
  if (stage) return stage;
  throw node.refuse("qk_matmul_output_mode must be 0, 1, 2 or 3", `found ${mode}`);
}

export const attention: Readers = {
  Attention: (node) => {
    const flat = node.input(0).rank === 3;
    const heads = (x: Tensor, name: string) => (flat ? ops.splitHeads(x, node.int(name)) : x);
    const q = heads(node.input(0), "q_num_heads");
    const [k, v] = PAST.map((past, i) => {
      const now = heads(node.input(1 + i), "kv_num_heads");
      const before = node.optional(past);
      return before ? ops.concat([before, now], 2) : now;
    }) as [Tensor, Tensor];
    const mask = node.optional(3);
    const causal = node.int("is_causal", 0) === 1;
    const softcap = node.float("softcap", 0);
    if (node.hasInput(LENGTHS)) {
      throw node.refuse("lengths of the keys (nonpad_kv_seqlen) are not read", "give a mask instead");
    }
    if (causal && node.hasInput(PAST[0])) {
      throw node.refuse("a causal mask must come without keys of the past", "give the mask as attn_mask");
    }
    if (softcap > 0 && (causal || mask)) {
      throw node.refuse("a soft cap must come without a mask", "compose the attention of its parts");
    }
    const scale = node.hasAttribute("scale") ? node.float("scale") : undefined;
    const { output, stages } = ops.attention(q, k, v, { mask, causal, scale, softcap });
    return [flat ? ops.joinHeads(output) : output, k, v, stageOf(node, stages)];
  },
};
