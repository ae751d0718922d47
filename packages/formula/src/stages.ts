/**
 * Stage scheduling: how a program is cut where a reduction must finish before anything can go on.
 *
 *   level(leaf) = 0      level(f(a, b)) = max(level(a), level(b))      level(reduce a) = level(a) + 1
 *
 * A node of level L can be computed in stage L, once the reductions of stages 0 … L−1 are known to the host. Stage s
 * makes one pass over memory: it reads every slot it needs once and accumulates the reductions of level s + 1. The last
 * stage also writes the outputs, each once. Earlier stages write nothing: what they computed per element is computed
 * again, since arithmetic costs less than another trip to memory, and so every read sees the values before the update.
 */
import { type Expression, operandsOf, type ReduceExpression, topologicalOrder } from "./expression.ts";
import type { UpdateProgram } from "./resolve.ts";

export interface Stage {
  /** Reductions to accumulate in this pass. */
  reductions: readonly ReduceExpression[];
  /** Slots to write in this pass: only in the last stage. */
  stores: ReadonlyMap<string, Expression>;
  /** Slots to read, in a fixed order. */
  loads: readonly string[];
  /** Scalars that the kernel takes from the host. */
  scalars: readonly Expression[];
}

/** Cut a program into its passes over memory. A program without reductions has one stage. */
export function scheduleStages(program: UpdateProgram): Stage[] {
  const stores = changedSlots(program);
  const order = topologicalOrder(stores.values());
  const levels = new Map<Expression, number>();
  for (const node of order) {
    const below = Math.max(0, ...operandsOf(node).map((operand) => levels.get(operand)!));
    levels.set(node, node.kind === "reduce" ? below + 1 : below);
  }
  const last = Math.max(0, ...[...stores.values()].map((node) => levels.get(node)!));
  const reductions = order.filter((node): node is ReduceExpression => node.kind === "reduce");
  return Array.from({ length: last + 1 }, (_, s) =>
    describeStage(
      reductions.filter((node) => levels.get(node) === s + 1),
      s === last ? stores : new Map(),
    ),
  );
}

/** A slot that keeps its value needs no store. */
function changedSlots(program: UpdateProgram): Map<string, Expression> {
  return new Map(
    [...program.outputs].filter(([name, value]) => value.kind !== "slot" || value.name !== name),
  );
}

function describeStage(reductions: ReduceExpression[], stores: ReadonlyMap<string, Expression>): Stage {
  const nodes = topologicalOrder(
    [...reductions.map(({ operand }) => operand), ...stores.values()],
    (node) => node.rank === "tensor", // what is below a scalar is the host's, or was an earlier stage's
  );
  return {
    reductions,
    stores,
    loads: nodes.flatMap((node) => (node.kind === "slot" ? [node.name] : [])),
    scalars: nodes.filter(({ rank, kind }) => rank === "scalar" && kind !== "constant"),
  };
}
