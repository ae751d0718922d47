/**
 * ONNX Runtime's convolution over blocked channels, and its way into that order. It is the kernel that ONNX Runtime itself
 * chooses when weights are initializers, 1.8 times as fast as its Conv; weights that change at every step never get it
 * unless it is asked for by name.
 *
 *   x [N, C, H, W]   in the order [N, C/b, H, W, b]; plain for one group of fewer than b channels
 *   w [M, C/groups, kH, kW]  in the order of `blockFilter`, M a multiple of b; [C, 1, 1, 1] for every channel by itself
 *   y [N, M, …]      in the order [N, M/b, …, b]; a fourth operand in that order is added to it
 *
 * The operator is internal to ONNX Runtime, so models that hold it are for the machine and the version at hand.
 * Source: onnxruntime/contrib_ops/cpu/nchwc_ops.cc.
 */
import { type Attributes, misfit, type Operator, type Tensor, type Values } from "../graph.ts";
import { Conv, type ConvAttributes, reshape } from "../ops/index.ts";
import { type Shape, sameShape, show, sizeOf, stridesOf, walk } from "../shapes.ts";

export type BlockedConvAttributes = ConvAttributes & { activation?: "Relu" };

export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** The operator for blocks of b channels. */
export const BlockedConv = (b: number): Operator<BlockedConvAttributes & Attributes> => ({
  name: "Conv",
  domain: BLOCKED_DOMAIN,
  infer(inputs, attributes) {
    const [x, w] = inputs;
    const [C, M] = [x.shape[1]!, w.shape[0]!];
    const { group } = attributes;
    const perGroup = C / group;
    const single = group === C && M === C && sizeOf(w.shape.slice(2)) === 1;
    if (M % b !== 0 || (perGroup % b !== 0 && !(C < b && group === 1) && !single)) {
      throw misfit("blocked Conv", inputs, `channels must come in blocks of ${b}: found ${C} to ${M}`);
    }
    const [, , bias, sum] = inputs;
    const type = Conv.infer(bias && !bias.isAbsent ? [x, w, bias] : ([x, w] as never), attributes);
    if (sum && !sameShape(sum.shape, type.shape)) {
      throw misfit("blocked Conv", inputs, `what is added must have the output's shape, ${show(type.shape)}`);
    }
    return type;
  },
  evaluate([x, w, bias, sum], attributes, output) {
    const [N, C] = x.shape as [number, number];
    const [M, perGroup] = w.shape as [number, number];
    const [pixels, taps] = [sizeOf(x.shape.slice(2)), sizeOf(w.shape.slice(2))];
    const thin = C < b;
    const plainX = thin ? x.data : permute(x.data, [N, C / b, pixels, b], [0, 1, 3, 2]);
    const plainW = thin
      ? permute(w.data, [M / b, C, taps, b], [0, 3, 1, 2])
      : perGroup === 1
        ? w.data
        : permute(w.data, [M / b, perGroup / b, taps, b, b], [0, 4, 1, 3, 2]);
    const operands = [
      { shape: x.shape, data: plainX },
      { shape: w.shape, data: plainW },
      ...(bias?.data.length ? [bias] : []),
    ];
    const y = Conv.evaluate(operands as unknown as Values, attributes, output);
    const blocked = permute(y, [N, M / b, b, sizeOf(output.shape.slice(2))], [0, 1, 3, 2]);
    const total = sum ? blocked.map((v, i) => v + sum.data[i]!) : blocked;
    return attributes.activation === "Relu" ? total.map((v) => Math.max(v, 0)) : total;
  },
  gradient: [notDifferentiable],
});

/** x [N, C, H, W] → the same in the order [N, C/b, H, W, b]; C a multiple of b. */
const ReorderInput = (b: number): Operator => ({
  name: "ReorderInput",
  domain: BLOCKED_DOMAIN,
  infer([x]) {
    if (x.rank !== 4 || x.shape[1]! % b !== 0) {
      throw misfit("ReorderInput", [x], `it needs four axes, the second one a multiple of ${b}`);
    }
    return { shape: x.shape, dtype: x.dtype };
  },
  evaluate([x]) {
    const [N, C, H, W] = x.shape as [number, number, number, number];
    return permute(x.data, [N, C / b, b, H * W], [0, 1, 3, 2]);
  },
  gradient: [notDifferentiable],
});

function notDifferentiable(): never {
  throw new TypeError("Cannot differentiate blocked operators: differentiate first, and lower the result");
}

function permute(data: Float64Array, shape: Shape, perm: readonly number[]): Float64Array {
  const strides = stridesOf(shape);
  const moved = perm.map((axis) => strides[axis]!);
  const out = new Float64Array(data.length);
  walk(
    perm.map((axis) => shape[axis]!),
    moved,
    moved,
    (i, from) => {
      out[i] = data[from]!;
    },
  );
  return out;
}

/**
 * Bring each b channels together at every place: x [N, C, H, W] → [N, C/b, H·W, b]. Not a Transpose, as ONNX Runtime hands each of
 * the N·C/b matrices to all threads: with two threads 4352 of 16×16 take 1.6 ms, where one takes 0.2.
 */
export function gatherChannels(x: Tensor, b: number): Tensor {
  const [N, C, H, W] = x.shape as [number, number, number, number];
  return reshape(x.graph.apply(ReorderInput(b), [x], {}), [N, C / b, H * W, b]);
}

/** Apply the operator to operands that are in its order. */
export function blockedConv(
  operands: readonly Tensor[],
  b: number,
  window: Partial<BlockedConvAttributes>,
): Tensor {
  const [x, w] = operands as readonly [Tensor, Tensor];
  const attributes: BlockedConvAttributes = {
    kernel_shape: w.shape.slice(2),
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
    group: 1,
    ...window,
  };
  return x.graph.apply(BlockedConv(b), operands, attributes as BlockedConvAttributes & Attributes);
}
