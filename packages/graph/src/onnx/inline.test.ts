/** Functions of a model and branches are written out in their place. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { attribute, floats, info, ints, node, onnxFile, untyped } from "../testing/onnx-file.ts";
import { readOnnx } from "./model.ts";

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

test("functions: operands and attributes are those of the call, and each call has its own", () => {
  const body = {
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
  };
  const call = (input: string, output: string, slope: number) =>
    node("Scaled", [input], [output], [attribute("slope", { f: slope })], "own");
  const { outputs } = readOnnx(
    onnxFile(
      {
        input: [info("x", [2])],
        output: [untyped("y")],
        node: [call("x", "h", 0.5), call("h", "y", 0.25)],
      },
      { functions: [body] },
    ),
  ).build();
  // -4 → -2 → -4 → -1 → -2;  3 → 3 → 6 → 6 → 12
  expect([...evaluate([outputs.get("y")!], { x: [-4, 3] })[0]!]).toEqual([-2, 12]);
});
