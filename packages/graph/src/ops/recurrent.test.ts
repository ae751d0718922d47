/** Recurrent layers: outputs and gradients against PyTorch's, ONNX Runtime, finite differences, errors. ONNX's cases: `onnx/`. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph, type Tensor } from "../graph.ts";
import { checkOperators, expectClose } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

interface Recorded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Layer {
  readonly names: readonly string[];
  readonly inputs: readonly Recorded[];
  readonly outputs: readonly Recorded[];
  /** The loss is Σ weight · output. */
  readonly weights: readonly Recorded[];
  readonly gradients: readonly Recorded[];
}
const { lstm, gru } = JSON.parse(
  readFileSync(new URL("../../fixtures/recurrent.json", import.meta.url), "utf8"),
) as Record<"lstm" | "gru", Layer>;

type Build = (x: Tensor, parameters: ops.RecurrentParameters) => Tensor[];

const layers: readonly [name: string, layer: Layer, build: Build][] = [
  [
    "lstm",
    lstm,
    (x, parameters) => {
      const { output, hidden, cell } = ops.lstm(x, parameters, { direction: "bidirectional" });
      return [output, hidden, cell];
    },
  ],
  [
    "gru",
    gru,
    (x, parameters) => {
      const options = { direction: "bidirectional", linearBeforeReset: true } as const;
      const { output, hidden } = ops.gru(x, parameters, options);
      return [output, hidden];
    },
  ],
];

describe("recurrent layers against PyTorch", () => {
  for (const [name, layer, build] of layers) {
    test(`${name}() in both directions`, () => {
      const graph = new Graph();
      const inputs = layer.names.map((input, k) => graph.input(input, layer.inputs[k]!.shape, "float64"));
      const feeds = Object.fromEntries(layer.names.map((input, k) => [input, layer.inputs[k]!.data]));
      const [x, input, recurrent, bias, hidden, cell] = inputs as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const outputs = build(x, { input, recurrent, bias, hidden, cell });
      const loss = outputs
        .map((output, k) => {
          const { data, shape } = layer.weights[k]!;
          return ops.reduceSum(ops.mul(output, graph.constant(data, shape, "float64")));
        })
        .reduce((a, b) => ops.add(a, b));
      const found = evaluate([...outputs, ...gradients(loss, inputs)], feeds);
      const wanted = [...layer.outputs, ...layer.gradients];
      for (const [k, { data }] of wanted.entries()) expectClose(found[k]!, data, 1e-13, `${name} ${k}`);
    });
  }
});

const sizes = (gates: number, directions = 1) => ({
  x: { shape: [2, 1, 2] },
  input: { shape: [directions, gates * 2, 2] },
  recurrent: { shape: [directions, gates * 2, 2] },
  bias: { shape: [directions, gates * 4] },
});

checkOperators("recurrent layers", [
  {
    // h₁ = tanh(2·1 + 1) from zero; h₂ = tanh(2·0 + 3 h₁ + 1)
    name: "rnn",
    inputs: [[1, 0], [2], [3], [0.25, 0.75]].map((values, k) => ({
      shape: [
        [2, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
        [1, 2],
      ][k]!,
      values,
    })),
    build: (...[x, input, recurrent, bias]) => ops.rnn(x, { input, recurrent, bias: bias! }).output,
    expect: [Math.tanh(3), Math.tanh(3 * Math.tanh(3) + 1)],
    shape: [2, 1, 1, 1],
  },
  {
    name: "rnn in reverse with softplus, clipped",
    inputs: Object.values(sizes(1)),
    build: (...[x, input, recurrent, bias]) =>
      ops.rnn(
        x,
        { input, recurrent, bias: bias! },
        { direction: "reverse", activations: [ops.softplus], clip: 1.5 },
      ).output,
  },
  {
    name: "lstm with peepholes and a coupled forget gate",
    inputs: [...Object.values(sizes(4)), { shape: [1, 6] }],
    build: (...[x, input, recurrent, bias, peepholes]) => {
      const parameters = { input, recurrent, bias: bias!, peepholes: peepholes! };
      const { output, cell } = ops.lstm(x, parameters, { coupled: true });
      return [output, cell];
    },
  },
  {
    name: "lstm with all its parameters but peepholes",
    inputs: [...Object.values(sizes(4)), { shape: [1, 1, 2] }, { shape: [1, 1, 2] }],
    build: (...[x, input, recurrent, bias, hidden, cell]) =>
      ops.lstm(x, { input, recurrent, bias: bias!, hidden: hidden!, cell: cell! }).output,
  },
  {
    name: "gru",
    inputs: Object.values(sizes(3)),
    build: (...[x, input, recurrent, bias]) => ops.gru(x, { input, recurrent, bias: bias! }).output,
  },
]);

describe("errors of recurrent layers", () => {
  test("lstm() shows the shape that it needs", () => {
    const graph = new Graph();
    const x = graph.input("x", [3, 2, 4]);
    const [input, recurrent] = [graph.input("w", [1, 20, 3]), graph.input("r", [1, 20, 5])];
    expect(() => ops.lstm(x, { input, recurrent })).toThrow(
      "Cannot apply LSTM to x float32 [3, 2, 4] and w float32 [1, 20, 3] as with 1 direction(s) and 5 hidden values the second must be [1, 20, 4]",
    );
  });
});
