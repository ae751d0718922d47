/**
 * Convolution over one, two or three axes, and its transpose, which is the gradient with respect to the input of the other.
 * Layout: x [B, C, …], weight [M, C/groups, …]; the transposed operator's weight is [C, M/groups, …]; the dots are the axes
 * that the kernel slides over, such as [H, W] and [kH, kW]. How gradients are computed: `convolution-gradients.ts`.
 * Source: onnx/docs/Operators.md, Conv and ConvTranspose, opset 11.
 */
import { misfit, type Operator, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import {
  eachTap,
  optionsOf,
  reachOf,
  requireWindow,
  type WindowAttributes,
  type WindowOptions,
  windowAttributes,
  windowsThatFit,
} from "./windows.ts";

export type ConvAttributes = WindowAttributes & { group: number };
export type ConvTransposeAttributes = ConvAttributes & { output_padding: readonly number[] };

const plane = (x: { shape: readonly number[] }): readonly number[] => x.shape.slice(2);

/** The bias is added at every place: dL/d(bias) = Σ over the batch and the plane. */
const planeAxes = (x: Tensor): number[] => x.shape.flatMap((_, k) => (k === 1 ? [] : [k]));

function requireBias(name: string, w: Tensor, bias: Tensor, outputs: number): void {
  if (bias.rank !== 1 || bias.shape[0] !== outputs) {
    throw misfit(name, [w, bias], `the bias must have one value for each of the ${outputs} output channels`);
  }
}

/** y[b, m, i, j] = bias[m] + Σ over c, u, v of x[b, c, i·s + u·d − p, j·s + v·d − p] · w[m, c, u, v] */
export const Conv: Operator<ConvAttributes> = {
  name: "Conv",
  infer(inputs, attributes) {
    const [x, w, bias] = inputs;
    const windows = windowsThatFit("Conv", x, attributes);
    const { group } = attributes;
    const [M, perGroup] = w.shape as [number, number];
    if (!inputs.every((t) => t.dtype === x.dtype))
      throw misfit("Conv", inputs, "all operands must have one dtype");
    if (w.rank !== x.rank || x.shape[1] !== perGroup * group || M % group !== 0) {
      throw misfit(
        "Conv",
        [x, w],
        `weights [M, C/groups, kH, kW] must fit the input's ${x.shape[1]} channels in ${group} group(s)`,
      );
    }
    if (inputs.length > 2) requireBias("Conv", w, bias, M);
    return { shape: [x.shape[0]!, M, ...windows], dtype: x.dtype };
  },
  evaluate(inputs, attributes, { shape }) {
    const [x, w, bias] = inputs;
    const [B, M, ...outputs] = shape as [number, number, ...number[]];
    const out = new Float64Array(sizeOf(shape));
    const [places, taps] = [sizeOf(outputs), sizeOf(plane(w))];
    eachChannelPair(B, M, attributes.group, w.shape[1]!, (b, m, c, weights) => {
      const to = (b * M + m) * places;
      const from = (b * x.shape[1]! + c) * sizeOf(plane(x));
      eachTap(attributes, outputs, plane(x), (output, input, tap) => {
        out[to + output]! += x.data[from + input]! * w.data[weights * taps + tap]!;
      });
    });
    return inputs.length > 2 ? out.map((y, i) => y + bias.data[Math.floor(i / places) % M]!) : out;
  },
  gradient: [
    // the transposed convolution: every output place gives its share back to the places it was read from
    ({ inputs: [x, w], attributes, gradient: g }, { convInputGradient }) =>
      convInputGradient(g, w, x, attributes),
    ({ inputs: [x, w], attributes, gradient: g }, { convWeightGradient }) =>
      convWeightGradient(x, g, w, attributes),
    // measured 0.07 ms at 64×16×32×32; a product with ones takes 0.2
    ({ gradient: g }, { reduceSum }) => reduceSum(g, planeAxes(g)),
  ],
};

/** y[b, m, i·s + u·d − p, j·s + v·d − p] += x[b, c, i, j] · w[c, m, u, v], plus bias[m]: Conv's adjoint in its input. */
export const ConvTranspose: Operator<ConvTransposeAttributes> = {
  name: "ConvTranspose",
  infer(inputs, attributes) {
    const [x, w, bias] = inputs;
    const { group, strides, pads, kernel_shape, output_padding } = attributes;
    if (w.rank !== x.rank || x.shape[1] !== w.shape[0] || x.shape[1]! % group !== 0) {
      throw misfit("ConvTranspose", [x, w], `weights [C, M/groups, kH, kW] must fit the input's channels`);
    }
    requireWindow("ConvTranspose", x, attributes);
    const axes = kernel_shape.length;
    if (!output_padding.every((n, k) => n >= 0 && n < strides[k]!)) {
      throw misfit(
        "ConvTranspose",
        [x, w],
        "output padding must be less than the stride, since no more is undecided",
        `found output padding [${output_padding}] and stride [${strides}]`,
      );
    }
    const sizes = kernel_shape.map(
      (_, k) =>
        strides[k]! * (x.shape[k + 2]! - 1) +
        reachOf(attributes, k) +
        output_padding[k]! -
        pads[k]! -
        pads[k + axes]!,
    );
    if (!sizes.every((n) => n >= 0)) {
      const found = `kernel [${kernel_shape}], stride [${strides}], padding [${pads}] give [${sizes}]`;
      throw misfit("ConvTranspose", [x, w], "every size of the output must be 0 or more", found);
    }
    const M = w.shape[1]! * group;
    if (inputs.length > 2) requireBias("ConvTranspose", w, bias, M);
    return { shape: [x.shape[0]!, M, ...sizes], dtype: x.dtype };
  },
  evaluate(inputs, attributes, { shape }) {
    const [x, w, bias] = inputs;
    const [B, M, ...outputs] = shape as [number, number, ...number[]];
    const C = x.shape[1]!;
    const [places, taps] = [sizeOf(outputs), sizeOf(plane(w))];
    const out = new Float64Array(sizeOf(shape));
    eachChannelPair(B, C, attributes.group, M / attributes.group, (b, c, m, weights) => {
      const from = (b * C + c) * sizeOf(plane(x));
      const to = (b * M + m) * places;
      eachTap(attributes, plane(x), outputs, (input, output, tap) => {
        out[to + output]! += x.data[from + input]! * w.data[weights * taps + tap]!;
      });
    });
    return inputs.length > 2 ? out.map((y, i) => y + bias.data[Math.floor(i / places) % M]!) : out;
  },
  // the roles of input and output change places, and Conv's own rules apply
  gradient: [
    ({ inputs: [, w], attributes, gradient: g }, { conv }) =>
      conv(g, w, undefined, { ...optionsOf(attributes), groups: attributes.group }),
    ({ inputs: [x, w], attributes, gradient: g }, { convWeightGradient }) =>
      convWeightGradient(g, x, w, attributes),
    ({ gradient: g }, { reduceSum }) => reduceSum(g, planeAxes(g)),
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

export interface ConvOptions extends WindowOptions {
  readonly groups?: number;
}

const convAttributes = (w: Tensor, options: ConvOptions): ConvAttributes => ({
  ...windowAttributes(w.shape.slice(2), options, w.rank - 2),
  group: options.groups ?? 1,
});

/**
 * Cross-correlation, as every deep-learning library calls convolution: x [B, C, H, W], w [M, C/groups, kH, kW], bias [M].
 * Sequences [B, C, W] and volumes [B, C, D, H, W] go with kernels of one and three axes.
 */
export function conv(x: Tensor, w: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  return x.graph.apply(Conv, bias ? [x, w, bias] : [x, w], convAttributes(w, options));
}

export interface ConvTransposeOptions extends ConvOptions {
  /** One value for each output channel. */
  readonly bias?: Tensor;
  /** Further places at the end of every axis, which a stride above 1 leaves undecided. */
  readonly outputPadding?: readonly number[];
}

/** The transposed convolution: x [B, C, H, W], w [C, M/groups, kH, kW]. */
export function convTranspose(x: Tensor, w: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const { bias, outputPadding } = options;
  const attributes = convAttributes(w, options);
  const output_padding = outputPadding ?? attributes.strides.map(() => 0);
  return x.graph.apply(ConvTranspose, bias ? [x, w, bias] : [x, w], { ...attributes, output_padding });
}
