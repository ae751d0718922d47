/** Resize: values by hand and torch's, ONNX Runtime in every coordinate mode, gradients. */
import { describe, expect, test } from "vitest";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators, type OperatorCase } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const square = { shape: [1, 1, 2, 2], values: [1, 2, 3, 4] };
const picture = { shape: [1, 2, 4, 5] };
// ONNX Runtime has no double kernel
const common = { float32Only: true } as const;
const linear = { smooth: false, ...common } as const;
const coordinates = [
  "half_pixel",
  "pytorch_half_pixel",
  "half_pixel_symmetric",
  "align_corners",
  "asymmetric",
] as const;
const nearest = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] as const;
const targets = { larger: [1, 2, 7, 8], smaller: [1, 2, 3, 2], mixed: [1, 2, 1, 9] } as const;

const everyMode = coordinates.flatMap((mode): OperatorCase[] =>
  Object.entries(targets).flatMap(([name, sizes]) => [
    {
      name: `resize linear, ${mode}, ${name}`,
      inputs: [picture],
      build: (x) => ops.resize(x, { sizes }, { mode: "linear", coordinates: mode }),
      shape: sizes,
      ...linear,
    },
    ...nearest.map((rounding) => ({
      name: `resize nearest, ${mode}, ${rounding}, ${name}`,
      inputs: [picture],
      build: (x: Parameters<typeof ops.resize>[0]) =>
        ops.resize(x, { sizes }, { coordinates: mode, nearest: rounding }),
      ...linear,
    })),
  ]),
);

checkOperators("resize", [
  {
    name: "resize nearest to twice the size",
    inputs: [square],
    build: (x) => ops.resize(x, { scales: [1, 1, 2, 2] }, { coordinates: "asymmetric", nearest: "floor" }),
    expect: [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4],
    ...common,
  },
  {
    // torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear"): at −¼, ¼, ¾ and 1¼ along each axis
    name: "resize linear to twice the size",
    inputs: [square],
    build: (x) =>
      ops.resize(x, { scales: [1, 1, 2, 2] }, { mode: "linear", coordinates: "pytorch_half_pixel" }),
    expect: [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4],
    ...common,
  },
  {
    // thirds of the way from corner to corner; their weights are rounded to float32
    name: "resize linear with aligned corners",
    inputs: [square],
    build: (x) => ops.resize(x, { sizes: [1, 1, 2, 3] }, { mode: "linear", coordinates: "align_corners" }),
    expect: [1, 1.5, 2, 3, 3.5, 4],
    ...common,
  },
  {
    name: "resize by scales that leave a rest",
    inputs: [picture],
    build: (x) => ops.resize(x, { scales: [1, 1, 0.6, 1.5] }, { mode: "linear" }),
    shape: [1, 2, 2, 7],
    ...linear,
  },
  {
    name: "resize of a sequence",
    inputs: [{ shape: [2, 2, 5] }],
    build: (x) => ops.resize(x, { sizes: [2, 2, 8] }, { mode: "linear", coordinates: "align_corners" }),
    shape: [2, 2, 8],
    ...linear,
  },
  {
    name: "resize cubic",
    inputs: [{ shape: [1, 1, 4, 5] }],
    build: (x) => ops.resize(x, { sizes: [1, 1, 7, 3] }, { mode: "cubic" }),
    shape: [1, 1, 7, 3],
    ...linear,
  },
  {
    name: "resize cubic without what lies outside",
    inputs: [{ shape: [1, 1, 4, 4] }],
    build: (x) =>
      ops.resize(
        x,
        { scales: [1, 1, 0.8, 2] },
        { mode: "cubic", cubicCoefficient: -0.5, excludeOutside: true },
      ),
    shape: [1, 1, 3, 8],
    ...linear,
  },
  ...everyMode,
]);

describe("resize", () => {
  const x = new Graph().input("x", [1, 3, 4, 4]);

  test("the gradient of nearest at a whole factor is a sum of repeats", () => {
    const [dx] = gradients(ops.reduceSum(ops.resize(x, { scales: [1, 1, 2, 3] })), [x]);
    const names: string[] = [];
    for (let at = dx!; at.origin.kind === "call"; at = at.origin.call.inputs[0]!) {
      names.push(at.origin.call.operator.name);
    }
    expect(names).not.toContain("MatMul");
    expect(names).not.toContain("Gemm");
  });

  test("resize() names what it does not know, and sizes that leave nothing", () => {
    expect(() => ops.resize(x, { scales: [1, 1, 0.1, 1] })).toThrow(
      "Cannot apply Resize to x float32 [1, 3, 4, 4] as it needs a scale or size for each of the 4 axes that leaves 1 place or more: found [1, 1, 0.1",
    );
    expect(() => ops.resize(x, { sizes: [1, 3, 8, 8] }, { mode: "area" as "linear" })).toThrow(
      /its mode must be one of nearest, linear, cubic: found area/,
    );
  });
});
