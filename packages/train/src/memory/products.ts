/**
 * The arithmetic of a graph's matrix products and convolutions, which are nearly all of a network's: what checkpoints cost.
 *
 *   product [M, K] · [K, N]    2 M K N         convolution    2 · outputs · kernel · input channels of a group
 */
import { type Application, ancestors, isRecomputed, type Tensor } from "@thalweg/graph";

/** Multiplications and additions of a call, by its operator; others count nothing. */
const OPERATIONS: Readonly<Record<string, (call: Application) => number>> = {
  MatMul: ({ inputs: [a], outputs: [y] }) => 2 * y!.size * (a!.shape.at(-1) ?? 1),
  Gemm: ({ inputs: [a], outputs: [y], attributes }) =>
    2 * y!.size * a!.shape[attributes.transA === 1 ? 0 : 1]!,
  Conv: ({ inputs: [, w], outputs: [y] }) => 2 * y!.size * (w!.size / Math.max(1, w!.shape[0]!)),
  ConvTranspose: ({ inputs: [x, w] }) => 2 * x!.size * (w!.size / Math.max(1, w!.shape[0]!)),
};

/** What is computed again, as a share of what a step computes otherwise. 1/3 where the whole forward pass is. */
export function recomputedShare(outputs: readonly Tensor[]): number {
  let [again, once] = [0, 0];
  const seen = new Set<Application>();
  for (const tensor of ancestors(outputs)) {
    const { origin } = tensor;
    if (origin.kind !== "call" || seen.has(origin.call)) continue;
    seen.add(origin.call);
    const operations = OPERATIONS[origin.call.operator.name]?.(origin.call) ?? 0;
    if (isRecomputed(tensor)) again += operations;
    else once += operations;
  }
  return once === 0 ? 0 : again / once;
}
