/**
 * Branches and loops, written out: `If` and `Loop`. A graph has no control flow, so how often a loop runs must follow from the
 * file (as it does where a loop over a fixed length was scripted), and both branches of an open condition are computed.
 */
import type { GraphProto } from "../generated/onnx_pb.js";
import type { Tensor } from "../graph.ts";
import { concat, unsqueeze, where } from "../ops/index.ts";
import { sameShape } from "../shapes.ts";
import type { NodeView } from "./node.ts";

/** Writes a sub-graph out, with tensors for its inputs, and gives those of its outputs. */
export type Inline<Question, Answer> = (
  graph: GraphProto,
  inputs: readonly Tensor[],
) => Generator<Question, readonly Tensor[], Answer>;

type Written<Question, Answer> = Generator<Question, readonly Tensor[], Answer>;

/** With a condition that is known it is that branch; with one that is not, both are computed and one is chosen. */
export function* branch<Q, A>(node: NodeView, inline: Inline<Q, A>): Written<Q, A> {
  const condition = node.isKnown(0) ? node.constantNumber(0) : null;
  if (condition !== null) return yield* inline(node.subgraph(condition ? "then_branch" : "else_branch"), []);
  const yes = yield* inline(node.subgraph("then_branch"), []);
  const no = yield* inline(node.subgraph("else_branch"), []);
  return yes.map((tensor, k) => {
    const other = no[k];
    if (other?.dtype === tensor.dtype && sameShape(other.shape, tensor.shape))
      return where(node.input(0), tensor, other);
    throw node.refuse(
      "both branches must give tensors of one type where the condition is not constant",
      `found ${tensor} and ${other}`,
    );
  });
}

/**
 * The body once for each round: its inputs are the round's number, the condition, and what the round before carried on. Its outputs
 * are the condition, what is carried on, and what is kept of each round, which is stacked along a new first axis.
 */
export function* unroll<Q, A>(node: NodeView, inline: Inline<Q, A>): Written<Q, A> {
  const { graph } = node;
  const body = node.subgraph("body");
  const rounds = node.constantNumber(0, Number.POSITIVE_INFINITY);
  let goesOn = node.constantNumber(1, 1) !== 0;
  let carried: readonly Tensor[] = node.inputs.slice(2).map((_, k) => node.input(k + 2));
  const kept: Tensor[][] = body.output.slice(1 + carried.length).map(() => []);
  for (let round = 0; goesOn && round < rounds; round++) {
    const [number, always] = [graph.constant(round, [], "int64"), graph.constant(1, [], "bool")];
    const [condition, ...results] = yield* inline(body, [number, always, ...carried]);
    carried = results.slice(0, carried.length);
    for (const [k, list] of kept.entries()) list.push(unsqueeze(results[carried.length + k]!, [0]));
    if (condition?.origin.kind !== "constant") {
      throw node.refuse(
        "how often it runs must follow from the file",
        "its condition depends on values that are only known when the model runs; export the model with a fixed number of rounds",
      );
    }
    goesOn = condition.origin.data[0] !== 0;
  }
  const empty = kept.some((list) => list.length === 0);
  if (empty)
    throw node.refuse("it must run once or more where it keeps something of each round", "it never runs");
  return [...carried, ...kept.map((list) => concat(list, 0))];
}
