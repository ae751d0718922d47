/** Lowering to blocks changes no number: against the reference for small blocks, against ONNX Runtime for the machine's. */
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { ModelProtoSchema } from "../generated/onnx_pb.js";
import { gradients } from "../gradients.ts";
import { Graph, type Tensor } from "../graph.ts";
import * as ops from "../ops/index.ts";
import { serialize } from "../serialize.ts";
import { expectClose } from "../testing/check-operators.ts";
import { type BlockedGraph, lowerToBlocks } from "./lower.ts";
import { findBlockSize, type RunModel } from "./probe.ts";

const run: RunModel = async (model, feeds) => {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const results = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [
        name,
        new OrtTensor("float32", data, [...shape]),
      ]),
    ),
  );
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, data as unknown as ArrayLike<number>]),
  );
};

/** A network of x and of parameters drawn as they are asked for, smooth so that rounding never flips a branch. */
interface Network {
  readonly name: string;
  /** Of x, for blocks of b. */
  shape(b: number): number[];
  build(x: Tensor, parameter: (shape: number[]) => Tensor, b: number): Tensor;
  /** Blocked convolutions that its loss and gradients need. */
  readonly blocked: number;
  /** Reasons for the others, with b = 2. */
  readonly plain?: readonly string[];
}

const square = (
  x: Tensor,
  outputs: number,
  parameter: (shape: number[]) => Tensor,
  options = {},
  kernel = 3,
) =>
  ops.conv(x, parameter([outputs, x.shape[1]!, kernel, kernel]), parameter([outputs]), {
    padding: (kernel - 1) / 2,
    ...options,
  });

const networks: Network[] = [
  {
    name: "two convolutions with a tanh between",
    shape: (b) => [2 * b, b, 4, 3],
    build: (x, p, b) => square(ops.tanh(square(x, 2 * b, p)), b, p),
    blocked: 5, // forward twice, weight gradient twice, input gradient once
  },
  {
    name: "fewer channels than a block come in",
    shape: (b) => [b, b - 1, 4, 3],
    build: (x, p, b) => square(x, b, p),
    blocked: 2,
  },
  {
    name: "several blocks of channels, a bias-free 1×1 kernel, uneven padding of a 2×3 kernel",
    shape: (b) => [b, 2 * b, 4, 5],
    build: (x, p, b) => {
      const mixed = ops.tanh(ops.conv(x, p([3 * b, 2 * b, 1, 1])));
      return ops.conv(mixed, p([2 * b, 3 * b, 2, 3]), undefined, { padding: [1, 0, 0, 2] });
    },
    blocked: 5,
  },
  {
    name: "dilation: the weight gradient takes it along the height only",
    shape: (b) => [b, b, 6, 6],
    build: (x, p, b) => {
      const tall = ops.tanh(square(x, b, p, { dilation: [2, 1], padding: [2, 1] }));
      return square(tall, b, p, { dilation: 2, padding: 2 });
    },
    blocked: 4,
    plain: ["its dilation along the width is 2"],
  },
  {
    name: "pooling by maximum and mean, in tiles and overlapping",
    shape: (b) => [b, b, 9, 8],
    build: (x, p, b) => {
      const tiles = ops.maxPool(ops.tanh(square(x, b, p, { padding: [1, 1, 0, 1] })), 2);
      const means = ops.averagePool(ops.tanh(square(tiles, b, p)), 2);
      return ops.maxPool(ops.tanh(square(means, b, p)), 2, { stride: 1 });
    },
    blocked: 8,
  },
  {
    name: "batch normalisation, a residual sum, a mean of each plane",
    shape: (b) => [2 * b, b, 3, 4],
    build: (x, p, b) => {
      const { output } = ops.normalizeBatch(square(x, b, p), { scale: p([b]), bias: p([b]) });
      return ops.globalAveragePool(ops.mul(ops.add(output, x), p([2 * b, b, 1, 1])));
    },
    blocked: 2,
  },
  {
    name: "strides: 3×3 by 2, then 1×1 by 2, which leaves every second place without a gradient",
    shape: (b) => [b, b, 8, 12],
    build: (x, p, b) => {
      const half = square(ops.tanh(square(x, b, p)), 2 * b, p, { stride: 2 });
      return ops.conv(ops.tanh(half), p([b, 2 * b, 1, 1]), undefined, { stride: 2 });
    },
    blocked: 12, // forward 1 + 2 + 1, weight gradients 3, input gradients 4 + 1
  },
  {
    name: "strides and dilations that differ by axis, places that no window reaches, few channels",
    shape: (b) => [b, b - 1, 9, 14],
    build: (x, p, b) => {
      const first = ops.conv(x, p([b, b - 1, 4, 5]), p([b]), { stride: [2, 3], padding: [1, 2, 0, 1] });
      const wide = ops.tanh(ops.convTranspose(ops.tanh(first), p([b, b, 3, 2]), { stride: [2, 3] }));
      return ops.conv(wide, p([b, b, 2, 3]), undefined, {
        stride: [1, 2],
        dilation: [2, 1],
        padding: [1, 1],
      });
    },
    blocked: 12, // forward 3 (phases of 5 taps by 3) + 2, weight gradients 3, input gradients 2 + 2
    plain: ["its stride of [2,3] does not divide the size of [9,14]"],
  },
  {
    name: "a residual block that halves its images: norms, a rectifier after the sum, a shortcut padded with zeros",
    shape: (b) => [b, b, 6, 8],
    build: (x, p, b) => {
      const normed = (h: Tensor) =>
        ops.normalizeBatch(h, { scale: p([h.shape[1]!]), bias: p([h.shape[1]!]) }).output;
      const start = ops.tanh(square(x, b, p));
      const half = ops.relu(normed(square(start, 2 * b, p, { stride: 2 })));
      const branch = normed(square(half, 2 * b, p));
      const fewer = ops.slice(start, [0, 0], [6, 8], [2, 3], [2, 2]);
      const before = Math.floor(b / 2);
      return ops.relu(ops.add(branch, ops.pad(fewer, [0, before, 0, 0], [0, b - before, 0, 0])));
    },
    blocked: 12, // forward 1 + 2 + 1, weight gradients 3, input gradients 4 + 1
  },
  {
    name: "what does not divide into blocks stays plain, for a reason",
    shape: (b) => [b, b, 5, 5],
    build: (x, p, b) => {
      const odd = ops.tanh(square(x, 2 * b - 1, p));
      const even = ops.tanh(square(ops.tanh(square(odd, b, p)), b, p, { stride: 2 }));
      const grouped = ops.conv(even, p([b, 1, 1, 1]), undefined, { groups: b });
      return square(ops.tanh(grouped), b, p);
    },
    blocked: 6, // two phases and a weight gradient with the stride; all of the last one
    plain: [
      "its 3 output channels are no multiple of 2",
      "its 3 input channels are no multiple of 2",
      "it has 2 groups",
      "it has 2 groups",
      "it has 2 groups",
      "its stride of [2,2] does not divide the size of [5,5]",
      "its 3 output channels are no multiple of 2",
      "its 3 input channels are no multiple of 2",
      "its 3 output channels are no multiple of 2",
    ],
  },
  {
    name: "a batch that is no multiple of the block",
    shape: (b) => [b + 1, b, 3, 3],
    build: (x, p, b) => square(x, b, p),
    blocked: 0,
    plain: ["its batch of 3 is no multiple of 2", "its batch of 3 is no multiple of 2"],
  },
];

function trace({ shape, build }: Network, b: number) {
  const graph = new Graph();
  const x = graph.input("x", shape(b));
  const parameters: Tensor[] = [];
  const y = build(
    x,
    (sizes) => {
      const tensor = graph.input(`p${parameters.length}`, sizes);
      parameters.push(tensor);
      return tensor;
    },
    b,
  );
  // Σ y² weighs every place differently
  const slopes = gradients(ops.reduceSum(ops.mul(y, y)), parameters);
  const outputs: Record<string, Tensor> = { y };
  for (const [k, slope] of slopes.entries()) outputs[`d${k}`] = slope;
  const feeds = Object.fromEntries(
    [x, ...parameters].map(({ name, size, shape }, k) => {
      const values = Float32Array.from({ length: size }, (_, i) => Math.sin((i + 1) * (1.7 + k)) / 2);
      return [name, { data: values, shape }];
    }),
  );
  return { outputs, feeds };
}

const reference = (outputs: Readonly<Record<string, Tensor>>, feeds: ReturnType<typeof trace>["feeds"]) =>
  evaluate(
    Object.values(outputs),
    Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, data])),
  );

describe("lowerToBlocks()", () => {
  for (const network of networks) {
    test(`keeps loss and gradients in float64: ${network.name}`, () => {
      const { outputs, feeds } = trace(network, 2);
      const lowered: BlockedGraph = lowerToBlocks(outputs, 2);
      expect(lowered.blocked).toBe(network.blocked);
      expect(lowered.plain.map(({ reason }) => reason)).toEqual(network.plain ?? []);
      const wanted = reference(outputs, feeds);
      for (const [k, values] of reference(lowered.outputs, feeds).entries()) {
        expectClose(values, wanted[k]!, 1e-12, Object.keys(outputs)[k]!); // the same sums in another order
      }
    });

    test(`gives ONNX Runtime's numbers with the machine's blocks: ${network.name}`, async () => {
      const size = await findBlockSize(run);
      const b = "block" in size ? size.block : 16;
      const { outputs, feeds } = trace(network, b);
      const plain = await run(serialize({ outputs }), feeds);
      if (!("block" in size)) return expect(size.reason).not.toBe(""); // no blocked kernels here: nothing to compare
      const blocked = await run(serialize({ outputs: lowerToBlocks(outputs, b).outputs }), feeds);
      for (const name of Object.keys(outputs)) expectClose(blocked[name]!, plain[name]!, 3e-5, name);
    });
  }

  test("makes max(0, ·) part of the convolution when nothing else reads its operand", () => {
    const graph = new Graph();
    const x = graph.input("x", [2, 2, 3, 3]);
    const z = ops.conv(x, graph.input("w", [2, 2, 3, 3]), undefined, { padding: 1 });
    const names = (outputs: Record<string, Tensor>) => {
      const bytes = serialize({ outputs: lowerToBlocks(outputs, 2).outputs });
      const { opsetImport, graph: model } = fromBinary(ModelProtoSchema, bytes);
      expect(opsetImport.map(({ domain }) => domain)).toEqual(["", "com.microsoft.nchwc"]);
      const kinds = model!.node.filter(({ opType }) => opType === "Relu" || opType === "Conv");
      return kinds.map(({ domain, opType, attribute }) => [
        domain,
        opType,
        attribute.some((a) => a.name === "activation"),
      ]);
    };
    expect(names({ y: ops.relu(z) })).toEqual([["com.microsoft.nchwc", "Conv", true]]);
    expect(names({ y: ops.relu(z), z })).toEqual([
      ["com.microsoft.nchwc", "Conv", false],
      ["", "Relu", false],
    ]);
  });

  test("computes a product, a sum and a rectifier per channel, with a tensor added, in one pass", () => {
    const graph = new Graph();
    const [x, other] = [graph.input("x", [2, 2, 3, 3]), graph.input("other", [2, 2, 3, 3])];
    const [scale, bias] = [graph.input("scale", [1, 2, 1, 1]), graph.input("bias", [1, 2, 1, 1])];
    const z = ops.conv(x, graph.input("w", [2, 2, 1, 1]));
    const scaled = ops.add(ops.mul(z, scale), bias);
    const passes = (outputs: Record<string, Tensor>) =>
      fromBinary(ModelProtoSchema, serialize({ outputs: lowerToBlocks(outputs, 2).outputs }))
        .graph!.node.filter(({ opType }) => /Conv|Add|Mul|Relu/.test(opType))
        .map(({ opType, input }) => `${opType} of ${input.length}`);
    expect(passes({ y: ops.relu(ops.add(scaled, other)) })).toEqual(["Conv of 2", "Conv of 4"]);
    // what others read too is computed by itself
    expect(passes({ y: ops.relu(scaled), scaled })).toEqual(["Conv of 2", "Conv of 3", "Relu of 1"]);
  });

  test("refuses block sizes that are none, and derivatives of what it made", () => {
    const graph = new Graph();
    const x = graph.input("x", [2, 2, 3, 3]);
    const w = graph.input("w", [2, 2, 1, 1]);
    const outputs = { y: ops.conv(x, w) };
    expect(() => lowerToBlocks(outputs, 1)).toThrow(
      "Cannot lower to blocks as the block size must be a whole number, 2 or more: found 1",
    );
    expect(() => gradients(ops.reduceSum(lowerToBlocks(outputs, 2).outputs.y!), [w])).toThrow(
      "Cannot differentiate blocked operators: differentiate first, and lower the result",
    );
  });
});

describe("findBlockSize()", () => {
  test.runIf(process.arch === "x64")("finds blocks of 8 or 16 channels on x64", async () => {
    expect([{ block: 8 }, { block: 16 }]).toContainEqual(await findBlockSize(run));
  });

  test("takes the first size whose numbers are right, and says why there is none", async () => {
    const sizes: number[] = [];
    const wrong: RunModel = async (_, feeds) => {
      sizes.push(feeds.bias!.data.length);
      return { y: [] };
    };
    expect(await findBlockSize(wrong)).toEqual({
      reason: "blocks of 16: y differs from the reference; blocks of 8: y differs from the reference",
    });
    expect(sizes).toEqual([16, 8]);
    const missing: RunModel = () => Promise.reject(new Error("no such operator"));
    expect(await findBlockSize(missing)).toEqual({
      reason: "blocks of 16: no such operator; blocks of 8: no such operator",
    });
  });
});
