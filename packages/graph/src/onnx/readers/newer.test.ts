/** Operators newer than ONNX's node tests at hand: what is built of a node equals what ONNX Runtime makes of the file itself. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../evaluate.ts";
import { expectClose } from "../../testing/check-operators.ts";
import { attribute, info, ints, node, onnxFile } from "../../testing/onnx-file.ts";
import { readOnnx } from "../model.ts";

interface Case {
  readonly name: string;
  readonly opset: number;
  readonly operator: string;
  readonly shapes: readonly (readonly number[])[];
  readonly attributes?: Parameters<typeof node>[3];
  readonly outputs?: number;
  /** Axes, as the operand after the others. */
  readonly axes?: readonly number[];
  /** What the output's name needs not have here: its shape. */
  readonly shape: readonly number[];
}

const i = (name: string, value: number) => attribute(name, { i: BigInt(value) });
const f = (name: string, value: number) => attribute(name, { f: value });
const image = [2, 4, 3];

const cases: readonly Case[] = [
  { name: "Gelu", opset: 20, operator: "Gelu", shapes: [[2, 3]], shape: [2, 3] },
  {
    name: "Gelu by tanh",
    opset: 20,
    operator: "Gelu",
    shapes: [[2, 3]],
    attributes: [attribute("approximate", { s: new TextEncoder().encode("tanh") })],
    shape: [2, 3],
  },
  { name: "Mish", opset: 18, operator: "Mish", shapes: [[2, 3]], shape: [2, 3] },
  {
    name: "LpNormalization",
    opset: 13,
    operator: "LpNormalization",
    shapes: [[2, 3]],
    attributes: [i("p", 1), i("axis", 0)],
    shape: [2, 3],
  },
  ...["Mean", "Min", "Max", "Prod", "L1", "L2", "SumSquare", "LogSumExp"].map((kind) => ({
    name: `Reduce${kind} with axes as an operand`,
    opset: 18,
    operator: `Reduce${kind}`,
    shapes: [image],
    axes: [0, -1],
    attributes: [i("keepdims", 0)],
    shape: [4],
  })),
  {
    name: "ReduceMean without axes, as told",
    opset: 18,
    operator: "ReduceMean",
    shapes: [image],
    axes: [],
    attributes: [i("noop_with_empty_axes", 1)],
    shape: image,
  },
  {
    name: "GroupNormalization per group",
    opset: 18,
    operator: "GroupNormalization",
    shapes: [image, [2], [2]],
    attributes: [i("num_groups", 2)],
    shape: image,
  },
  {
    name: "GroupNormalization per channel",
    opset: 21,
    operator: "GroupNormalization",
    shapes: [image, [4], [4]],
    attributes: [i("num_groups", 2), f("epsilon", 0.1)],
    shape: image,
  },
  {
    name: "RMSNormalization",
    opset: 23,
    operator: "RMSNormalization",
    shapes: [image, [4, 3]],
    attributes: [i("axis", 1)],
    shape: image,
  },
  {
    name: "Attention of four axes, causal",
    opset: 23,
    operator: "Attention",
    shapes: [
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 2],
    ],
    attributes: [i("is_causal", 1)],
    shape: [1, 2, 3, 2],
  },
  {
    name: "Attention of three axes, heads in groups, masked and scaled",
    opset: 23,
    operator: "Attention",
    shapes: [
      [2, 3, 8],
      [2, 5, 4],
      [2, 5, 4],
      [3, 5],
    ],
    attributes: [i("q_num_heads", 4), i("kv_num_heads", 2), f("scale", 0.7)],
    shape: [2, 3, 8],
  },
  {
    name: "Attention with a soft cap",
    opset: 23,
    operator: "Attention",
    shapes: [
      [1, 1, 2, 3],
      [1, 1, 4, 3],
      [1, 1, 4, 3],
    ],
    attributes: [f("softcap", 0.5)],
    shape: [1, 1, 2, 3],
  },
];

describe("newer operators", () => {
  for (const { name, opset, operator, shapes, attributes, axes, shape } of cases) {
    test(name, async () => {
      const names = shapes.map((_, k) => `x${k}`);
      const bytes = onnxFile(
        {
          name,
          node: [node(operator, [...names, ...(axes ? ["axes"] : [])], ["y"], attributes)],
          input: shapes.map((dims, k) => info(names[k]!, dims)),
          initializer: axes ? [ints("axes", [axes.length], axes)] : [],
          output: [info("y", shape)],
        },
        { opsetImport: [{ domain: "", version: BigInt(opset) }] },
      );
      const data = shapes.map((dims, k) => {
        const size = dims.reduce((n, d) => n * d, 1);
        return Float32Array.from({ length: size }, (_, at) => Math.sin(1 + at * 1.7 + k));
      });
      const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
      const fed = names.map(
        (input, k) => [input, new OrtTensor("float32", data[k]!, [...shapes[k]!])] as const,
      );
      const { y } = await session.run(Object.fromEntries(fed));
      const built = readOnnx(bytes).build().outputs.get("y")!;
      const feeds = Object.fromEntries(names.map((input, k) => [input, data[k]!]));
      const [found] = evaluate([built], feeds);
      await session.release();
      expect(built.shape).toEqual(shape);
      expectClose(found!, y!.data as Float32Array, 3e-6, name);
    });
  }
});
