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
export function scheduleStages(program: Pick<UpdateProgram, "outputs" | "scalars">): Stage[] {
  const scalars = new Set(program.scalars.map(({ name }) => name));
  const changed = [...program.outputs].filter(([name, value]) => !keeps(name, value));
  // State that is one number is the host's: it wants reductions, but no store.
  const stores = new Map(changed.filter(([name]) => !scalars.has(name)));
  const order = topologicalOrder(changed.map(([, value]) => value));
  const levels = new Map<Expression, number>();
  for (const node of order) {
    const below = Math.max(0, ...operandsOf(node).map((operand) => levels.get(operand)!));
    levels.set(node, node.kind === "reduce" ? below + 1 : below);
  }
  const level = (node: Expression) => levels.get(node)!;
  const passes = changed.map(([name, value]) => (stores.has(name) ? level(value) + 1 : level(value)));
  const count = Math.max(1, ...passes);
  const reductions = order.filter((node): node is ReduceExpression => node.kind === "reduce");
  return Array.from({ length: count }, (_, s) =>
    describeStage(
      reductions.filter((node) => level(node) === s + 1),
      s === count - 1 ? stores : new Map(),
    ),
  );
}

/** A slot that keeps its value needs no store. */
const keeps = (name: string, value: Expression) =>
  (value.kind === "slot" || value.kind === "memory") && value.name === name;

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
