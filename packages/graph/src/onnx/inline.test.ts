/** Functions of a model and branches are written out in their place. */
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  FunctionProtoSchema,
  TensorProtoSchema,
} from "../generated/onnx_pb.js";
import { gradients } from "../gradients.ts";
import { reduceSum } from "../ops/index.ts";
import { attribute, floats, info, ints, node, onnxFile, untyped } from "../testing/onnx-file.ts";
import { readOnnx } from "./model.ts";

const bools = (name: string, int32Data: number[]) =>
  create(TensorProtoSchema, { name, dataType: 9, dims: [], int32Data });
const graphOf = (opType: string, inputs: readonly string[]) => ({
  g: { node: [node(opType, inputs, ["z"])], output: [untyped("z")] },
});
const branches = (condition: string) =>
  node(
    "If",
    [condition],
    ["y"],
    [
      attribute("then_branch", graphOf("Add", ["x", "w"])),
      attribute("else_branch", graphOf("Mul", ["x", "w"])),
    ],
  );

describe("If", () => {
  test.each([
    [1, [11, 22]],
    [0, [10, 40]],
  ])("with the constant %i is one branch, which sees the names around it", (condition, wanted) => {
    const { outputs, parameters, graph } = readOnnx(
      onnxFile({
        input: [info("x", [2])],
        output: [untyped("y")],
        initializer: [ints("condition", [], [condition]), floats("w", [2], [10, 20])],
        node: [branches("condition")],
      }),
    ).build();
    const y = outputs.get("y")!;
    expect([...evaluate([y], { x: [1, 2], w: [10, 20] })[0]!]).toEqual(wanted);
    expect([...parameters.keys()]).toEqual(["w"]);
    expect(graph.count).toBeLessThanOrEqual(4); // x, the condition, w, y
  });

  test("with a condition that is fed chooses between both", () => {
    const { outputs } = readOnnx(
      onnxFile({
        input: [info("x", [2]), info("condition", [], 9)],
        output: [untyped("y")],
        initializer: [floats("w", [2], [10, 20])],
        node: [branches("condition")],
      }),
    ).build();
    const feeds = { x: [1, 2], w: [10, 20] };
    const found = [1, 0].map(
      (condition) => evaluate([outputs.get("y")!], { ...feeds, condition: [condition] })[0]!,
    );
    expect(found.map((y) => [...y])).toEqual([
      [11, 22],
      [10, 40],
    ]);
  });
});

describe("Loop", () => {
  /** h ← h + w·(i + 1) for each round i, of which h is kept. */
  const loop = (condition: "yes" | "open") =>
    onnxFile({
      input: [info("x", [2]), info("open", [], 9)],
      output: [untyped("last"), untyped("all")],
      initializer: [ints("three", [], [3]), floats("w", [2], [1, 10]), bools("yes", [1])],
      node: [
        node(
          "Loop",
          ["three", "yes", "x"],
          ["last", "all"],
          [
            attribute("body", {
              g: {
                input: [untyped("i"), untyped("goesOn"), untyped("h")],
                output: [untyped(condition === "yes" ? "goesOn" : "still"), untyped("next"), untyped("next")],
                node: [
                  node("Cast", ["i"], ["f"], [attribute("to", { i: 1n })]),
                  node("Mul", ["w", "f"], ["part"]),
                  node("Add", ["part", "w"], ["whole"]),
                  node("Add", ["h", "whole"], ["next"]),
                  node("Identity", ["open"], ["still"]),
                ],
              },
            }),
          ],
        ),
      ],
    });

  test("of a known number of rounds is written out, and what it keeps is stacked", () => {
    const { outputs, parameters } = readOnnx(loop("yes")).build();
    const [last, all] = evaluate([...outputs.values()], { x: [5, 5], w: [1, 10] });
    // 1, 3, 6 and tenfold, added to 5
    expect([...last!]).toEqual([11, 65]);
    expect([...all!]).toEqual([6, 15, 8, 35, 11, 65]);
    expect(outputs.get("all")!.shape).toEqual([3, 2]);
    const [slope] = gradients(reduceSum(outputs.get("last")!), [parameters.get("w")!]);
    expect([...evaluate([slope!], { x: [5, 5], w: [1, 10] })[0]!]).toEqual([6, 6]);
  });

  test("whose condition depends on what is fed is refused", () => {
    expect(() => readOnnx(loop("open")).build()).toThrow(
      'Cannot import Loop "the Loop" as how often it runs must follow from the file',
    );
  });

  test("without end is refused, even where it does nothing", () => {
    const empty = { input: [untyped("i"), untyped("c")], output: [untyped("c")] };
    const file = onnxFile({
      input: [info("x", [])],
      output: [untyped("x")],
      node: [node("Loop", ["", ""], [], [attribute("body", { g: empty })])],
    });
    expect(() => readOnnx(file).build()).toThrow("a model may have 100000 nodes");
  });
});

const prefixed = (value: AttributeProto) =>
  new BinaryWriter().bytes(toBinary(AttributeProtoSchema, value)).finish();

test("functions: operands and attributes are those of the call or defaults, and each call has its own", () => {
  const body = create(FunctionProtoSchema, {
    name: "Scaled",
    domain: "own",
    input: ["a"],
    output: ["c"],
    attribute: ["slope"],
    opsetImport: [{ domain: "", version: 17n }],
    node: [
      node("LeakyRelu", ["a"], ["b"], [attribute("alpha", { f: 0, refAttrName: "slope" })]),
      node("Add", ["b", "b"], ["c"]),
    ],
  });
  // field 11: what attributes are where a call does not give them
  const data = prefixed(attribute("slope", { f: 0.25 }));
  body.$unknown = [{ no: 11, wireType: WireType.LengthDelimited, data }];
  const call = (input: string, output: string, slope: number | null) =>
    node("Scaled", [input], [output], slope === null ? [] : [attribute("slope", { f: slope })], "own");
  const { outputs } = readOnnx(
    onnxFile(
      {
        input: [info("x", [2])],
        output: [untyped("y")],
        node: [call("x", "h", 0.5), call("h", "y", null)],
      },
      { functions: [body] },
    ),
  ).build();
  // -4 → -2 → -4 → -1 → -2;  3 → 3 → 6 → 6 → 12
  expect([...evaluate([outputs.get("y")!], { x: [-4, 3] })[0]!]).toEqual([-2, 12]);
});
