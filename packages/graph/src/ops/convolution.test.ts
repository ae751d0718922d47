/** Convolution and its transpose: values by hand, ONNX Runtime, gradients in every stride, padding, dilation and grouping. */
import { describe, expect, test } from "vitest";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import { runOnnx } from "../testing/onnx-runtime.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 2, 5, 6] };
const w = { shape: [3, 2, 3, 2] };
const common = { float32Only: true } as const;

checkOperators("convolution", [
  {
    // [1 2 3; 4 5 6; 7 8 9] with [1 0; 0 -1]: 1−5, 2−6, 4−8, 5−9
    name: "conv",
    inputs: [
      { shape: [1, 1, 3, 3], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
      { shape: [1, 1, 2, 2], values: [1, 0, 0, -1] },
      { shape: [1], values: [10] },
    ],
    build: (x, w, b) => ops.conv(x, w, b),
    expect: [6, 6, 6, 6],
    ...common,
  },
  {
    // three channels that differ, and a kernel whose four places differ: 1·a + 2·b + 3·c + 4·d
    name: "conv with stride 2",
    inputs: [
      { shape: [1, 1, 2, 4], values: [1, 2, 3, 4, 5, 6, 7, 8] },
      { shape: [1, 1, 2, 2], values: [1, 2, 3, 4] },
    ],
    build: (x, w) => ops.conv(x, w, undefined, { stride: 2 }),
    expect: [1 + 4 + 15 + 24, 3 + 8 + 21 + 32],
    ...common,
  },
  {
    name: "conv with padding",
    inputs: [x, w, { shape: [3] }],
    build: (x, w, b) => ops.conv(x, w, b, { padding: 1 }),
    shape: [2, 3, 5, 7],
    ...common,
  },
  {
    name: "conv with uneven padding",
    inputs: [x, w],
    build: (x, w) => ops.conv(x, w, undefined, { padding: [2, 0, 1, 1] }),
    shape: [2, 3, 6, 6],
    ...common,
  },
  {
    name: "conv with more padding than the kernel reaches",
    inputs: [x, w],
    build: (x, w) => ops.conv(x, w, undefined, { padding: [3, 2] }),
    ...common,
  },
  {
    name: "conv with stride that leaves a rest",
    inputs: [x, w],
    build: (x, w) => ops.conv(x, w, undefined, { stride: [2, 3], padding: 1 }),
    ...common,
  },
  {
    name: "conv with dilation",
    inputs: [x, w],
    build: (x, w) => ops.conv(x, w, undefined, { dilation: 2, padding: [1, 2] }),
    ...common,
  },
  {
    name: "conv of many channels, whose kernel rows are separate products",
    inputs: [{ shape: [2, 6, 3, 4] }, { shape: [2, 6, 2, 3] }],
    build: (x, w) => ops.conv(x, w, undefined, { padding: 1, stride: [1, 2], dilation: [2, 1] }),
    ...common,
  },
  {
    name: "conv in groups",
    inputs: [{ shape: [2, 4, 4, 4] }, { shape: [6, 2, 3, 3] }, { shape: [6] }],
    build: (x, w, b) => ops.conv(x, w, b, { groups: 2, padding: 1 }),
    shape: [2, 6, 4, 4],
    ...common,
  },
  {
    name: "conv per channel, with stride and dilation",
    inputs: [{ shape: [1, 3, 6, 7] }, { shape: [3, 1, 2, 3] }],
    build: (x, w) => ops.conv(x, w, undefined, { groups: 3, stride: 2, dilation: [1, 2] }),
    ...common,
  },
  {
    name: "conv per channel, with stride 1",
    inputs: [{ shape: [2, 3, 4, 5] }, { shape: [3, 1, 3, 2] }],
    build: (x, w) => ops.conv(x, w, undefined, { groups: 3, padding: [1, 0], dilation: [2, 1] }),
    shape: [2, 3, 2, 4],
    ...common,
  },
  {
    name: "conv per channel whose stride leaves a rest",
    inputs: [{ shape: [2, 2, 6, 6] }, { shape: [2, 1, 3, 3] }],
    build: (x, w) => ops.conv(x, w, undefined, { groups: 2, padding: [1, 0, 0, 1], stride: 2 }),
    shape: [2, 2, 3, 3],
    ...common,
  },
  {
    name: "conv in groups with more outputs than inputs",
    inputs: [{ shape: [2, 2, 3, 4] }, { shape: [6, 1, 2, 2] }],
    build: (x, w) => ops.conv(x, w, undefined, { groups: 2 }),
    shape: [2, 6, 2, 3],
    ...common,
  },
  {
    name: "conv of small pictures with many channels, whose images share a product",
    inputs: [{ shape: [2, 6, 2, 3] }, { shape: [5, 6, 2, 2] }],
    build: (x, w) => ops.conv(x, w),
    shape: [2, 5, 1, 2],
    ...common,
  },
  {
    name: "conv of 1×1 kernels with stride",
    inputs: [{ shape: [2, 3, 4, 5] }, { shape: [2, 3, 1, 1] }],
    build: (x, w) => ops.conv(x, w, undefined, { stride: [3, 2] }),
    shape: [2, 2, 2, 3],
    ...common,
  },
  {
    name: "conv of 1×1 kernels with many channels, whose images share a product",
    inputs: [{ shape: [2, 6, 1, 2] }, { shape: [5, 6, 1, 1] }],
    build: (x, w) => ops.conv(x, w),
    ...common,
  },
  {
    name: "conv of 1×1 kernels in groups",
    inputs: [{ shape: [2, 4, 2, 3] }, { shape: [6, 2, 1, 1] }],
    build: (x, w) => ops.conv(x, w, undefined, { groups: 2 }),
    ...common,
  },
  {
    // 1·1 + 2·2, 2·1 + 3·2, 3·1 + 0·2
    name: "conv of a sequence",
    inputs: [
      { shape: [1, 1, 3], values: [1, 2, 3] },
      { shape: [1, 1, 2], values: [1, 2] },
    ],
    build: (x, w) => ops.conv(x, w, undefined, { padding: [0, 1] }),
    expect: [5, 8, 3],
    ...common,
  },
  {
    name: "conv of sequences in groups, with stride, dilation and padding",
    inputs: [{ shape: [2, 4, 9] }, { shape: [6, 2, 3] }, { shape: [6] }],
    build: (x, w, b) => ops.conv(x, w, b, { groups: 2, stride: 2, dilation: 2, padding: [2, 1] }),
    shape: [2, 6, 4],
    ...common,
  },
  {
    name: "conv of volumes",
    inputs: [{ shape: [2, 2, 3, 4, 3] }, { shape: [2, 2, 2, 3, 2] }, { shape: [2] }],
    build: (x, w, b) => ops.conv(x, w, b, { stride: [1, 2, 1], padding: [1, 0, 1, 0, 2, 0] }),
    shape: [2, 2, 3, 2, 3],
    ...common,
  },
  {
    // each value spreads 1 2 3 times itself, one place on: 1, 2 + 10, 3 + 20, 30; and 5 everywhere
    name: "convTranspose of a sequence, with a bias",
    inputs: [
      { shape: [1, 1, 2], values: [1, 10] },
      { shape: [1, 1, 3], values: [1, 2, 3] },
      { shape: [1], values: [5] },
    ],
    build: (x, w, bias) => ops.convTranspose(x, w, { bias }),
    expect: [6, 17, 28, 35],
    ...common,
  },
  {
    name: "convTranspose with dilation, uneven padding and a bias",
    inputs: [{ shape: [2, 3, 4, 3] }, { shape: [3, 2, 2, 3] }, { shape: [2] }],
    build: (x, w, bias) =>
      ops.convTranspose(x, w, { bias, dilation: [2, 1], stride: [1, 2], padding: [1, 0, 0, 2] }),
    shape: [2, 2, 5, 5],
    ...common,
  },
  {
    name: "convTranspose per channel",
    inputs: [{ shape: [2, 3, 3, 2] }, { shape: [3, 1, 3, 3] }],
    build: (x, w) => ops.convTranspose(x, w, { groups: 3, stride: 2, padding: 1, outputPadding: [1, 1] }),
    shape: [2, 3, 6, 4],
    ...common,
  },
  {
    name: "convTranspose of volumes",
    inputs: [{ shape: [1, 2, 2, 2, 3] }, { shape: [2, 2, 2, 1, 2] }],
    build: (x, w) => ops.convTranspose(x, w, { stride: [2, 1, 1] }),
    shape: [1, 2, 4, 2, 4],
    ...common,
  },
  {
    // each value spreads 1 2 3 4 times itself: stride 2 leaves no overlap
    name: "convTranspose",
    inputs: [
      { shape: [1, 1, 1, 2], values: [1, 10] },
      { shape: [1, 1, 2, 2], values: [1, 2, 3, 4] },
    ],
    build: (x, w) => ops.convTranspose(x, w, { stride: 2 }),
    expect: [1, 2, 10, 20, 3, 4, 30, 40],
    ...common,
  },
  {
    name: "convTranspose in groups, with stride, padding and output padding",
    inputs: [{ shape: [2, 4, 3, 3] }, { shape: [4, 2, 3, 3] }],
    build: (x, w) => ops.convTranspose(x, w, { groups: 2, stride: 2, padding: 1, outputPadding: [1, 0] }),
    shape: [2, 4, 6, 5],
    ...common,
  },
]);

describe("errors and lowerings of convolution", () => {
  const graph = new Graph();
  const image = graph.input("image", [2, 3, 8, 8]);

  test("conv() says which channels the weights must fit", () => {
    expect(() => ops.conv(image, graph.input("w", [4, 2, 3, 3]))).toThrow(
      "Cannot apply Conv to image float32 [2, 3, 8, 8] and w float32 [4, 2, 3, 3] as weights [M, C/groups, kH, kW] must fit the input's 3 channels in 1 group(s)",
    );
  });

  test("conv() refuses a kernel larger than the padded image", () => {
    expect(() => ops.conv(image, graph.input("large", [4, 3, 9, 9]))).toThrow(
      /reaches over 9 places and the padded axis 2 has 8/,
    );
  });

  test("convTranspose() refuses output padding of a whole stride", () => {
    const build = () =>
      ops.convTranspose(image, graph.input("wide", [3, 1, 2, 2]), { outputPadding: [0, 1] });
    expect(build).toThrow(/less than the stride.*found output padding \[0,1\] and stride \[1,1\]/);
  });

  /** Numbers in [−1, 1) without a pattern, the same each time. */
  const noise = (i: number) => (Math.sin(i * 12.9898) * 43758.5453) % 1;

  // Σ v·dw = Σ conv(x, v)·g, since dw is the adjoint of conv in its weight
  const large = [
    { name: "two columns at once", x: [1, 40, 3, 2000], w: [3, 40, 2, 5] },
    { name: "each column by itself", x: [1, 64, 2, 3000], w: [2, 64, 1, 3] },
    { name: "each column by itself, in groups", x: [1, 128, 1, 3000], w: [4, 64, 1, 3] },
    { name: "each column by itself, across images", x: [200, 64, 2, 16], w: [64, 64, 2, 3] },
  ] as const;
  for (const { name, x: xShape, w: wShape } of large) {
    test(`the weight gradient of what is too large for the cache: ${name}`, async () => {
      const graph = new Graph();
      const [x, w, v] = [graph.input("x", xShape), graph.input("w", wShape), graph.input("v", wShape)];
      const options = { padding: [1, 2], groups: xShape[1] / wShape[1] };
      const y = ops.conv(x, w, undefined, options);
      const g = graph.input("g", y.shape);
      const [dw] = gradients(y, [w], g);
      const sides = [ops.mul(dw!, v), ops.mul(ops.conv(x, v, undefined, options), g)];
      const fed = Object.fromEntries(
        [x, v, g].map(({ name, size }, k) => [
          name,
          Float32Array.from({ length: size }, (_, i) => noise(i * 3 + k)),
        ]),
      );
      const [left, right] = await runOnnx(
        [x, v, g],
        sides.map((side) => ops.reduceSum(side)),
        fed,
      );
      const size = Math.sqrt(x.size * v.size); // of a sum of as many terms with random signs
      expect(Math.abs(left![0]! - right![0]!) / size).toBeLessThan(1e-4);
      expect(Math.abs(right![0]!) / size).toBeGreaterThan(1e-3);
    });
  }

  test("the input gradient at stride 1 is a plain Conv", () => {
    const [dx] = gradients(
      ops.reduceSum(ops.conv(image, graph.input("w3", [4, 3, 3, 3]), undefined, { padding: 1 })),
      [image],
    );
    expect(dx!.origin).toMatchObject({ call: { operator: { name: "Conv" } } });
  });
});
