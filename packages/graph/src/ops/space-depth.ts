/**
 * Exchange of places for channels: DepthToSpace (torch's pixel_shuffle is its mode CRD) and SpaceToDepth. Each b×b square of
 * the large picture [B, C, H·b, W·b] is a column of channels of the small one [B, C·b², H, W].
 * Source: onnx/docs/Operators.md, opset 13.
 */
import { misfit, type Operator, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import { reshape, transpose } from "./shape.ts";

/** Channel of the small picture for channel c of C and place (i, j) of the square. */
const CHANNEL = {
  /** depth, column, row: all channels of the square's first place, then of its second */
  DCR: (c: number, C: number, i: number, j: number, b: number) => (i * b + j) * C + c,
  /** column, row, depth: all places of the first channel, then of the second */
  CRD: (c: number, _: number, i: number, j: number, b: number) => (c * b + i) * b + j,
};
export type DepthMode = keyof typeof CHANNEL;

/** Visit the offsets of each element in the large picture and in the small one. */
function eachPlace(
  [B, C, tall, wide]: readonly number[],
  b: number,
  mode: DepthMode,
  visit: (large: number, small: number) => void,
): void {
  const [H, W] = [tall! / b, wide! / b];
  for (let large = 0; large < B! * C! * tall! * wide!; large++) {
    const [x, y] = [large % wide!, Math.floor(large / wide!) % tall!];
    const plane = Math.floor(large / (tall! * wide!));
    const [image, c] = [Math.floor(plane / C!), plane % C!];
    const channel = CHANNEL[mode](c, C!, y % b, x % b, b);
    visit(large, ((image * C! * b * b + channel) * H + Math.floor(y / b)) * W + Math.floor(x / b));
  }
}

function requirePicture(name: string, x: Tensor, b: number): void {
  if (x.rank !== 4 || !(Number.isInteger(b) && b >= 1)) {
    throw misfit(
      name,
      [x],
      "it needs the axes batch, channels, height and width, and a block size of 1 or more",
      `found block size ${b}`,
    );
  }
}

export type DepthToSpaceAttributes = { blocksize: number; mode: string };

/** [B, C·b², H, W] → [B, C, H·b, W·b] */
export const DepthToSpace: Operator<DepthToSpaceAttributes> = {
  name: "DepthToSpace",
  infer([x], { blocksize: b, mode }) {
    requirePicture("DepthToSpace", x, b);
    const [B, channels, H, W] = x.shape as [number, number, number, number];
    if (channels % (b * b) !== 0)
      throw misfit("DepthToSpace", [x], `its channels must be a multiple of ${b * b}`);
    if (!Object.hasOwn(CHANNEL, mode))
      throw misfit("DepthToSpace", [x], "its mode must be DCR or CRD", `found ${mode}`);
    return { shape: [B, channels / (b * b), H * b, W * b], dtype: x.dtype };
  },
  evaluate([x], { blocksize, mode }, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    eachPlace(shape, blocksize, mode as DepthMode, (large, small) => {
      out[large] = x.data[small]!;
    });
    return out;
  },
  // dx is dy moved back: DCR is what SpaceToDepth undoes, and for CRD the squares' places follow the channels
  gradient: [
    ({ inputs: [x], attributes: { blocksize: b, mode }, gradient: g }) => {
      if (mode === "DCR") return spaceToDepth(g, b);
      const [B, C, tall, wide] = g.shape as [number, number, number, number];
      const squares = reshape(g, [B, C, tall / b, b, wide / b, b]);
      return reshape(transpose(squares, [0, 1, 3, 5, 2, 4]), x.shape);
    },
  ],
};

/** [B, C, H·b, W·b] → [B, C·b², H, W], as DCR has them. */
export const SpaceToDepth: Operator<{ blocksize: number }> = {
  name: "SpaceToDepth",
  infer([x], { blocksize: b }) {
    requirePicture("SpaceToDepth", x, b);
    const [B, C, tall, wide] = x.shape as [number, number, number, number];
    if (tall % b !== 0 || wide % b !== 0)
      throw misfit("SpaceToDepth", [x], `height and width must be multiples of ${b}`);
    return { shape: [B, C * b * b, tall / b, wide / b], dtype: x.dtype };
  },
  evaluate([x], { blocksize }, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    eachPlace(x.shape, blocksize, "DCR", (large, small) => {
      out[small] = x.data[large]!;
    });
    return out;
  },
  // dx is dy moved back
  gradient: [({ attributes: { blocksize }, gradient: g }) => depthToSpace(g, blocksize)],
};

/** Channels as b×b squares of places, in ONNX's default order or in torch's pixel_shuffle's (`CRD`). */
export const depthToSpace = (x: Tensor, blocksize: number, mode: DepthMode = "DCR"): Tensor =>
  x.graph.apply(DepthToSpace, [x], { blocksize, mode });

/** b×b squares of places as channels. */
export const spaceToDepth = (x: Tensor, blocksize: number): Tensor =>
  x.graph.apply(SpaceToDepth, [x], { blocksize });
