/**
 * Into what an optimizer's work can be divided among ranks, read off its formula: nothing is declared beside it.
 *
 *   elements   each new value depends on one element of each vector: any slice will do
 *   tensors    it also depends on its tensor, by a norm, a matrix product, noise or the tensor's sizes: whole tensors
 *
 * What depends on all tensors, such as a clipping by the global norm, cannot be divided.
 */
import type { UpdateProgram } from "@thalweg/formula";
import type { Rule } from "@thalweg/optim";

export type ShardKind = "elements" | "tensors";

type Expression = UpdateProgram["outputs"] extends ReadonlyMap<string, infer E> ? E : never;

/** How far an expression looks: at its element, its tensor, or at all tensors. */
type Reach = ShardKind | "all";

const REACH: { readonly [K in Expression["kind"]]: (node: Extract<Expression, { kind: K }>) => Reach } = {
  constant: () => "elements",
  hyper: () => "elements",
  step: () => "elements",
  slot: () => "elements",
  apply: () => "elements",
  memory: ({ scope }) => (scope === "all" ? "all" : "tensors"),
  reduce: ({ scope }) => (scope === "all" ? "all" : "tensors"),
  dimension: ({ name }) => (name === "countAll" || name === "tensorsAll" ? "all" : "tensors"),
  matrix: () => "tensors",
};

/** Raises RangeError for a rule that cannot be divided. */
export function shardKind(rule: Rule): ShardKind {
  const { program, fallback, minimumRank, name } = rule;
  const roots = [program, ...program.before].flatMap(({ outputs }) => [...outputs.values()]);
  const reaches = reachesOf([...roots, ...program.initial.values(), ...(program.view ? [program.view] : [])]);
  if (reaches.has("all") || program.scalars.some(({ scope }) => scope === "all")) {
    throw new RangeError(
      `Cannot divide the state of ${name} among ranks as a part of it must not depend on all parameters, as by a global norm: leave out --zero, or choose a rule of elements or tensors`,
    );
  }
  const needsTensors =
    reaches.has("tensors") || program.noise || program.scalars.length > 0 || program.matrices.length > 0;
  if (fallback !== undefined) shardKind(fallback); // refuses what it must
  return needsTensors || minimumRank > 0 || fallback !== undefined ? "tensors" : "elements";
}

function reachesOf(roots: readonly Expression[]): Set<Reach> {
  const reaches = new Set<Reach>();
  const seen = new Set<Expression>();
  const visit = (node: Expression) => {
    if (seen.has(node)) return;
    seen.add(node);
    reaches.add((REACH[node.kind] as (one: Expression) => Reach)(node));
    if (node.kind === "reduce") visit(node.operand);
    if (node.kind === "apply" || node.kind === "matrix") node.operands.forEach(visit);
  };
  roots.forEach(visit);
  return reaches;
}
