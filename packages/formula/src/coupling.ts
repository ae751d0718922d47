/**
 * State that is one number for all tensors is computed once, from the first group's hyperparameters. So those that it reads
 * outside a sum over tensors must have one value in all groups; inside a sum, every group counts with its own.
 */
import { topologicalOrder } from "./expression.ts";
import type { UpdateProgram } from "./resolve.ts";

/** Hyperparameters that must not differ between groups, by their names in the chain. */
export function sharedHyperparameters({ scalars, outputs, initial, before }: UpdateProgram): string[] {
  const names = scalars.flatMap(({ name, scope }) => (scope === "all" ? [name] : []));
  const values = [outputs, initial, ...before.map((phase) => phase.outputs)].flatMap((table) =>
    names.flatMap((name) => table.get(name) ?? []),
  );
  const read = topologicalOrder(values, ({ kind }) => kind !== "reduce");
  return [...new Set(read.flatMap((node) => (node.kind === "hyper" ? [node.name] : [])))];
}
