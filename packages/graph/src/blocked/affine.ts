/**
 * y = x · scale + bias + sum with one scale and one bias per channel: what batch normalisation ends in, forward and backward.
 * In blocks it is one pass over memory, a convolution of 1×1 for every channel by itself, which adds a tensor and rectifies on
 * its way too. The operators that make it up come one after another, so each rule computes what there is so far and leaves a
 * description beside it; the next one begins again from that, and what nobody reads any more is dead code.
 *
 * Measured on 128×16×32×32, one thread, in ms: a product or a sum with a vector 0.85, with a tensor 1.1, Relu 0.9; all of them
 * at once 1.25.
 */
import type { Tensor } from "../graph.ts";
import { constantLike, neg, reshape } from "../ops/index.ts";
import { sameShape } from "../shapes.ts";
import { blockedConv } from "./conv.ts";
import { asBlocks, asPictures, divides } from "./layout.ts";
import { elementwise, type Forms, type Lowered, type Step } from "./step.ts";

export interface Affine {
  /** In blocks. */
  readonly x: Tensor;
  /** One number per channel, or null for ones. */
  readonly scale: Tensor | null;
  /** One number per channel, or null for zeros. */
  readonly bias: Tensor | null;
  /** In blocks, or null for zeros. */
  readonly sum: Tensor | null;
}

export function computeAffine({ x, scale, bias, sum }: Affine, activation?: "Relu"): Tensor {
  const { graph } = x;
  const picture = asPictures(x);
  const [, C] = picture.shape as [number, number];
  const b = x.shape[4]!;
  const weights = scale ? reshape(scale, [C, 1, 1, 1]) : constantLike(x, 1, [C, 1, 1, 1]);
  const added = bias && reshape(bias, [C]);
  const operands = [picture, weights];
  if (added || sum) operands.push(added ?? graph.absent);
  if (sum) operands.push(asPictures(sum));
  return asBlocks(blockedConv(operands, b, { group: C, ...(activation && { activation }) }), b);
}

const lowered = (affine: Affine): Lowered => ({ blocks: computeAffine(affine), affine });

/** Operand k, where it holds one number per channel of the output and the other one is in blocks. */
function besideVector(
  { inputs, output }: Step,
  forms: Forms,
  k: number,
): { x: Tensor; vector: Tensor } | null {
  const [vector, x] = [inputs[k]!, inputs[1 - k]!];
  const [B, C, H, W] = [1, 1, 1, 1, ...vector.shape].slice(-4) as [number, number, number, number];
  const fits = B === 1 && H === 1 && W === 1 && C === output.shape[1] && output.rank === 4;
  const whole = sameShape(x.shape, output.shape) && forms.inBlocks(x) && x.dtype === "float32";
  return fits && whole && divides(output.shape, forms.b) ? { x, vector } : null;
}

export function multiply(step: Step, forms: Forms): Lowered {
  const found = besideVector(step, forms, 0) ?? besideVector(step, forms, 1);
  if (!found) return elementwise(step, forms);
  return lowered({ x: forms.blocks(found.x), scale: forms.plain(found.vector), bias: null, sum: null });
}

export function add(step: Step, forms: Forms): Lowered {
  const beside = besideVector(step, forms, 0) ?? besideVector(step, forms, 1);
  if (beside) return withBias(beside.x, forms.plain(beside.vector), forms);
  const [first, second] = step.inputs;
  if (sameShape(first.shape, second.shape)) {
    for (const [x, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const before = forms.affine(x);
      if (before && before.sum === null) return lowered({ ...before, sum: forms.blocks(other) });
    }
  }
  return elementwise(step, forms);
}

export function subtract(step: Step, forms: Forms): Lowered {
  const found = besideVector(step, forms, 1);
  return found ? withBias(found.x, neg(forms.plain(found.vector)), forms) : elementwise(step, forms);
}

function withBias(x: Tensor, bias: Tensor, forms: Forms): Lowered {
  const before = forms.affine(x);
  if (before && before.bias === null) return lowered({ ...before, bias });
  return lowered({ x: forms.blocks(x), scale: null, bias, sum: null });
}

/** max(0, ·) of it, or null where the operand is nothing of the kind, or is read by others too. */
export function rectify({ inputs: [x] }: Step, forms: Forms): Lowered | null {
  const before = forms.affine(x);
  return before ? { blocks: computeAffine(before, "Relu") } : null;
}
