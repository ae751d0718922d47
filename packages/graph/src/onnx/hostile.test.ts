/** Readers on nodes that ask for too much, or make no sense: an error or tensors, in little time and memory. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttributeProto, TensorProto } from "../generated/onnx_pb.js";
import { Graph } from "../graph.ts";
import { attribute, floats, info, ints, node, onnxFile } from "../testing/onnx-file.ts";
import { OnnxError } from "./error.ts";
import { readOnnx } from "./model.ts";
import { READERS } from "./readers/index.ts";

const size = fc.constantFrom(0, 1, 1, 2, 2, 3, 4, 5, 2 ** 10, 2 ** 20, 2 ** 31, 2 ** 40);
const int = fc.constantFrom(
  -(2 ** 40),
  -(2 ** 31),
  -3,
  -2,
  -1,
  0,
  1,
  1,
  2,
  2,
  3,
  4,
  2 ** 10,
  2 ** 31,
  2 ** 53,
);
const float = fc.constantFrom(-1, 0, 0.5, 1, 2, 1e30, Number.NaN, Number.POSITIVE_INFINITY);

const INTS = [
  "kernel_shape",
  "strides",
  "pads",
  "dilations",
  "output_padding",
  "output_shape",
  "axes",
  "perm",
  "split",
];
const INT = [
  ...[
    "axis",
    "group",
    "keepdims",
    "to",
    "num_outputs",
    "blocksize",
    "hidden_size",
    "num_groups",
    "batch_dims",
    "k",
  ],
  ...[
    "ceil_mode",
    "count_include_pad",
    "largest",
    "upper",
    "exclusive",
    "reverse",
    "allowzero",
    "training_mode",
  ],
  ...[
    "noop_with_empty_axes",
    "linear_before_reset",
    "layout",
    "transA",
    "ignore_index",
    "fmod",
    "stash_type",
    "p",
  ],
  ...["q_num_heads", "kv_num_heads", "is_causal"],
];
const FLOAT = ["alpha", "beta", "epsilon", "momentum", "gamma", "ratio", "cubic_coeff_a", "scale"];
const STRING = {
  mode: ["constant", "reflect", "edge", "wrap", "nearest", "linear", "cubic", "DCR", "CRD"],
  auto_pad: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"],
  direction: ["forward", "reverse", "bidirectional"],
  reduction: ["none", "add", "mul", "mean", "sum"],
  approximate: ["none", "tanh"],
  coordinate_transformation_mode: [
    "half_pixel",
    "asymmetric",
    "align_corners",
    "pytorch_half_pixel",
    "tf_crop_and_resize",
  ],
  nearest_mode: ["floor", "round_prefer_floor", "ceil"],
  equation: ["ij,jk->ik", "...i,...j->...ij", "ii->i", "i", "->", "abcdefgh,h", "🙂->"],
};
const named = <T>(
  names: readonly string[],
  value: fc.Arbitrary<T>,
  make: (name: string, value: T) => AttributeProto,
) => names.map((name) => fc.option(value, { freq: 2 }).map((v) => (v === null ? [] : [make(name, v)])));
const attributes = fc
  .tuple(
    ...named(INTS, fc.array(int, { maxLength: 4 }), (name, v) => attribute(name, { ints: v.map(BigInt) })),
    ...named(INT, int, (name, v) => attribute(name, { i: BigInt(v) })),
    ...named(FLOAT, float, (name, v) => attribute(name, { f: v })),
    ...Object.entries(STRING).flatMap(([name, words]) =>
      named([name], fc.constantFrom(...words), (key, v) =>
        attribute(key, { s: new TextEncoder().encode(v) }),
      ),
    ),
  )
  .map((lists) => lists.flat())
  .chain((list) => fc.subarray(list, { maxLength: Math.min(6, list.length) }));

type Operand =
  | { readonly kind: "input"; readonly sizes: readonly number[]; readonly elemType: number }
  | { readonly kind: "stored"; readonly make: (name: string) => TensorProto }
  | { readonly kind: "absent" };
const operand: fc.Arbitrary<Operand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.array(size, { maxLength: 5 }), fc.constantFrom(1, 1, 1, 7, 9))
      .map(([sizes, elemType]) => ({ kind: "input" as const, sizes, elemType })),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(int, { maxLength: 5 })
      .map((v) => ({ kind: "stored" as const, make: (name: string) => ints(name, [v.length], v) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(float, { maxLength: 5 })
      .map((v) => ({ kind: "stored" as const, make: (name: string) => floats(name, [v.length], v) })),
  },
  {
    weight: 1,
    arbitrary: int.map((v) => ({ kind: "stored" as const, make: (name: string) => ints(name, [], [v]) })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "absent" as const }) },
);

const file = (opType: string) =>
  fc
    .tuple(
      fc.array(operand, { minLength: 1, maxLength: 6 }),
      attributes,
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(13, 17, 18, 21, 23),
    )
    .map(([operands, list, outputs, version]) => {
      const names = operands.map(({ kind }, k) => (kind === "absent" ? "" : `x${k}`));
      return onnxFile(
        {
          input: operands.flatMap((one, k) =>
            one.kind === "input" ? [info(`x${k}`, one.sizes, one.elemType)] : [],
          ),
          initializer: operands.flatMap((one, k) => (one.kind === "stored" ? [one.make(`x${k}`)] : [])),
          output: [info("y0", [])],
          node: [node(opType, names, ["y0", "y1", "y2"].slice(0, outputs), list)],
        },
        { opsetImport: [{ domain: "", version: BigInt(version) }] },
      );
    });

/** What JavaScript says where a reader forgot to check. */
const SLIPS = /Cannot read prop|not a function|not iterable|Invalid (array|typed)|call stack|Cannot convert/;

describe("readers of hostile nodes", () => {
  test.each(Object.keys(READERS))("%s", (opType) => {
    fc.assert(
      fc.property(file(opType), (bytes) => {
        try {
          readOnnx(bytes).build();
        } catch (error) {
          expect(error).toBeInstanceOf(OnnxError);
          expect((error as Error).message).not.toMatch(SLIPS);
        }
      }),
      { seed: 6, numRuns: 60 },
    );
  });
});

type Absurd = readonly [
  operator: string,
  sizes: number[][],
  stored: TensorProto[],
  list: AttributeProto[],
  result: string,
];
const HUGE = 2 ** 31;
const of = (name: string, v: readonly number[]) => attribute(name, { ints: v.map(BigInt) });
const mode = (word: string) => attribute("mode", { s: new TextEncoder().encode(word) });

/** Nodes that make sense but for their sizes. They are read where nothing has to be written out, else refused. */
const absurd: readonly Absurd[] = [
  ["MaxPool", [[1, 1, HUGE]], [], [of("kernel_shape", [HUGE])], "[1, 1, 1]"],
  ["AveragePool", [[1, 1, HUGE]], [], [of("kernel_shape", [3]), of("pads", [1, 1])], `[1, 1, ${HUGE}]`],
  [
    "Conv",
    [
      [1, 1, HUGE],
      [1, 1, HUGE],
    ],
    [],
    [],
    "[1, 1, 1]",
  ],
  ["OneHot", [[1]], [ints("x1", [], [HUGE]), floats("x2", [2], [0, 1])], [], "OneHot"],
  ["Tile", [[2]], [ints("x1", [1], [HUGE])], [], `[${2 * HUGE}]`],
  ["Split", [[HUGE]], [], [attribute("num_outputs", { i: BigInt(HUGE) })], "num_outputs"],
  [
    "Resize",
    [[1, 1, 2]],
    [floats("x1", [0], []), floats("x2", [0], []), ints("x3", [3], [1, 1, HUGE])],
    [mode("linear")],
    `[1, 1, ${HUGE}]`,
  ],
  ["Pad", [[2]], [ints("x1", [2], [2 ** 34, 0])], [mode("edge")], `[${2 ** 34 + 2}]`],
  ["Trilu", [[2 ** 20, 2 ** 20]], [], [], "[1048576, 1048576]"],
  ["EyeLike", [[HUGE, 2]], [], [], "Cannot write out a table of 2147483648 entries"],
  ["SoftmaxCrossEntropyLoss", [[2, HUGE], [2]], [], [], "SoftmaxCrossEntropyLoss"],
  ["DepthToSpace", [[1, HUGE, 1, 1]], [], [attribute("blocksize", { i: 32768n })], "[1, 2, 32768, 32768]"],
  ["LayerNormalization", [[2, HUGE], [HUGE]], [], [], `[2, ${HUGE}]`],
];

describe("absurd sizes", () => {
  test.each(absurd)("%s", (opType, sizes, stored, list, result) => {
    const names = [...sizes, ...stored].map((_, k) => `x${k}`);
    const bytes = onnxFile(
      {
        input: sizes.map((one, k) => info(`x${k}`, one)),
        initializer: stored,
        output: [info("y", [])],
        node: [node(opType, names, ["y"], list)],
      },
      { opsetImport: [{ domain: "", version: 18n }] },
    );
    const found = () => {
      try {
        return String(readOnnx(bytes).build().outputs.get("y"));
      } catch (error) {
        expect(error).toBeInstanceOf(OnnxError);
        return (error as Error).message;
      }
    };
    expect(found()).toContain(result);
  });

  test("a recurrent layer of half a million steps ends at the graph's capacity", () => {
    const bytes = onnxFile({
      input: [info("x", [2 ** 19, 1, 1]), info("w", [1, 4, 1]), info("r", [1, 4, 1])],
      output: [info("y", [])],
      node: [node("LSTM", ["x", "w", "r"], ["y"], [attribute("hidden_size", { i: 1n })])],
    });
    const build = () => readOnnx(bytes).build({ graph: new Graph({ tensors: 1000, elements: 1e6 }) });
    expect(build).toThrow('Cannot import LSTM "the LSTM": Cannot add a tensor as the graph may hold 1000');
  });
});
