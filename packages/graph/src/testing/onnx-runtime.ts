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
  uint8: (values: readonly number[]) => Uint8Array.from(values),
  int8: (values: readonly number[]) => Int8Array.from(values),
  uint16: (values: readonly number[]) => Uint16Array.from(values),
  int16: (values: readonly number[]) => Int16Array.from(values),
  uint32: (values: readonly number[]) => Uint32Array.from(values),
  uint64: (values: readonly number[]) => BigUint64Array.from(values.map(BigInt)),
} satisfies Partial<Record<DType, (values: readonly number[]) => OrtTensor["data"]>>;
const isFed = (dtype: DType): dtype is keyof typeof ARRAYS => dtype in ARRAYS;

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
    if (!isFed(input.dtype)) throw new TypeError(`Cannot feed ${input} as its dtype has no array here`);
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
