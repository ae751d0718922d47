/**
 * Recurrent layers: LSTM and GRU, in several layers and directions. Names, layouts, starting values and formulas are torch.nn's with
 * batch_first: weight_ih_l0 [G·H, I], weight_hh_l0 [G·H, H], biases [G·H], and _reverse after those of the second direction.
 * The steps are the graph's; torch keeps the gates in another order than ONNX, so weights are rearranged on the way.
 *
 * Sources  Hochreiter & Schmidhuber, Neural Computation 9, 1997; Cho et al., arXiv:1406.1078.
 */
import { concat, gru as gruOf, lstm as lstmOf, reshape, slice, type Tensor, transpose } from "@thalweg/graph";
import { recurrent } from "./initializers.ts";
import { dropped, requireCounts, requireProbability } from "./layers.ts";
import { type Context, type Module, type ParameterSpec, within } from "./module.ts";

export interface RecurrentOptions {
  /** Layers on top of each other. Default 1. */
  readonly layers?: number;
  /** A second direction, from the end; outputs stand side by side. Default false. */
  readonly bidirectional?: boolean;
  /** Between layers. Default 0. */
  readonly dropout?: number;
  readonly bias?: boolean;
}

/** A sequence with the states before its first step, zero when left out. L layers, D directions. */
export interface RecurrentInput {
  /** [B, T, I] */
  readonly sequence: Tensor;
  /** [L·D, B, H] */
  readonly hidden?: Tensor;
  /** [L·D, B, H]; LSTM only. */
  readonly cell?: Tensor;
}

export interface RecurrentOutput {
  /** The last layer's hidden state at each step, [B, T, D·H]. */
  readonly output: Tensor;
  /** Each layer's and direction's last hidden state, [L·D, B, H]. */
  readonly hidden: Tensor;
}
export type LstmOutput = RecurrentOutput & { readonly cell: Tensor };

/** What one direction of one layer does: x [T, B, I] with its weights → states. */
interface Kind<Output extends RecurrentOutput> {
  readonly name: string;
  /** Where ONNX's gates stand among torch's. */
  readonly gates: readonly number[];
  run(x: Tensor, parameters: Parameters<typeof lstmOf>[1], direction: "forward" | "bidirectional"): Output;
}

const LSTM: Kind<LstmOutput> = {
  name: "lstm",
  gates: [0, 3, 1, 2], // i o f c of torch's i f g o
  run: (x, parameters, direction) => lstmOf(x, parameters, { direction }),
};
const GRU: Kind<RecurrentOutput> = {
  name: "gru",
  gates: [1, 0, 2], // z r h of torch's r z n
  run: (x, parameters, direction) => gruOf(x, parameters, { direction, linearBeforeReset: true }),
};

/**
 *   i, f, o = σ(W x + b + R h + c)     g = tanh(W x + b + R h + c)     c ← f ⊙ c + i ⊙ g     h ← o ⊙ tanh(c)
 *
 * [B, T, inputs] → output [B, T, D·hidden] with the last states.
 */
export const lstm = (
  inputs: number,
  hidden: number,
  options: RecurrentOptions = {},
): Module<Tensor | RecurrentInput, LstmOutput> => {
  const layers = stack(LSTM, inputs, hidden, options);
  return {
    ...layers,
    forward(x, context) {
      const { output, states } = layers.forward(x, context);
      return { output, hidden: states("hidden"), cell: states("cell") };
    },
  };
};

/**
 *   r, z = σ(W x + b + R h + c)     n = tanh(W x + b + r ⊙ (R h + c))     h ← (1 − z) ⊙ n + z ⊙ h
 *
 * [B, T, inputs] → output [B, T, D·hidden] with the last state.
 */
export const gru = (
  inputs: number,
  hidden: number,
  options: RecurrentOptions = {},
): Module<Tensor | Omit<RecurrentInput, "cell">, RecurrentOutput> => {
  const layers = stack(GRU, inputs, hidden, options);
  return {
    ...layers,
    forward(x, context) {
      const { output, states } = layers.forward(x, context);
      return { output, hidden: states("hidden") };
    },
  };
};

interface Stacked<Output> {
  readonly output: Tensor;
  /** One of the states, of all layers and directions. */
  states(name: Exclude<keyof Output & string, "output">): Tensor;
}

function stack<Output extends RecurrentOutput>(
  kind: Kind<Output>,
  inputs: number,
  hidden: number,
  options: RecurrentOptions,
): Module<Tensor | RecurrentInput, Stacked<Output>> {
  const { layers = 1, bidirectional = false, dropout: p = 0, bias = true } = options;
  requireCounts(kind.name, { inputs, hidden, layers });
  requireProbability(kind.name, "dropout", p);
  const suffixes = bidirectional ? ["", "_reverse"] : [""];
  const D = suffixes.length;
  const rows = kind.gates.length * hidden;
  const specs = (layer: number, suffix: string): ParameterSpec[] => {
    const initialize = recurrent(hidden);
    const width = layer === 0 ? inputs : D * hidden;
    const spec = (name: string, shape: number[], role: "weight" | "bias") =>
      ({ name: `${name}_l${layer}${suffix}`, shape, initialize, kind: role }) as const;
    return [
      spec("weight_ih", [rows, width], "weight"),
      spec("weight_hh", [rows, hidden], "weight"),
      ...(bias ? [spec("bias_ih", [rows], "bias"), spec("bias_hh", [rows], "bias")] : []),
    ];
  };
  const numbers = Array.from({ length: layers }, (_, layer) => layer);

  /** ONNX's parameters of a layer, both directions stacked: [D, …]. */
  const parametersOf = (layer: number, context: Context) => {
    const stacked = (name: string) => {
      const parts = suffixes.map((suffix) => context.parameter(`${name}_l${layer}${suffix}`));
      return concat(
        parts.map((part) => reshape(reorder(part, kind.gates, hidden), [1, ...part.shape])),
        0,
      );
    };
    return {
      input: stacked("weight_ih"),
      recurrent: stacked("weight_hh"),
      ...(bias && { bias: concat([stacked("bias_ih"), stacked("bias_hh")], 1) }),
    };
  };

  return {
    parameters: numbers.flatMap((layer) => suffixes.flatMap((suffix) => specs(layer, suffix))),
    buffers: [],
    forward(given, context) {
      const start: RecurrentInput = "sequence" in given ? given : { sequence: given };
      const { sequence } = start;
      const [B, T, I] = sequence.shape as [number, number, number];
      if (sequence.rank !== 3 || I !== inputs) {
        throw new RangeError(
          `Cannot apply ${kind.name} to ${sequence} as it needs sequences [batch, steps, ${inputs}]: found [${sequence.shape.join(", ")}]`,
        );
      }
      const initial = (state: Tensor | undefined, layer: number) =>
        state && slice(state, [layer * D], [(layer + 1) * D], [0]);
      const results: Output[] = [];
      let x = transpose(sequence, [1, 0, 2]); // (T, B, I)
      for (const layer of numbers) {
        const before = layer === 0 ? x : dropped(x, p, within(context, `between.${layer}`));
        const result = kind.run(
          before,
          {
            ...parametersOf(layer, context),
            hidden: initial(start.hidden, layer),
            cell: initial(start.cell, layer),
          },
          bidirectional ? "bidirectional" : "forward",
        );
        results.push(result);
        x = reshape(transpose(result.output, [0, 2, 1, 3]), [T, B, D * hidden]); // of (T, D, B, H)
      }
      return {
        output: transpose(x, [1, 0, 2]),
        states: (name) =>
          concat(
            results.map((result) => result[name] as Tensor),
            0,
          ),
      };
    },
  };
}

/** Blocks of `size` rows in another order. */
const reorder = (x: Tensor, order: readonly number[], size: number): Tensor =>
  concat(
    order.map((k) => slice(x, [k * size], [(k + 1) * size], [0])),
    0,
  );
