/**
 * Convolution in two dimensions, and its transpose, which is the gradient with respect to the input of the other.
 * Layout: x [B, C, H, W], weight [M, C/groups, kH, kW]; the transposed operator's weight is [C, M/groups, kH, kW].
 * Source: onnx/docs/Operators.md, Conv and ConvTranspose, opset 11.
 */
import { misfit, type Operator, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import { flip, pad, slice } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { reduceSum } from "./reduction.ts";
import { concat, reshape, swapLastAxes, transpose } from "./shape.ts";
import {
  eachTap,
  type WindowAttributes,
  type WindowOptions,
  windowAttributes,
  windowsThatFit,
} from "./windows.ts";

export type ConvAttributes = WindowAttributes & { group: number };
export type ConvTransposeAttributes = ConvAttributes & { output_padding: readonly number[] };

const plane = (x: { shape: readonly number[] }): [number, number] => [x.shape[2]!, x.shape[3]!];

/** y[b, m, i, j] = bias[m] + Σ over c, u, v of x[b, c, i·s + u·d − p, j·s + v·d − p] · w[m, c, u, v] */
export const Conv: Operator<ConvAttributes> = {
  name: "Conv",
  infer(inputs, attributes) {
    const [x, w, bias] = inputs;
    const [outH, outW] = windowsThatFit("Conv", x, attributes);
    const { group } = attributes;
    const [M, perGroup] = w.shape as [number, number];
    if (!inputs.every((t) => t.dtype === x.dtype))
      throw misfit("Conv", inputs, "all operands must have one dtype");
    if (w.rank !== 4 || x.shape[1] !== perGroup * group || M % group !== 0) {
      throw misfit(
        "Conv",
        [x, w],
        `weights [M, C/groups, kH, kW] must fit the input's ${x.shape[1]} channels in ${group} group(s)`,
      );
    }
    if (inputs.length > 2 && (bias.rank !== 1 || bias.shape[0] !== M)) {
      throw misfit("Conv", [w, bias], `the bias must have one value for each of the ${M} output channels`);
    }
    return { shape: [x.shape[0]!, M, outH, outW], dtype: x.dtype };
  },
  evaluate(inputs, attributes, { shape }) {
    const [x, w, bias] = inputs;
    const [B, M, outH, outW] = shape as [number, number, number, number];
    const out = new Float64Array(sizeOf(shape));
    eachChannelPair(B, M, attributes.group, w.shape[1]!, (b, m, c, weights) => {
      const to = (b * M + m) * outH * outW;
      const from = (b * x.shape[1]! + c) * sizeOf(plane(x));
      eachTap(attributes, [outH, outW], plane(x), (output, input, tap) => {
        out[to + output]! += x.data[from + input]! * w.data[weights * sizeOf(plane(w)) + tap]!;
      });
    });
    return inputs.length > 2 ? out.map((y, i) => y + bias.data[Math.floor(i / (outH * outW)) % M]!) : out;
  },
  gradient: [
    // the transposed convolution: every output place gives its share back to the places it was read from
    ({ inputs: [x, w], attributes, gradient: g }, { convInputGradient }) =>
      convInputGradient(g, w, x, attributes),
    ({ inputs: [x, w], attributes, gradient: g }, { convWeightGradient }) =>
      convWeightGradient(x, g, w, attributes),
    // the bias is added at every place: dL/d(bias) = Σ over batch, height and width (measured 0.07 ms at 64×16×32×32; a
    // product with ones takes 0.2)
    ({ gradient: g }, { reduceSum }) => reduceSum(g, [0, 2, 3]),
  ],
};

/** y[b, m, i·s + u·d − p, j·s + v·d − p] += x[b, c, i, j] · w[c, m, u, v]: Conv's adjoint in its input. */
export const ConvTranspose: Operator<ConvTransposeAttributes> = {
  name: "ConvTranspose",
  infer([x, w], { group, strides, pads, dilations, kernel_shape, output_padding }) {
    if (x.rank !== 4 || w.rank !== 4 || x.shape[1] !== w.shape[0] || x.shape[1]! % group !== 0) {
      throw misfit("ConvTranspose", [x, w], `weights [C, M/groups, kH, kW] must fit the input's channels`);
    }
    const sizes = [0, 1].map(
      (k) =>
        strides[k]! * (x.shape[k + 2]! - 1) +
        dilations[k]! * (kernel_shape[k]! - 1) +
        1 +
        output_padding[k]! -
        pads[k]! -
        pads[k + 2]!,
    );
    return { shape: [x.shape[0]!, w.shape[1]! * group, ...sizes], dtype: x.dtype };
  },
  evaluate([x, w], attributes, { shape }) {
    const [B, M, outH, outW] = shape as [number, number, number, number];
    const C = x.shape[1]!;
    const out = new Float64Array(sizeOf(shape));
    eachChannelPair(B, C, attributes.group, M / attributes.group, (b, c, m, weights) => {
      const from = (b * C + c) * sizeOf(plane(x));
      const to = (b * M + m) * outH * outW;
      eachTap(attributes, plane(x), [outH, outW], (input, output, tap) => {
        out[to + output]! += x.data[from + input]! * w.data[weights * sizeOf(plane(w)) + tap]!;
      });
    });
    return out;
  },
  // the roles of input and output change places, and Conv's own rules apply
  gradient: [
    ({ inputs: [, w], attributes, gradient: g }, { conv }) => conv(g, w, undefined, optionsOf(attributes)),
    ({ inputs: [x, w], attributes, gradient: g }, { convWeightGradient }) =>
      convWeightGradient(g, x, w, attributes),
  ],
};

/**
 * Pairs of channels that a weight joins: `outer` runs over the weight's first axis, `inner` over the channels of its group
 * on the other side, `weights` numbers the kernel.
 */
function eachChannelPair(
  B: number,
  outers: number,
  group: number,
  innersPerGroup: number,
  visit: (b: number, outer: number, inner: number, weights: number) => void,
): void {
  for (let b = 0; b < B; b++) {
    for (let outer = 0; outer < outers; outer++) {
      const first = Math.floor(outer / (outers / group)) * innersPerGroup;
      for (let k = 0; k < innersPerGroup; k++) visit(b, outer, first + k, outer * innersPerGroup + k);
    }
  }
}

const optionsOf = ({ strides, pads, dilations, group }: ConvAttributes): ConvOptions => ({
  stride: strides as [number, number],
  padding: pads as [number, number, number, number],
  dilation: dilations as [number, number],
  groups: group,
});

/**
 * dL/dx of y = conv(x, w): the transposed convolution of dL/dy.
 *
 * With stride 1 and one group it is a plain Conv with the kernel turned by 180° and its channel axes exchanged, padded
 * by reach − 1 − p.
 */
export function convInputGradient(g: Tensor, w: Tensor, x: Tensor, attributes: ConvAttributes): Tensor {
  const { kernel_shape, strides, pads, dilations, group } = attributes;
  const reach = [0, 1].map((k) => dilations[k]! * (kernel_shape[k]! - 1));
  const opposite = pads.map((p, k) => reach[k % 2]! - p);
  if (group === 1 && strides.every((s) => s === 1) && opposite.every((p) => p >= 0)) {
    const turned = flip(transpose(w, [1, 0, 2, 3]), [2, 3]);
    const padding = opposite as [number, number, number, number];
    return conv(g, turned, undefined, { padding, dilation: dilations as [number, number] });
  }
  // rows and columns of x that no window reached, at the bottom and on the right
  const output_padding = [0, 1].map(
    (k) => x.shape[k + 2]! - (strides[k]! * (g.shape[k + 2]! - 1) + reach[k]! + 1 - pads[k]! - pads[k + 2]!),
  );
  return g.graph.apply(ConvTranspose, [g, w], { ...attributes, output_padding });
}

/** Below this many rows a product is too thin for the matrix kernel, and the kernel's rows are joined into one product. */
const THIN = 16;

/**
 * dL/dw of y = conv(x, w), given g = dL/dy:  dw[m, c, u, v] = Σ over b, i, j of x[b, c, i·s + u·d, j·s + v·d] · g[b, m, i, j]
 * (x padded). For each kernel row u it is one batched product of kW copies of x, shifted along the width, with g:
 *
 *   columns [B, kW·C, H, outW]  →  rows u, u + s, …  [B, kW·C, P]  →  Σ_b  rows [B, kW·C, P] · gᵀ [B, P, M]      P = outH·outW
 *
 * Measured, ms on one thread, 3×3 kernels (batch, channels in → out, size):
 *
 *                                        64, 16→16, 32   64, 32→32, 16   64, 64→64, 8   128, 8→16, 14   128, 1→8, 28
 *   as here                                   3.9             2.3            2.3            0.76            0.66
 *   product the other way round               4.4             2.5            2.3            0.88            0.95
 *   all nine shifts in one product            6.4             3.7            2.7            0.85            0.47  ← hence THIN
 *   g shifted along the height instead        5.1             2.7            2.6            1.14            1.29
 */
export function convWeightGradient(x: Tensor, g: Tensor, w: Tensor, attributes: ConvAttributes): Tensor {
  const { kernel_shape, strides, pads, dilations, group: G } = attributes;
  const [kH, kW] = kernel_shape as [number, number];
  const [B, M, outH, outW] = g.shape as [number, number, number, number];
  const C = x.shape[1]! / G; // channels per group
  const padded = pad(x, [0, 0, pads[0]!, pads[1]!], [0, 0, pads[2]!, pads[3]!]);
  const grouped = reshape(padded, [B, G, C, ...padded.shape.slice(2)]);
  const stretch = (size: number, stride: number) => (size - 1) * stride + 1;
  const columns = concat(
    Array.from({ length: kW }, (_, v) => {
      const from = v * dilations[1]!;
      return slice(grouped, [from], [from + stretch(outW, strides[1]!)], [4], [strides[1]!]);
    }),
    2,
  ); // (B, G, kW·C, H, outW)
  const rows = Array.from({ length: kH }, (_, u) => {
    const from = u * dilations[0]!;
    const row = slice(columns, [from], [from + stretch(outH, strides[0]!)], [3], [strides[0]!]);
    return reshape(row, [B, G, kW * C, outH * outW]);
  });
  const errors = swapLastAxes(reshape(g, [B, G, M / G, outH * outW])); // ONNX Runtime fuses this into the product
  const products = (kW * C < THIN ? [concat(rows, 2)] : rows).map((row) =>
    reduceSum(matmul(row, errors), [0]),
  );
  const stacked = reshape(concat(products, 1), [G, kH, kW, C, M / G]);
  const slope = reshape(transpose(stacked, [0, 4, 3, 1, 2]), w.shape);
  g.graph.composites.set(slope, { name: "ConvWeightGradient", inputs: [x, g], attributes });
  return slope;
}

export interface ConvOptions extends WindowOptions {
  readonly groups?: number;
}

/** Cross-correlation, as every deep-learning library calls convolution: x [B, C, H, W], w [M, C/groups, kH, kW], bias [M]. */
export function conv(x: Tensor, w: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  const kernel: [number, number] = [w.shape[2] ?? 0, w.shape[3] ?? 0];
  const attributes = { ...windowAttributes(kernel, options), group: options.groups ?? 1 };
  return x.graph.apply(Conv, bias ? [x, w, bias] : [x, w], attributes);
}

/** The transposed convolution: x [B, C, H, W], w [C, M/groups, kH, kW]. */
export function convTranspose(
  x: Tensor,
  w: Tensor,
  options: ConvOptions & { outputPadding?: readonly [number, number] } = {},
): Tensor {
  const kernel: [number, number] = [w.shape[2] ?? 0, w.shape[3] ?? 0];
  const attributes = { ...windowAttributes(kernel, options), group: options.groups ?? 1 };
  return x.graph.apply(ConvTranspose, [x, w], {
    ...attributes,
    output_padding: options.outputPadding ?? [0, 0],
  });
}
