/** Run outputs of a graph through ONNX Runtime, one thread: the fast path that tests hold against the reference. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, Tensor } from "../graph.ts";
import { serialize } from "../serialize.ts";

const ARRAYS = {
  float32: (values: readonly number[]) => Float32Array.from(values),
  float64: (values: readonly number[]) => Float64Array.from(values),
  int32: (values: readonly number[]) => Int32Array.from(values),
  int64: (values: readonly number[]) => BigInt64Array.from(values.map(BigInt)),
  bool: (values: readonly number[]) => Uint8Array.from(values),
} satisfies Record<DType, (values: readonly number[]) => OrtTensor["data"]>;

export async function runOnnx(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  feeds: Readonly<Record<string, ArrayLike<number>>>,
): Promise<number[][]> {
  const named = Object.fromEntries(outputs.map((tensor, k) => [`output:${k}`, tensor]));
  const session = await InferenceSession.create(serialize({ inputs, outputs: named }), {
    intraOpNumThreads: 1,
  });
  const fed = inputs.map((input) => {
    const data = ARRAYS[input.dtype](Array.from(feeds[input.name]!));
    return [input.name, new OrtTensor(input.dtype, data, [...input.shape])] as const;
  });
  const results = await session.run(Object.fromEntries(fed));
  const lists = outputs.map((_, k) =>
    Array.from(results[`output:${k}`]!.data as ArrayLike<number | bigint>, Number),
  );
  await session.release();
  return lists;
}
