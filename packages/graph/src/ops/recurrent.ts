/**
 * Recurrent layers, ONNX's RNN, LSTM and GRU, unrolled over time and composed of smaller operators, so that they can be
 * differentiated. The products with the inputs are taken for all steps at once; each step then has one product with the state.
 * Shapes: T steps, B examples, I inputs, H hidden values, D directions, G gates (1, 4, 3).
 * Source: onnx/docs/Operators.md, opset 14; Hochreiter & Schmidhuber 1997; Cho et al., arXiv:1406.1078.
 */
import { misfit, type Tensor } from "../graph.ts";
import { sameShape, show } from "../shapes.ts";
import { sigmoid, tanh } from "./activation.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { constantLike } from "./elementwise.ts";
import { clip } from "./extrema.ts";
import { slice } from "./indexing.ts";
import { gemm } from "./matmul.ts";
import { concat, reshape } from "./shape.ts";
import { split } from "./split.ts";

export type Direction = "forward" | "reverse" | "bidirectional";
type Activation = (x: Tensor) => Tensor;

export interface RecurrentParameters {
  /** W [D, G·H, I], gates in ONNX's order: LSTM i o f c, GRU z r h. */
  readonly input: Tensor;
  /** R [D, G·H, H]. */
  readonly recurrent: Tensor;
  /** Those of W, then those of R: [D, 2·G·H]. Left out: 0. */
  readonly bias?: Tensor | undefined;
  /** States before the first step, [D, B, H]. Left out: 0. */
  readonly hidden?: Tensor | undefined;
  readonly cell?: Tensor | undefined;
  /** LSTM's weights from the cell to the gates i o f, [D, 3·H]. */
  readonly peepholes?: Tensor | undefined;
}

export interface RecurrentOptions {
  readonly direction?: Direction;
  /** Functions of the gates, of the new values, and (LSTM) of the cell, for each direction. */
  readonly activations?: readonly Activation[];
  /** What enters an activation is held within ± this. */
  readonly clip?: number | undefined;
  /** LSTM: the forget gate is 1 − the input gate. */
  readonly coupled?: boolean;
  /** GRU: the reset gate acts on the product with R rather than before it, as in torch. */
  readonly linearBeforeReset?: boolean;
}

export interface RecurrentResult {
  /** The hidden state after each step, [T, D, B, H]. */
  readonly output: Tensor;
  /** The last hidden state of each direction, [D, B, H]. */
  readonly hidden: Tensor;
}

/** The parameters of one direction, as matrices. */
interface Weights {
  readonly W: Tensor; // (G·H, I)
  readonly R: Tensor; // (G·H, H)
  readonly inputBias: Tensor; // (G·H)
  readonly stateBias: Tensor; // (G·H)
  readonly peepholes: readonly [i: Tensor, o: Tensor, f: Tensor] | null; // (H)
  readonly activations: readonly Activation[];
}

/** What a kind of cell is: how many gates, and what a step makes of the state. */
interface Cell {
  readonly name: string;
  readonly gates: number;
  readonly activations: readonly Activation[];
  /** Whether the recurrent bias may be added together with the input's. */
  readonly joinsBiases: boolean;
  /** The next state from x's products of this step, (B, G·H); h is the first of the state. */
  step(x: Tensor, state: readonly Tensor[], weights: Weights): readonly Tensor[];
}

/** Neighbouring gates of a step's sums (B, G·H), as many to a part as `counts` says. */
const gates = (sums: Tensor, counts: readonly number[]): readonly Tensor[] => {
  const H = sums.shape[1]! / counts.reduce((n, count) => n + count, 0);
  return split(
    sums,
    counts.map((count) => count * H),
    1,
  );
};

/** h ← f(W x + R h + b) */
export function rnn(
  x: Tensor,
  parameters: RecurrentParameters,
  options: RecurrentOptions = {},
): RecurrentResult {
  const bound = within(options.clip);
  const cell: Cell = {
    name: "RNN",
    gates: 1,
    activations: [tanh],
    joinsBiases: true,
    step: (x, [h], { R, activations: [f] }) => [f!(bound(gemm(h!, R, { transB: 1, addend: x })))],
  };
  const { output, states } = unroll(cell, x, parameters, options, [parameters.hidden]);
  return { output, hidden: states[0]! };
}

/**
 *   i, o, f = σ(W x + R h + p ⊙ c + b)      c ← f ⊙ c + i ⊙ tanh(W x + R h + b)      h ← o ⊙ tanh(c)
 *
 * where o sees the new c through its peephole.
 */
export function lstm(
  x: Tensor,
  parameters: RecurrentParameters,
  options: RecurrentOptions = {},
): RecurrentResult & { readonly cell: Tensor } {
  const bound = within(options.clip);
  const cell: Cell = {
    name: "LSTM",
    gates: 4,
    activations: [sigmoid, tanh, tanh],
    joinsBiases: true,
    step(x, [h, c], { R, peepholes, activations: [f, g, last] }) {
      const sums = gemm(h!, R, { transB: 1, addend: x });
      if (!peepholes) {
        const [three, values] = gates(sums, [3, 1]) as [Tensor, Tensor];
        const [input, output, forget] = gates(f!(bound(three)), [1, 1, 1]) as [Tensor, Tensor, Tensor];
        const kept = mul(options.coupled ? sub(1, input) : forget, c!);
        const next = add(kept, mul(input, g!(bound(values))));
        return [mul(output, last!(next)), next];
      }
      const [i, o, n, values] = gates(sums, [1, 1, 1, 1]) as [Tensor, Tensor, Tensor, Tensor];
      const looking = (sum: Tensor, weights: Tensor, at: Tensor) => f!(bound(add(sum, mul(at, weights))));
      const input = looking(i, peepholes[0], c!);
      const forget = options.coupled ? sub(1, input) : looking(n, peepholes[2], c!);
      const next = add(mul(forget, c!), mul(input, g!(bound(values))));
      return [mul(looking(o, peepholes[1], next), last!(next)), next];
    },
  };
  const { output, states } = unroll(cell, x, parameters, options, [parameters.hidden, parameters.cell]);
  return { output, hidden: states[0]!, cell: states[1]! };
}

/**
 *   z, r = σ(W x + R h + b)      n = tanh(W x + R (r ⊙ h) + b)      h ← (1 − z) ⊙ n + z ⊙ h
 *
 * or, linear before reset, n = tanh(W x + r ⊙ (R h + b)).
 */
export function gru(
  x: Tensor,
  parameters: RecurrentParameters,
  options: RecurrentOptions = {},
): RecurrentResult {
  const bound = within(options.clip);
  const { linearBeforeReset = false } = options;
  const cell: Cell = {
    name: "GRU",
    gates: 3,
    activations: [sigmoid, tanh],
    joinsBiases: !linearBeforeReset,
    step(x, [h], { R, stateBias, activations: [f, g] }) {
      const H = h!.shape[1]!;
      const [forGates, forValues] = gates(x, [2, 1]) as [Tensor, Tensor];
      if (linearBeforeReset) {
        const product = gemm(h!, R, { transB: 1, addend: stateBias });
        const [toGates, toValues] = gates(product, [2, 1]) as [Tensor, Tensor];
        const [update, reset] = gates(f!(bound(add(forGates, toGates))), [1, 1]) as [Tensor, Tensor];
        return [mixed(update, g!(bound(add(forValues, mul(reset, toValues)))), h!)];
      }
      const [toGates, toValues] = split(R, [2 * H, H], 0) as [Tensor, Tensor];
      const open = f!(bound(gemm(h!, toGates, { transB: 1, addend: forGates })));
      const [update, reset] = gates(open, [1, 1]) as [Tensor, Tensor];
      const values = gemm(mul(reset, h!), toValues, { transB: 1, addend: forValues });
      return [mixed(update, g!(bound(values)), h!)];
    },
  };
  const { output, states } = unroll(cell, x, parameters, options, [parameters.hidden]);
  return { output, hidden: states[0]! };
}

/** (1 − z) n + z h = n + z (h − n) */
const mixed = (z: Tensor, n: Tensor, h: Tensor): Tensor => add(n, mul(z, sub(h, n)));

const within =
  (limit: number | undefined): Activation =>
  (x) =>
    limit === undefined ? x : clip(x, -limit, limit);

/** Run the cell over all steps in each direction. Returns the hidden states and the last states, each [D, B, H]. */
function unroll(
  cell: Cell,
  x: Tensor,
  parameters: RecurrentParameters,
  { direction = "forward", activations }: RecurrentOptions,
  initial: readonly (Tensor | undefined)[],
): { output: Tensor; states: Tensor[] } {
  const D = direction === "bidirectional" ? 2 : 1;
  const [T, B, H] = requireFit(cell, x, parameters, initial, D);
  const outputs: Tensor[] = [];
  const lasts: Tensor[][] = [];
  for (let d = 0; d < D; d++) {
    const weights = weightsOf(cell, parameters, d, activations);
    const bias = cell.joinsBiases ? add(weights.inputBias, weights.stateBias) : weights.inputBias;
    const products = gemm(reshape(x, [T * B, x.shape[2]!]), weights.W, { transB: 1, addend: bias }); // (T·B, G·H)
    const ofStep = split(products, T, 0);
    const backward = direction === "reverse" || d === 1;
    let state: readonly Tensor[] = initial.map((start) =>
      start ? part(start, d, [B, H]) : constantLike(x, 0, [B, H]),
    );
    const hidden = new Array<Tensor>(T);
    for (let step = 0; step < T; step++) {
      const t = backward ? T - 1 - step : step;
      state = cell.step(ofStep[t]!, state, weights);
      hidden[t] = state[0]!;
    }
    outputs.push(reshape(concat(hidden, 0), [T, 1, B, H]));
    lasts.push(state.map((last) => reshape(last, [1, B, H])));
  }
  return {
    output: concat(outputs, 1),
    states: initial.map((_, k) =>
      concat(
        lasts.map((states) => states[k]!),
        0,
      ),
    ),
  };
}

/** Direction d of a parameter [D, …]. */
const part = (x: Tensor, d: number, shape: readonly number[]): Tensor =>
  reshape(slice(x, [d], [d + 1], [0]), shape);

function weightsOf(
  cell: Cell,
  { input, recurrent, bias, peepholes }: RecurrentParameters,
  d: number,
  activations: readonly Activation[] | undefined,
): Weights {
  const [, GH, I] = input.shape as [number, number, number];
  const H = GH / cell.gates;
  const biasOf = (first: number) =>
    bias ? reshape(slice(bias, [d, first], [d + 1, first + GH], [0, 1]), [GH]) : constantLike(input, 0, [GH]);
  const peephole = (k: number) => reshape(slice(peepholes!, [d, k * H], [d + 1, (k + 1) * H], [0, 1]), [H]);
  const count = cell.activations.length;
  return {
    W: part(input, d, [GH, I]),
    R: part(recurrent, d, [GH, H]),
    inputBias: biasOf(0),
    stateBias: biasOf(GH),
    peepholes: peepholes ? [peephole(0), peephole(1), peephole(2)] : null,
    activations: activations ? activations.slice(d * count, (d + 1) * count) : cell.activations,
  };
}

function requireFit(
  { name, gates }: Cell,
  x: Tensor,
  { input, recurrent, bias, peepholes }: RecurrentParameters,
  initial: readonly (Tensor | undefined)[],
  D: number,
): [T: number, B: number, H: number] {
  const [T, B, I] = x.shape as [number, number, number];
  const H = recurrent.shape.at(-1)!;
  const wanted: readonly [Tensor | undefined, readonly number[]][] = [
    [input, [D, gates * H, I]],
    [recurrent, [D, gates * H, H]],
    [bias, [D, 2 * gates * H]],
    [peepholes, [D, 3 * H]],
    ...initial.map((start): [Tensor | undefined, readonly number[]] => [start, [D, B, H]]),
  ];
  if (x.rank !== 3 || T === 0)
    throw misfit(name, [x], "it needs the axes [steps, batch, inputs] and one step or more");
  for (const [tensor, shape] of wanted) {
    if (tensor && !sameShape(tensor.shape, shape)) {
      throw misfit(
        name,
        [x, tensor],
        `with ${D} direction(s) and ${H} hidden values the second must be ${show(shape)}`,
      );
    }
  }
  return [T, B, H];
}
