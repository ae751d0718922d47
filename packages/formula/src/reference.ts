/**
 * The reference interpreter: float64, one node after the other, nothing fused. It is the meaning of a formula; kernels
 * are held to it. It needs memory for every intermediate value and is not meant for training.
 */
import { type Expression, topologicalOrder } from "./expression.ts";
import { ELEMENTWISE, REDUCTIONS } from "./functions.ts";
import type { ScalarEvaluator } from "./scalars.ts";
import type { Stage } from "./stages.ts";
import type { Engine, Pass, TensorSlots } from "./update.ts";

export const reference: Engine<Float64Array> = {
  name: "reference",
  merge: (tensors) => tensors,
  bindPass(stage, tensor): Pass {
    for (const slot of [...stage.loads, ...stage.stores.keys()]) checkSlot(tensor, slot);
    return (scalars, results) => interpret(stage, tensor, scalars, results);
  },
};

function checkSlot({ name, size, slots }: TensorSlots<Float64Array>, slot: string): void {
  if (slots[slot]?.length === size) return;
  throw new TypeError(`Cannot bind ${name} as its slot "${slot}" must hold ${size} float64 values`);
}

type Operand = number | Float64Array;

function interpret(
  stage: Stage,
  tensor: TensorSlots<Float64Array>,
  scalars: ScalarEvaluator,
  results: Float64Array,
): void {
  const values = new Map<Expression, Operand>();
  stage.scalars.forEach((node, i) => {
    values.set(node, scalars.value(i));
  });
  const operand = (node: Expression): Operand => (node.kind === "constant" ? node.value : values.get(node)!);

  const roots = [...stage.reductions.map((reduction) => reduction.operand), ...stage.stores.values()];
  for (const node of topologicalOrder(roots, ({ rank }) => rank === "tensor")) {
    if (node.kind === "slot") values.set(node, tensor.slots[node.name]!);
    else if (node.kind === "apply" && node.rank === "tensor") {
      const evaluate = ELEMENTWISE[node.fn].evaluate as (...elements: number[]) => number;
      values.set(node, applyElementwise(evaluate, node.operands.map(operand), tensor.size));
    }
  }

  stage.reductions.forEach(({ fn, operand: node }, r) => {
    const { identity, combine } = REDUCTIONS[fn];
    results[r] = (operand(node) as Float64Array).reduce(combine, identity as number);
  });
  // Every new value is known before the first is written, so theta and m may each be made from the other.
  const written = [...stage.stores].map(([slot, node]) => [slot, snapshot(operand(node))] as const);
  for (const [slot, value] of written) {
    if (typeof value === "number") tensor.slots[slot]!.fill(value);
    else tensor.slots[slot]!.set(value);
  }
}

function snapshot(value: Operand): Operand {
  return typeof value === "number" ? value : value.slice();
}

function applyElementwise(
  evaluate: (...elements: number[]) => number,
  operands: readonly Operand[],
  size: number,
): Float64Array {
  const out = new Float64Array(size);
  const element = (operand: Operand, i: number) => (typeof operand === "number" ? operand : operand[i]!);
  for (let i = 0; i < size; i++) out[i] = evaluate(...operands.map((operand) => element(operand, i)));
  return out;
}
