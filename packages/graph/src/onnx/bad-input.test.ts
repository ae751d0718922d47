/** Files that are broken or hostile: a clear error with the node's name, and never more than that. */
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TensorProtoSchema, ValueInfoProtoSchema } from "../generated/onnx_pb.js";
import { attribute, floats, info, ints, node, onnxFile } from "../testing/onnx-file.ts";
import { OnnxError } from "./error.ts";
import { readOnnx } from "./model.ts";

const x = info("x", [2, 3]);
const y = info("y", [2, 3]);
const tensor = (init: object) => create(TensorProtoSchema, { name: "w", dataType: 1, ...init });
const external = (entries: Record<string, string>) =>
  tensor({
    dims: [2n],
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
const withTensor = (init: ReturnType<typeof tensor>) =>
  onnxFile({
    input: [x],
    output: [y],
    initializer: [init],
    node: [node("Identity", ["x"], ["y"]), node("Neg", ["w"], ["z"])],
  });

const broken: readonly [what: string, file: () => Uint8Array, message: string][] = [
  ["no bytes at all", () => new Uint8Array(0), "must have a graph and operator sets: found no graph"],
  ["text", () => new TextEncoder().encode("this is no model"), "are no protocol buffer"],
  [
    "no operator set",
    () => onnxFile({ output: [y] }, { opsetImport: [] }),
    "found no operator set; is it an ONNX file?",
  ],
  [
    "an old opset",
    () => onnxFile({ output: [y] }, { opsetImport: [{ domain: "", version: 9n }] }),
    "its opset must lie in [13, 23]: found 9; convert it",
  ],
  ["no outputs", () => onnxFile({ input: [x] }), "its graph must have outputs: it has none"],
  [
    "a circle",
    () => onnxFile({ output: [y], node: [node("Relu", ["b"], ["a"]), node("Exp", ["a"], ["b"])] }),
    `Cannot import Exp "the Exp" as nodes must not read from themselves in a circle: it reads from Relu "the Relu"`,
  ],
  [
    "a node that reads itself",
    () => onnxFile({ output: [y], node: [node("Relu", ["y"], ["y"])] }),
    "in a circle",
  ],
  [
    "a name that nothing gives",
    () => onnxFile({ input: [x], output: [y], node: [node("Add", ["x", "z"], ["y"])] }),
    `Cannot import Add "the Add" as it reads "z", which must be an input, an initializer or a node's output`,
  ],
  [
    "a name that is given twice",
    () =>
      onnxFile({
        input: [x],
        output: [y],
        node: [node("Not", ["x"], ["y"]), node("Identity", ["x"], ["y"])],
      }),
    `Cannot import Identity "the Identity" as each name must be given once: "y" is given again`,
  ],
  [
    "an input that a node gives again",
    () => onnxFile({ input: [x], output: [y], node: [node("Identity", ["x"], ["x"])] }),
    `"x" is given again`,
  ],
  [
    "two initializers of one name",
    () => onnxFile({ input: [x], output: [y], initializer: [floats("w", [1], [1]), floats("w", [1], [2])] }),
    "each initializer must have a name of its own",
  ],
  [
    "an output that nothing gives",
    () => onnxFile({ input: [x], output: [y] }),
    `Cannot build the model as its output "y" must be an input, an initializer or a node's output`,
  ],
  [
    "an operator set that is not imported",
    () => onnxFile({ input: [x], output: [y], node: [node("Magic", ["x"], ["y"], [], "org.magic")] }),
    `Cannot import org.magic.Magic "the Magic" as the model must name the operator sets that it uses`,
  ],
  [
    "an operator that nobody knows, without a declared type",
    () =>
      onnxFile({
        input: [x],
        output: [info("z", [2])],
        node: [node("Magic", ["x"], ["y"]), node("Identity", ["y"], ["z"])],
      }),
    `Cannot carry Magic "the Magic" as the sizes of its outputs must be known, and the file does not tell them`,
  ],
  [
    "a node without an operator",
    () =>
      onnxFile({
        input: [x],
        output: [info("z", [2])],
        node: [node("", ["x"], ["y"]), node("Identity", ["y"], ["z"])],
      }),
    `Cannot carry a node without an operator "the "`,
  ],
  [
    "an operator whose sizes depend on values",
    () => onnxFile({ input: [x], output: [y], node: [node("Unique", ["x"], ["y"])] }),
    `Cannot carry Unique "the Unique" as sizes must not depend on values`,
  ],
  [
    "an operator that nobody knows, with an absurd declared type",
    () =>
      onnxFile({
        input: [x],
        output: [info("z", [2])],
        valueInfo: [info("y", [-5])],
        node: [node("Magic", ["x"], ["y"]), node("Identity", ["y"], ["z"])],
      }),
    `Cannot import Magic "the Magic": Cannot apply Magic to x float32 [2, 3] as every size must be a whole number`,
  ],
  [
    "branches of two shapes with an open condition",
    () => {
      const g = (opType: string) => ({ g: { node: [node(opType, ["x"], ["z"])], output: [info("z", [])] } });
      const branches = [attribute("then_branch", g("Identity")), attribute("else_branch", g("Shape"))];
      return onnxFile({
        input: [x, info("c", [], 9)],
        output: [y],
        node: [node("If", ["c"], ["y"], branches)],
      });
    },
    `Cannot import If "the If" as both branches must give tensors of one type`,
  ],
  [
    "an attribute of another type",
    () =>
      onnxFile({ input: [x], output: [y], node: [node("Cast", ["x"], ["y"], [attribute("to", { f: 1 })])] }),
    `Cannot import Cast "the Cast" as attribute to must be of type INT: found FLOAT`,
  ],
  [
    "an attribute that is missing",
    () => onnxFile({ input: [x], output: [y], node: [node("Cast", ["x"], ["y"])] }),
    `Cannot import Cast "the Cast" as attribute to is required: the node does not have it`,
  ],
  [
    "an element type that nobody knows",
    () =>
      onnxFile({
        input: [x],
        output: [y],
        node: [node("Cast", ["x"], ["y"], [attribute("to", { i: 99n })])],
      }),
    "its element type must be one of float32,",
  ],
  [
    "operands that do not fit",
    () =>
      onnxFile({
        input: [x],
        output: [y],
        initializer: [floats("w", [2], [1, 2])],
        node: [node("Less", ["x", "w"], ["y"])],
      }),
    `Cannot import Less "the Less": Cannot apply Less to x float32 [2, 3] and w float32 [2] as sizes`,
  ],
  [
    "an operand that is missing",
    () => onnxFile({ input: [x], output: [y], node: [node("Less", ["x", ""], ["y"])] }),
    `Cannot import Less "the Less" as it needs input 1`,
  ],
  [
    "an operand that must be known, and is not",
    () =>
      onnxFile({ input: [info("n", [1], 7)], output: [y], node: [node("ConstantOfShape", ["n"], ["y"])] }),
    `Cannot import ConstantOfShape "the ConstantOfShape" as input 0 ("n") must be known when the model is imported`,
  ],
  [
    "more outputs than the operator has",
    () => onnxFile({ input: [x], output: [y], node: [node("Identity", ["x"], ["y", "z"])] }),
    `Cannot import Identity "the Identity" as output 1 ("z") is asked for`,
  ],
  [
    "an input that is no tensor",
    () => onnxFile({ input: [create(ValueInfoProtoSchema, { name: "x" })], output: [y] }),
    `input "x" must be a tensor of numbers with a shape: found no type`,
  ],
  [
    "a symbolic size that is not bound",
    () => onnxFile({ input: [info("x", ["batch", 3])], output: [info("x", [])] }),
    `axis 0 of input "x" has the symbolic size "batch": give its value, as in sizes: { "batch": 32 }`,
  ],
  [
    "an axis of negative size",
    () => onnxFile({ input: [info("x", [-2])], output: [info("x", [])] }),
    `axis 0 of input "x" must have a whole number for its size, 0 or more: found -2`,
  ],
  [
    "an absurd input",
    () => onnxFile({ input: [info("x", [2 ** 52, 2 ** 52])], output: [info("x", [])] }),
    "a tensor may have 2^40 elements and 64 axes",
  ],
  [
    "an absurd tensor on the way",
    () =>
      onnxFile({
        input: [x],
        output: [y],
        initializer: [ints("n", [3], [2 ** 40, 2 ** 40, 2 ** 40])],
        node: [node("ConstantOfShape", ["n"], ["y"])],
      }),
    `Cannot import ConstantOfShape "the ConstantOfShape" as a tensor may have 2^40 elements and 64 axes`,
  ],
  [
    "an input of a hundred thousand axes",
    () => onnxFile({ input: [info("x", new Array(100_000).fill(1))], output: [info("x", [])] }),
    'input "x" has 100000 axes and 1 elements',
  ],
  [
    "an initializer of a hundred thousand axes",
    () => withTensor(tensor({ dims: new Array(100_000).fill(1n), floatData: [1] })),
    "it may have 64 axes: found 100000",
  ],
  [
    "a list of a hundred thousand axes",
    () =>
      onnxFile({
        input: [x],
        output: [y],
        initializer: [ints("axes", [100_000], [...Array(100_000).keys()])],
        node: [node("Unsqueeze", ["x", "axes"], ["y"])],
      }),
    'Cannot import Unsqueeze "the Unsqueeze" as input 1 may list 4096 numbers: it lists 100000',
  ],
  [
    "a whole number that no double holds",
    () => withTensor(tensor({ dims: [1n], dataType: 7, int64Data: [2n ** 53n + 1n] })),
    'Cannot read initializer "w": Cannot read the whole number 9007199254740993',
  ],
  [
    "an endless range",
    () =>
      onnxFile({
        output: [y],
        initializer: [ints("a", [], [0]), ints("b", [], [2 ** 50]), ints("c", [], [1])],
        node: [node("Range", ["a", "b", "c"], ["y"])],
      }),
    `Cannot import Range "the Range": Cannot write out a table of 1125899906842624 entries as 1048576 are the most`,
  ],
  [
    "an absurd initializer",
    () => withTensor(tensor({ dims: [2n ** 62n, 2n ** 62n] })),
    `Cannot read initializer "w" as sizes must be 0 or more, and their product at most 2^40`,
  ],
  [
    "an initializer of negative size",
    () => withTensor(tensor({ dims: [-1n] })),
    `Cannot read initializer "w" as sizes must be 0 or more`,
  ],
  [
    "too few raw bytes",
    () => withTensor(tensor({ dims: [2n, 3n], rawData: new Uint8Array(20) })),
    `Cannot read initializer "w" as shape [2, 3] of float32 needs 24 bytes: found 20`,
  ],
  [
    "too many values",
    () => withTensor(tensor({ dims: [2n], floatData: [1, 2, 3] })),
    `Cannot read initializer "w" as shape [2] of float32 needs 2 values: found 3`,
  ],
  [
    "values in the field of another type",
    () => withTensor(tensor({ dims: [2n], doubleData: [1, 2] })),
    "needs 2 values: found 0",
  ],
  [
    "strings",
    () => withTensor(tensor({ dataType: 8, dims: [1n], stringData: [new Uint8Array(1)] })),
    `Cannot read initializer "w" as its element type must be one of`,
  ],
  ...["/etc/passwd", "../w.bin", "a/../../w.bin", "C:\\w.bin", "c:w.bin", "a//b", "", "a\0b"].map(
    (location): [string, () => Uint8Array, string] => [
      `external data at ${JSON.stringify(location)}`,
      () => withTensor(external({ location })),
      `Cannot read initializer "w" as external data must have a location inside the model's folder`,
    ],
  ),
  [
    "external data at a negative offset",
    () => withTensor(external({ location: "w.bin", offset: "-4" })),
    `the offset of external data must be a whole number of bytes: found "-4"`,
  ],
  [
    "external data of another length",
    () => withTensor(external({ location: "w.bin", length: "9" })),
    "it needs 8 bytes of external data: its length is 9",
  ],
  [
    "branches that lie too deep",
    () => {
      const same = [node("Identity", ["x"], ["y"])];
      const branch = (nodes: typeof same) => ({ g: { node: nodes, output: [info("y", [2, 3])] } });
      const choose = (nodes: typeof same) => [
        node(
          "If",
          ["yes"],
          ["y"],
          [attribute("then_branch", branch(nodes)), attribute("else_branch", branch(same))],
        ),
      ];
      const inner = Array.from({ length: 40 }).reduce<typeof same>((nodes) => choose(nodes), same);
      const yes = ints("yes", [], [1]);
      return onnxFile({ input: [x], output: [y], initializer: [yes], node: inner });
    },
    "maximum recursion depth of 100 reached",
  ],
  [
    "a function that calls itself",
    () =>
      onnxFile(
        { input: [x], output: [y], node: [node("Loop", ["x"], ["y"], [], "own")] },
        {
          functions: [
            {
              name: "Loop",
              domain: "own",
              input: ["a"],
              output: ["b"],
              node: [node("Loop", ["a"], ["b"], [], "own")],
            },
          ],
        },
      ),
    "nested 32 deep",
  ],
  [
    "many ranges that are each large",
    () =>
      onnxFile({
        output: [info("y0", [])],
        initializer: [ints("b", [], [1_000_000]), ints("c", [], [1])],
        node: Array.from({ length: 20 }, (_, k) => [
          node("Constant", [], [`a${k}`], [attribute("value_int", { i: BigInt(-k) })]),
          node("Range", [`a${k}`, "b", "c"], [`y${k}`]),
        ]).flat(),
      }),
    "values as those of the graph may have",
  ],
  [
    "functions that each call the next one twice",
    () => {
      const functions = Array.from({ length: 30 }, (_, k) => ({
        name: `F${k}`,
        domain: "own",
        input: ["a"],
        output: ["c"],
        node: [
          node(k === 29 ? "Identity" : `F${k + 1}`, ["a"], ["b"], [], k === 29 ? "" : "own"),
          node(k === 29 ? "Identity" : `F${k + 1}`, ["b"], ["c"], [], k === 29 ? "" : "own"),
        ],
      }));
      return onnxFile(
        { input: [x], output: [y], node: [node("F0", ["x"], ["y"], [], "own")] },
        { functions },
      );
    },
    "a model may have 100000 nodes",
  ],
];

/** Read and build, with every symbolic size 1: what any caller does with a file. */
function take(bytes: Uint8Array): void {
  const model = readOnnx(bytes);
  model.build({ sizes: Object.fromEntries(model.symbols.map((name) => [name, 1])) });
}

describe("readOnnx() and build() refuse", () => {
  test.each(broken)("%s", (what, file, message) => {
    const bytes = file();
    let refusal: unknown;
    try {
      if (what.startsWith("a symbolic size")) readOnnx(bytes).build();
      else take(bytes);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(OnnxError);
    expect((refusal as OnnxError).message).toContain(message);
  });

  test("sizes that the model does not have", () => {
    const model = readOnnx(onnxFile({ input: [info("x", ["n", null])], output: [info("x", [])] }));
    expect(model.symbols).toEqual(["n", "x.1"]);
    expect(() => model.build({ sizes: { n: 2, batch: 3 } })).toThrow(
      `must have the symbolic size "batch": it has n, x.1`,
    );
    expect(() => model.build({ sizes: { n: 2, "x.1": 0.5 } })).toThrow("must have a whole number");
  });
});

describe("names from a file", () => {
  test.each([
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
  ])("%s is a name like any other", (name) => {
    const model = readOnnx(
      onnxFile({
        input: [info(name, [name, 2])],
        output: [info("y", [])],
        initializer: [floats(`${name}.w`, [2], [1, 2])],
        node: [node("Less", [name, `${name}.w`], ["y"])],
      }),
    );
    expect(model.symbols).toEqual([name]);
    expect(() => model.build()).toThrow("has the symbolic size");
    const { outputs, inputs } = model.build({ sizes: Object.fromEntries([[name, 3]]) });
    expect(outputs.get("y")!.shape).toEqual([3, 2]);
    expect(inputs.get(name)!.name).toBe(name);
    expect(({} as Record<string, unknown>).w).toBeUndefined();
  });

  test("operators named after what every object has are operators that nobody knows", () => {
    for (const opType of ["constructor", "__proto__", "toString"]) {
      const file = onnxFile({
        input: [x],
        output: [info("z", [])],
        node: [node(opType, ["x"], ["y"]), node("Identity", ["y"], ["z"])],
      });
      expect(() => take(file)).toThrow(`Cannot carry ${opType}`);
    }
  });
});

test("random bytes are refused or read, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        take(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(OnnxError);
      }
    }),
    { seed: 5, numRuns: 2000 },
  );
});
