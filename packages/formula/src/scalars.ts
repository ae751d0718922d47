/**
 * The host's part of an update: scalars, in float64. Hyperparameters, the step, sizes and finished reductions go in;
 * every scalar node of the program comes out, in an order that evaluates each once.
 */
import { type Expression, isSizeOfAll, type ReduceExpression, topologicalOrder } from "./expression.ts";
import { ELEMENTWISE, type Scope } from "./functions.ts";

/** What scalars are computed from, for one parameter tensor at one step. */
export interface ScalarInputs {
  /** The step, counted from 1. */
  t: number;
  hyper: Readonly<Record<string, number>>;
  size: number;
  rows: number;
  cols: number;
  countAll: number;
  tensorsAll: number;
  /** State that is one number: of this tensor, and of all tensors. */
  memory: Readonly<Record<Scope, Readonly<Record<string, number>>>>;
}

/** Evaluates a fixed set of scalar nodes; keeps the values in a vector of its own and allocates nothing per call. */
export class ScalarEvaluator {
  private readonly steps: ((
    inputs: ScalarInputs,
    reductions: ReadonlyMap<ReduceExpression, number>,
  ) => number)[] = [];
  private readonly values: Float64Array;
  private readonly indices: number[];
  /** Whether a value depends on the tensor at hand: on its shape or its own state. */
  readonly perTensor: boolean;

  constructor(roots: readonly Expression[]) {
    // A reduction is a leaf here: its operand belongs to a kernel.
    const order = topologicalOrder(roots, (node) => node.kind === "apply");
    const place = new Map(order.map((node, i) => [node, i]));
    this.values = new Float64Array(order.length);
    this.steps = order.map((node) => this.compile(node, place));
    this.indices = roots.map((root) => place.get(root)!);
    this.perTensor = order.some(
      (node) =>
        (node.kind === "dimension" && !isSizeOfAll(node.name)) ||
        (node.kind === "memory" && node.scope === "tensor"),
    );
  }

  /** Evaluate; `value(i)` then gives the i-th root. */
  evaluate(inputs: ScalarInputs, reductions: ReadonlyMap<ReduceExpression, number>): void {
    for (let i = 0; i < this.steps.length; i++) this.values[i] = this.steps[i]!(inputs, reductions);
  }

  value(root: number): number {
    return this.values[this.indices[root]!]!;
  }

  private compile(node: Expression, place: ReadonlyMap<Expression, number>) {
    type Step = (inputs: ScalarInputs, reductions: ReadonlyMap<ReduceExpression, number>) => number;
    const { values } = this;
    const compiled = (): Step => {
      switch (node.kind) {
        case "constant":
          return () => node.value;
        case "hyper":
          return (inputs) => inputs.hyper[node.name]!;
        case "step":
          return (inputs) => inputs.t;
        case "memory":
          return (inputs) => inputs.memory[node.scope][node.name]!;
        case "dimension":
          return (inputs) => inputs[node.name];
        case "reduce":
          return (_, reductions) => reductions.get(node)!;
        case "slot":
        case "matrix":
          throw new TypeError(`Cannot evaluate a ${node.kind} as one number`);
        case "apply": {
          const evaluate = ELEMENTWISE[node.fn].evaluate as (a: number, b: number, c: number) => number;
          const [a = 0, b = 0, c = 0] = node.operands.map((operand) => place.get(operand)!);
          return () => evaluate(values[a]!, values[b]!, values[c]!);
        }
      }
    };
    return compiled();
  }
}
