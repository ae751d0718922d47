/**
 * What a lowering rule is given and what it answers: the forms of the tensors before it, one application of an operator, and
 * the form of its output. Beside the types, the rule for all operators that work element by element.
 */
import type { Attributes, Tensor } from "../graph.ts";
import { sameShape } from "../shapes.ts";
import type { Affine } from "./affine.ts";
import { asBlocks, asPictures, divides, repeatedBlocks } from "./layout.ts";

/** The lowered forms of tensors that come before the one at hand. */
export interface Forms {
  readonly b: number;
  /** In ONNX's layout. */
  plain(x: Tensor): Tensor;
  /** In blocks; converted where it was computed otherwise. */
  blocks(x: Tensor): Tensor;
  /** Whether the tensor was computed in blocks, so that having them costs nothing. */
  inBlocks(x: Tensor): boolean;
  /** Whether nothing but one operator reads the tensor. */
  readOnce(x: Tensor): boolean;
  /** What the tensor is per channel, where one operator alone reads it and may compute it together with itself. */
  affine(x: Tensor): Affine | undefined;
}

export interface Step<A = Attributes> {
  readonly inputs: readonly [Tensor, Tensor, Tensor, ...Tensor[]];
  readonly attributes: A;
  readonly output: Tensor;
}

/** The output in blocks, the output in ONNX's layout, or why neither pays. */
export type Lowered =
  | { readonly blocks: Tensor; readonly affine?: Affine }
  | { readonly plain: Tensor }
  | { readonly reason: string };
export type LoweringRule<A = Attributes> = { rule(step: Step<A>, forms: Forms): Lowered }["rule"];

export const unchanged = { reason: "its operands are not in blocks" } as const;

/** Element by element the layout does not matter, as long as all operands share it. */
export function elementwise({ inputs, output }: Step, forms: Forms): Lowered {
  const { origin } = output;
  const whole = (x: Tensor) => sameShape(x.shape, output.shape);
  const operands = inputs as readonly Tensor[];
  if (origin.kind !== "call" || !divides(output.shape, forms.b)) return unchanged;
  if (!operands.some((x) => whole(x) && forms.inBlocks(x))) return unchanged;
  // without repetition inside, they are pictures as the convolutions around them take and give them
  if (operands.every((x) => whole(x) || x.size === 1)) {
    const pictures = operands.map((x) =>
      whole(x) ? asPictures(forms.blocks(x)) : repeatedBlocks(forms.plain(x), forms.b),
    );
    const [y] = output.graph.reapply(origin.call, pictures);
    return { blocks: asBlocks(y!, forms.b) };
  }
  const blocks = operands.map((x) => (whole(x) ? forms.blocks(x) : repeatedBlocks(forms.plain(x), forms.b)));
  return { blocks: output.graph.reapply(origin.call, blocks)[0]! };
}
