/** Recurrent nodes: what is built of each form equals what ONNX Runtime's own kernel gives; errors. */
import { describe, expect, test } from "vitest";
import { expectLikeRuntime, fileOf, type OneNode } from "../../testing/one-node.ts";
import { attribute } from "../../testing/onnx-file.ts";
import { readOnnx } from "../model.ts";

const [T, B, I, H] = [3, 2, 2, 3]; // steps, batch, inputs, hidden values
const i = (name: string, value: number) => attribute(name, { i: BigInt(value) });
const text = (value: string) => new TextEncoder().encode(value);
const direction = (name: string) => attribute("direction", { s: text(name) });
const activations = (...names: string[]) => attribute("activations", { strings: names.map(text) });

/** All operands of a layer but lengths and peepholes, and all its outputs. */
function layer(operator: "RNN" | "LSTM" | "GRU", D = 1): Omit<OneNode, "attributes"> {
  const G = { RNN: 1, LSTM: 4, GRU: 3 }[operator];
  const state = [D, B, H];
  const states = operator === "LSTM" ? [state, state] : [state];
  return {
    opset: 14,
    operator,
    shapes: [[T, B, I], [D, G * H, I], [D, G * H, H], [D, 2 * G * H], null, ...states],
    outputs: [[T, D, B, H], ...states],
  };
}

const cases: readonly [
  name: string,
  one: Omit<OneNode, "attributes">,
  attributes: ReturnType<typeof attribute>[],
][] = [
  ["RNN in reverse", layer("RNN"), [direction("reverse")]],
  [
    "RNN in both directions with functions that have numbers",
    layer("RNN", 2),
    [
      direction("bidirectional"),
      activations("LeakyRelu", "ScaledTanh"),
      attribute("activation_alpha", { floats: [0.1, 1.5] }),
      attribute("activation_beta", { floats: [0.5] }),
    ],
  ],
  ["RNN, clipped", layer("RNN"), [attribute("clip", { f: 0.4 })]],
  ["LSTM in both directions", layer("LSTM", 2), [direction("bidirectional")]],
  ["LSTM with peepholes", { ...layer("LSTM"), shapes: [...layer("LSTM").shapes, [1, 3 * H]] }, []],
  ["LSTM with coupled gates", layer("LSTM"), [i("input_forget", 1)]],
  ["LSTM with other functions", layer("LSTM"), [activations("HardSigmoid", "Softsign", "Tanh")]],
  ["GRU", layer("GRU"), []],
  ["GRU in reverse", layer("GRU"), [direction("reverse")]],
  [
    "GRU in both directions, linear before reset",
    layer("GRU", 2),
    [direction("bidirectional"), i("linear_before_reset", 1)],
  ],
];

describe("recurrent nodes like ONNX Runtime's", () => {
  for (const [name, one, attributes] of cases) {
    test(name, () => expectLikeRuntime({ ...one, attributes: [i("hidden_size", H), ...attributes] }));
  }
});

describe("errors of recurrent nodes", () => {
  test("an unknown function is named, with those that are known", () => {
    const bytes = fileOf({ ...layer("RNN"), attributes: [i("hidden_size", H), activations("Cosh")] });
    expect(() => readOnnx(bytes).build()).toThrow(
      /"the RNN" as activations must be among relu, .*: found "Cosh"/,
    );
  });
  test("sequences of several lengths are refused", () => {
    const one = layer("RNN");
    const bytes = fileOf({
      ...one,
      shapes: one.shapes.slice(0, 4),
      known: [3, 2],
      attributes: [i("hidden_size", H)],
    });
    expect(() => readOnnx(bytes).build()).toThrow(
      /all sequences of a batch must be 3 steps long: found sequence_lens 3, 2; pad them/,
    );
  });
});
