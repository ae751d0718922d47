/** Operators newer than ONNX's node tests at hand: what is built of a node equals what ONNX Runtime makes of the file itself. */
import { describe, expect, test } from "vitest";
import { expectLikeRuntime, fileOf, type OneNode } from "../../testing/one-node.ts";
import { attribute } from "../../testing/onnx-file.ts";
import { readOnnx } from "../model.ts";

const i = (name: string, value: number) => attribute(name, { i: BigInt(value) });
const f = (name: string, value: number) => attribute(name, { f: value });
const s = (name: string, value: string) => attribute(name, { s: new TextEncoder().encode(value) });
const matrix = [2, 3];
const image = [2, 4, 3];

const cases: readonly (OneNode & { readonly name?: string })[] = [
  { opset: 20, operator: "Gelu", shapes: [matrix], outputs: [matrix] },
  {
    name: "Gelu by tanh",
    opset: 20,
    operator: "Gelu",
    shapes: [matrix],
    attributes: [s("approximate", "tanh")],
    outputs: [matrix],
  },
  { opset: 18, operator: "Mish", shapes: [matrix], outputs: [matrix] },
  {
    opset: 13,
    operator: "LpNormalization",
    shapes: [matrix],
    attributes: [i("p", 1), i("axis", 0)],
    outputs: [matrix],
  },
  ...["Mean", "Min", "Max", "Prod", "L1", "L2", "SumSquare", "LogSumExp"].map((kind) => ({
    name: `Reduce${kind} with axes as an operand`,
    opset: 18,
    operator: `Reduce${kind}`,
    shapes: [image],
    known: [0, -1],
    attributes: [i("keepdims", 0)],
    outputs: [[4]],
  })),
  {
    name: "ReduceMean without axes, as told",
    opset: 18,
    operator: "ReduceMean",
    shapes: [image],
    known: [],
    attributes: [i("noop_with_empty_axes", 1)],
    outputs: [image],
  },
  {
    name: "GroupNormalization per group",
    opset: 18,
    operator: "GroupNormalization",
    shapes: [image, [2], [2]],
    attributes: [i("num_groups", 2)],
    outputs: [image],
  },
  {
    name: "GroupNormalization per channel",
    opset: 21,
    operator: "GroupNormalization",
    shapes: [image, [4], [4]],
    attributes: [i("num_groups", 2), f("epsilon", 0.1)],
    outputs: [image],
  },
  {
    opset: 23,
    operator: "RMSNormalization",
    shapes: [image, [4, 3]],
    attributes: [i("axis", 1)],
    outputs: [image],
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
    outputs: [[1, 2, 3, 2]],
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
    outputs: [[2, 3, 8]],
  },
  {
    name: "Attention with keys of the past, and a soft cap",
    opset: 23,
    operator: "Attention",
    shapes: [[1, 1, 2, 3], [1, 1, 4, 3], [1, 1, 4, 3], null, [1, 1, 2, 3], [1, 1, 2, 3]],
    attributes: [f("softcap", 0.5)],
    outputs: [
      [1, 1, 2, 3],
      [1, 1, 6, 3],
      [1, 1, 6, 3],
    ],
  },
];

describe("newer operators like ONNX Runtime's", () => {
  for (const { name, ...one } of cases) test(name ?? one.operator, () => expectLikeRuntime(one));
});

describe("forms of Attention that versions of ONNX define differently", () => {
  const shapes = [
    [1, 1, 2, 3],
    [1, 1, 2, 3],
    [1, 1, 2, 3],
  ];
  const refused: readonly [name: string, one: Pick<OneNode, "shapes" | "attributes">, message: RegExp][] = [
    [
      "a soft cap with a mask",
      { shapes, attributes: [i("is_causal", 1), f("softcap", 1)] },
      /without a mask/,
    ],
    [
      "a causal mask with keys of the past",
      { shapes: [...shapes, null, [1, 1, 1, 3], [1, 1, 1, 3]], attributes: [i("is_causal", 1)] },
      /without keys of the past: give the mask as attn_mask/,
    ],
  ];
  for (const [name, one, message] of refused) {
    test(`${name} is refused`, () => {
      const bytes = fileOf({ opset: 23, operator: "Attention", outputs: [[1, 1, 2, 3]], ...one });
      expect(() => readOnnx(bytes).build()).toThrow(message);
    });
  }
});
