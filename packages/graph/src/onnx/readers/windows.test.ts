/**
 * Forms of nodes that ONNX's own node tests leave out: each file runs in ONNX Runtime as it stands, and what was built of it must
 * give the same numbers in the reference.
 */
import { create } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../evaluate.ts";
import { type AttributeProto, type TensorProto, ValueInfoProtoSchema } from "../../generated/onnx_pb.js";
import { sizeOf } from "../../shapes.ts";
import { expectClose } from "../../testing/check-operators.ts";
import { attribute, floats, info, ints, node, onnxFile } from "../../testing/onnx-file.ts";
import { readOnnx } from "../model.ts";

interface Form {
  readonly name: string;
  readonly operator: string;
  /** Shape of the float input `x`. */
  readonly shape: readonly number[];
  readonly attributes?: Readonly<Record<string, number | string | readonly number[]>>;
  /** Attributes that are floats. */
  readonly floats?: readonly string[];
  /** Operands after `x`; null for one that is left out. */
  readonly operands?: readonly (TensorProto | null)[];
  readonly opset?: number;
  readonly outputs?: number;
}

const wave = (size: number): number[] =>
  Array.from({ length: size }, (_, i) => Math.fround(Math.sin(1.7 * i + 0.3)));
const weights = (...dims: number[]): TensorProto => floats("w", dims, wave(sizeOf(dims)));

const pool = { kernel_shape: [3, 2], strides: [2, 2] } as const;
const forms: readonly Form[] = [
  {
    name: "auto_pad SAME_LOWER with stride and dilation",
    operator: "Conv",
    shape: [1, 2, 7, 6],
    attributes: { auto_pad: "SAME_LOWER", strides: [2, 3] },
    operands: [weights(3, 2, 2, 3), floats("b", [3], [1, 2, 3])],
  },
  {
    name: "auto_pad VALID over one axis, in groups",
    operator: "Conv",
    shape: [2, 4, 9],
    attributes: { auto_pad: "VALID", group: 2, dilations: [2] },
    operands: [weights(4, 2, 3)],
  },
  {
    name: "an output shape that the padding must make up",
    operator: "ConvTranspose",
    shape: [1, 2, 3, 4],
    attributes: { output_shape: [6, 8], strides: [2, 2] },
    operands: [weights(2, 3, 3, 3)],
  },
  {
    name: "an output shape, the odd place at the end",
    operator: "ConvTranspose",
    shape: [1, 2, 3, 4],
    attributes: { output_shape: [6, 8], strides: [2, 2], auto_pad: "SAME_UPPER" },
    operands: [weights(2, 3, 3, 3)],
  },
  {
    name: "auto_pad SAME_LOWER",
    operator: "ConvTranspose",
    shape: [1, 1, 3, 3],
    attributes: { auto_pad: "SAME_LOWER", strides: [2, 1] },
    operands: [weights(1, 2, 3, 2), floats("b", [2], [5, -5])],
  },
  {
    name: "ceil_mode whose last window begins beyond the input",
    operator: "MaxPool",
    shape: [1, 2, 4, 5],
    attributes: { kernel_shape: [2, 2], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 },
  },
  {
    name: "ceil_mode with dilation over one axis",
    operator: "MaxPool",
    shape: [1, 2, 10],
    attributes: { kernel_shape: [3], strides: [3], dilations: [2], ceil_mode: 1 },
  },
  {
    name: "ceil_mode, padding left out",
    operator: "AveragePool",
    shape: [1, 2, 6, 5],
    attributes: { ...pool, ceil_mode: 1, pads: [1, 0, 1, 1] },
    opset: 19,
  },
  {
    name: "ceil_mode, padding counted and what lies beyond it not",
    operator: "AveragePool",
    shape: [1, 2, 7, 6],
    attributes: { ...pool, ceil_mode: 1, pads: [1, 1, 1, 0], count_include_pad: 1 },
    opset: 19,
  },
  {
    name: "auto_pad SAME_UPPER, padding counted",
    operator: "AveragePool",
    shape: [1, 1, 5, 5],
    attributes: { kernel_shape: [2, 3], auto_pad: "SAME_UPPER", count_include_pad: 1 },
  },
  {
    name: "over windows",
    operator: "LpPool",
    shape: [1, 2, 5, 5],
    attributes: { ...pool, p: 3, pads: [1, 0, 1, 1] },
  },
  { name: "over planes", operator: "GlobalLpPool", shape: [2, 2, 3, 3], attributes: { p: 1 } },
  { name: "over volumes", operator: "GlobalMaxPool", shape: [2, 2, 3, 2, 2] },
  {
    name: "as many parts as outputs",
    operator: "Split",
    shape: [2, 6],
    attributes: { axis: 1 },
    opset: 13,
    outputs: 3,
  },
  {
    name: "num_outputs, the last part smaller",
    operator: "Split",
    shape: [7, 2],
    attributes: { num_outputs: 3 },
    opset: 18,
    outputs: 3,
  },
  { name: "without axes", operator: "Squeeze", shape: [1, 3, 1, 2], opset: 13 },
  {
    name: "zero for the size that is there",
    operator: "Reshape",
    shape: [2, 3, 4],
    operands: [ints("shape", [3], [0, -1, 2])],
  },
  { name: "from the last axis on", operator: "Flatten", shape: [2, 3, 4], attributes: { axis: -1 } },
  {
    name: "a shape that is smaller on one axis",
    operator: "Expand",
    shape: [3, 1],
    operands: [ints("shape", [3], [2, 1, 4])],
  },
  {
    name: "to the end, whatever it is, and backwards",
    operator: "Slice",
    shape: [5, 6],
    operands: [
      ints("starts", [2], [2, -1]),
      ints("ends", [2], [2 ** 62, -(2 ** 62)]),
      ints("axes", [2], [-2, 1]),
      ints("steps", [2], [2, -2]),
    ],
  },
  {
    name: "named axes only",
    operator: "Pad",
    shape: [2, 3, 4],
    attributes: { mode: "reflect" },
    operands: [ints("pads", [4], [2, 1, 0, 2]), null, ints("axes", [2], [-1, 1])],
    opset: 18,
  },
  {
    name: "wrap",
    operator: "Pad",
    shape: [3, 2],
    attributes: { mode: "wrap" },
    operands: [ints("pads", [4], [1, 1, 2, 0])],
    opset: 19,
  },
  {
    name: "a diagonal below the main one",
    operator: "Trilu",
    shape: [2, 4, 3],
    attributes: { upper: 0 },
    operands: [ints("k", [], [-1])],
  },
  {
    name: "sizes of named axes",
    operator: "Resize",
    shape: [1, 2, 3, 4],
    attributes: { axes: [-1, 2], mode: "linear" },
    operands: [null, null, ints("sizes", [2], [8, 7])],
    opset: 19,
  },
  {
    name: "scales of named axes",
    operator: "Resize",
    shape: [1, 2, 3, 4],
    attributes: { axes: [3, 2], mode: "cubic", cubic_coeff_a: -0.5, exclude_outside: 1 },
    floats: ["cubic_coeff_a"],
    operands: [null, floats("scales", [2], [1.5, 2.5])],
    opset: 19,
  },
];

const attributesOf = ({ attributes = {}, floats: list = [] }: Form): AttributeProto[] =>
  Object.entries(attributes).map(([name, value]) => {
    if (typeof value === "string") return attribute(name, { s: new TextEncoder().encode(value) });
    if (typeof value !== "number") return attribute(name, { ints: value.map(BigInt) });
    return attribute(name, list.includes(name) ? { f: value } : { i: BigInt(value) });
  });

/** It warns where its own inference of shapes counts a window more than its kernel does. */
const QUIET = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;

describe("forms of nodes", () => {
  for (const form of forms) {
    const { name, operator, shape, operands = [], opset = 17, outputs = 1 } = form;
    test(`${operator}: ${name}`, async () => {
      const names = Array.from({ length: outputs }, (_, k) => `y${k}`);
      const inputs = ["x", ...operands.map((operand) => operand?.name ?? "")];
      const bytes = onnxFile(
        {
          node: [node(operator, inputs, names, attributesOf(form))],
          input: [info("x", shape)],
          output: names.map(ofAnyShape),
          initializer: operands.flatMap((operand) => operand ?? []),
        },
        { opsetImport: [{ domain: "", version: BigInt(opset) }] },
      );
      const x = Float32Array.from(wave(sizeOf(shape)));
      const session = await InferenceSession.create(bytes, QUIET);
      const ran = await session.run({ x: new OrtTensor("float32", x, [...shape]) });
      await session.release();

      const built = readOnnx(bytes).build({ parameters: () => false });
      const tensors = names.map((output) => built.outputs.get(output)!);
      const found = evaluate(tensors, { x });
      for (const [k, output] of names.entries()) {
        expect(tensors[k]!.shape).toEqual(ran[output]!.dims);
        expectClose(found[k]!, ran[output]!.data as Float32Array, 3e-5, output);
      }
    });
  }
});

/** A float output whose shape ONNX Runtime works out. */
function ofAnyShape(name: string) {
  const value = { case: "tensorType" as const, value: { elemType: 1 } };
  return create(ValueInfoProtoSchema, { name, type: { value } });
}
