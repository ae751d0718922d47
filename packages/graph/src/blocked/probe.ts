/**
 * Which block size this machine's convolution kernels have, found by trying: ONNX Runtime does not tell. A small lowered
 * graph (a convolution, its input and its weight gradient) must give the reference's numbers, so a runtime whose blocked
 * operator is missing, or one day means something else, is not used in blocks.
 */
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { conv, mul, reduceSum, relu } from "../ops/index.ts";
import { serialize } from "../serialize.ts";
import { lowerToBlocks } from "./lower.ts";

/** Runs a model on float32 inputs, given row-major with their shapes; throws when it cannot. */
export type RunModel = (
  model: Uint8Array,
  feeds: Readonly<Record<string, { data: Float32Array; shape: readonly number[] }>>,
) => Promise<Readonly<Record<string, ArrayLike<number>>>>;

/** The block size, or why there is none. */
export type BlockSize = { readonly block: number } | { readonly reason: string };

/**
 * Sizes of MlasNchwcGetBlockSize: 16 for AVX-512, NEON and POWER, 8 for AVX2 and SSE. The larger one first: its channels
 * are whole blocks of the smaller one too, so a wrong guess gives wrong numbers and never reads beyond a tensor.
 */
const CANDIDATES = [16, 8];

export async function findBlockSize(run: RunModel): Promise<BlockSize> {
  const reasons: string[] = [];
  for (const block of CANDIDATES) {
    const failure = await attempt(block, run);
    if (failure === null) return { block };
    reasons.push(`blocks of ${block}: ${failure}`);
  }
  return { reason: reasons.join("; ") };
}

async function attempt(b: number, run: RunModel): Promise<string | null> {
  const graph = new Graph();
  const inputs = [
    graph.input("x", [b, b, 2, 3]),
    graph.input("w", [b, b, 3, 3]),
    graph.input("bias", [b]),
  ] as const;
  const [x, w, bias] = inputs;
  const y = relu(conv(x, w, bias, { padding: 1 }));
  const [dx, dw, dbias] = gradients(reduceSum(mul(y, y)), inputs) as [typeof y, typeof y, typeof y];
  const outputs = { y, dx, dw, dbias };
  // whole numbers of a short period that is no multiple of b: every sum is exact in float32, and no two places agree
  const feeds = Object.fromEntries(
    inputs.map(({ name, size, shape }, k) => [
      name,
      { data: Float32Array.from({ length: size }, (_, i) => ((i * (k + 3)) % 7) - 3), shape },
    ]),
  );
  try {
    const found = await run(serialize({ outputs: lowerToBlocks(outputs, b).outputs }), feeds);
    const wanted = evaluate(
      Object.values(outputs),
      Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, data])),
    );
    const wrong = Object.keys(outputs).find(
      (name, k) =>
        found[name]?.length !== wanted[k]!.length || wanted[k]!.some((v, i) => v !== found[name]![i]),
    );
    return wrong ? `${wrong} differs from the reference` : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
