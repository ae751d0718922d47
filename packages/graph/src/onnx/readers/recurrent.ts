/**
 * Recurrent layers. Activations go by ONNX's names; `activation_alpha` and `activation_beta` are used up by those functions
 * that have such a number. Sequences of one batch must have one length.
 */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Readers } from "../node.ts";

type Activation = (x: Tensor, alpha: number, beta: number) => Tensor;

/** Defaults for the numbers are those of the operators of these names; null: the function has no such number. */
const FUNCTIONS: Readonly<Record<string, { f: Activation; alpha?: number; beta?: number }>> = {
  relu: { f: ops.relu },
  tanh: { f: ops.tanh },
  sigmoid: { f: ops.sigmoid },
  softsign: { f: ops.softsign },
  softplus: { f: ops.softplus },
  leakyrelu: { f: ops.leakyRelu, alpha: 0.01 },
  thresholdedrelu: { f: ops.thresholdedRelu, alpha: 1 },
  elu: { f: ops.elu, alpha: 1 },
  hardsigmoid: { f: ops.hardSigmoid, alpha: 0.2, beta: 0.5 },
  affine: { f: (x, alpha, beta) => ops.add(ops.mul(x, alpha), beta), alpha: 1, beta: 0 },
  scaledtanh: { f: (x, alpha, beta) => ops.mul(ops.tanh(ops.mul(x, beta)), alpha), alpha: 1, beta: 1 },
};

function activationsOf(node: NodeView): ((x: Tensor) => Tensor)[] | undefined {
  if (!node.hasAttribute("activations")) return undefined;
  const alphas = [...node.floats("activation_alpha", [])];
  const betas = [...node.floats("activation_beta", [])];
  return node.strings("activations").map((name) => {
    const key = name.toLowerCase();
    if (!Object.hasOwn(FUNCTIONS, key)) {
      throw node.refuse(`activations must be among ${Object.keys(FUNCTIONS).join(", ")}`, `found "${name}"`);
    }
    const { f, alpha, beta } = FUNCTIONS[key]!;
    const a = alpha === undefined ? 0 : (alphas.shift() ?? alpha);
    const b = beta === undefined ? 0 : (betas.shift() ?? beta);
    return (x) => f(x, a, b);
  });
}

function directionOf(node: NodeView): ops.Direction {
  const name = node.string("direction", "forward");
  if (name === "forward" || name === "reverse" || name === "bidirectional") return name;
  throw node.refuse("direction must be forward, reverse or bidirectional", `found "${name}"`);
}

/** Layout 1 has the batch first in x, in the states and in the outputs. */
function read(node: NodeView) {
  const batchFirst = node.int("layout", 0) === 1;
  const turn = (state: Tensor | undefined) => state && (batchFirst ? ops.transpose(state, [1, 0, 2]) : state);
  const x = turn(node.input(0))!;
  const lengths = node.hasInput(4) ? node.constantInts(4) : [];
  if (!lengths.every((length) => length === x.shape[0])) {
    throw node.refuse(
      `all sequences of a batch must be ${x.shape[0]} steps long`,
      `found sequence_lens ${lengths.slice(0, 8).join(", ")}; pad them and export without lengths, or mask the outputs`,
    );
  }
  return {
    x,
    parameters: {
      input: node.input(1),
      recurrent: node.input(2),
      bias: node.optional(3),
      hidden: turn(node.optional(5)),
    },
    options: {
      direction: directionOf(node),
      clip: node.hasAttribute("clip") ? node.float("clip") : undefined,
      ...orNothing("activations", activationsOf(node)),
    },
    turn,
    outputOf: (output: Tensor) => (batchFirst ? ops.transpose(output, [2, 0, 1, 3]) : output),
  };
}

const orNothing = <K extends string, V>(key: K, value: V | undefined): { [k in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [k in K]: V });

export const recurrent: Readers = {
  RNN: (node) => {
    const { x, parameters, options, turn, outputOf } = read(node);
    const { output, hidden } = ops.rnn(x, parameters, options);
    return [outputOf(output), turn(hidden)!];
  },
  LSTM: (node) => {
    const { x, parameters, options, turn, outputOf } = read(node);
    const { output, hidden, cell } = ops.lstm(
      x,
      { ...parameters, cell: turn(node.optional(6)), peepholes: node.optional(7) },
      { ...options, coupled: node.int("input_forget", 0) === 1 },
    );
    return [outputOf(output), turn(hidden)!, turn(cell)!];
  },
  GRU: (node) => {
    const { x, parameters, options, turn, outputOf } = read(node);
    const linearBeforeReset = node.int("linear_before_reset", 0) === 1;
    const { output, hidden } = ops.gru(x, parameters, { ...options, linearBeforeReset });
    return [outputOf(output), turn(hidden)!];
  },
};
