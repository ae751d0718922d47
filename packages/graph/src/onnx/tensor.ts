/**
 * Tensors that stand in a file: initializers, and values of Constant nodes. Type, shape and the amount of data are checked when
 * the file is read; the numbers themselves are read when they are first asked for, and nothing is allocated that the file
 * does not hold.
 */
import { type TensorProto, TensorProto_DataLocation } from "../generated/onnx_pb.js";
import { DTYPE_CODES, type DType, type Numbers } from "../graph.ts";
import { type Shape, show } from "../shapes.ts";
import { OnnxError, quote } from "./error.ts";
import { externalBytes, type ReadExternal } from "./external.ts";
import type { KnownValue } from "./node.ts";
import { BYTES, exactly, fromBits, fromRaw } from "./numbers.ts";

const DTYPES = new Map<number, DType>(
  (Object.entries(DTYPE_CODES) as [DType, number][]).map(([dtype, code]) => [code, dtype]),
);

/** The dtype with ONNX's code, if it is one that graphs have. */
export const dtypeOfCode = (code: number): DType | undefined => DTYPES.get(code);

/** No tensor has more elements: 2⁴⁰ floats are 4 TiB. Sizes beyond are slips or attacks, and their products would not be exact. */
export const LARGEST_SIZE = 2 ** 40;
export const MOST_AXES = 64;

/** A tensor of the file whose numbers are read on demand, once. */
export class StoredTensor implements KnownValue {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly size: number;
  readonly #read: () => Numbers;
  #data: Numbers | undefined;

  constructor(dtype: DType, shape: Shape, size: number, read: () => Numbers) {
    this.dtype = dtype;
    this.shape = shape;
    this.size = size;
    this.#read = read;
  }

  get data(): Numbers {
    this.#data ??= this.#read();
    return this.#data;
  }
}

/** `what` names the tensor in messages: `initializer "fc.weight"`. */
export function readTensor(proto: TensorProto, what: string, external: ReadExternal): StoredTensor {
  const refuse = (requirement: string, found: string) =>
    new OnnxError(`Cannot read ${what} as ${requirement}: ${found}`);
  const dtype = DTYPES.get(proto.dataType);
  if (!dtype) {
    throw refuse(
      `its element type must be one of ${[...DTYPES.values()].join(", ")}`,
      `found code ${proto.dataType}`,
    );
  }
  const shape = proto.dims.map(Number);
  const size = shape.reduce((n, d) => n * d, 1);
  if (shape.length > MOST_AXES) throw refuse(`it may have ${MOST_AXES} axes`, `found ${shape.length}`);
  if (!shape.every((d) => d >= 0) || !(size <= LARGEST_SIZE))
    throw refuse("sizes must be 0 or more, and their product at most 2^40", `found ${show(shape)}`);
  if (proto.segment) throw refuse("a tensor must be whole", "it is a segment of one");

  const read = (): (() => Numbers) => {
    const needed = `shape ${show(shape)} of ${dtype} needs`;
    const bytes = size * BYTES[dtype];
    if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
      const stored = externalBytes(proto, what, bytes, external);
      return () => fromRaw(dtype, stored());
    }
    if (proto.rawData.length > 0) {
      if (proto.rawData.length === bytes) return () => fromRaw(dtype, proto.rawData);
      throw refuse(`${needed} ${bytes} bytes`, `found ${proto.rawData.length}`);
    }
    const { list, numbers } = FIELDS[dtype](proto);
    if (list.length === size) return numbers;
    throw refuse(`${needed} ${size} values`, `found ${list.length}`);
  };
  return new StoredTensor(dtype, shape, size, naming(what, read()));
}

/** Numbers that cannot be read are told with the tensor's name. */
const naming = (what: string, read: () => Numbers) => (): Numbers => {
  try {
    return read();
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError(`Cannot read ${what}: ${(error as Error).message}`, { cause: error });
  }
};

type Field = (proto: TensorProto) => { list: readonly unknown[]; numbers: () => Numbers };

const int32Field =
  (make: new (values: readonly number[]) => Numbers): Field =>
  ({ int32Data }) => ({ list: int32Data, numbers: () => new make(int32Data) });
const bitsField =
  (dtype: "float16" | "bfloat16"): Field =>
  ({ int32Data }) => ({
    list: int32Data,
    numbers: () => Float32Array.from(int32Data, (bits) => fromBits(dtype, bits)),
  });

/** The field that holds the values of each type where there is no raw data. */
const FIELDS: Readonly<Record<DType, Field>> = {
  float32: ({ floatData }) => ({ list: floatData, numbers: () => Float32Array.from(floatData) }),
  float64: ({ doubleData }) => ({ list: doubleData, numbers: () => Float64Array.from(doubleData) }),
  int64: ({ int64Data }) => ({
    list: int64Data,
    numbers: () => Float64Array.from(int64Data, (value) => exactly(value, 2n ** 63n - 1n)),
  }),
  uint64: ({ uint64Data }) => ({
    list: uint64Data,
    numbers: () => Float64Array.from(uint64Data, (value) => exactly(value, 2n ** 64n - 1n)),
  }),
  uint32: ({ uint64Data }) => ({ list: uint64Data, numbers: () => Uint32Array.from(uint64Data, Number) }),
  int32: int32Field(Int32Array),
  int16: int32Field(Int16Array),
  int8: int32Field(Int8Array),
  uint16: int32Field(Uint16Array),
  uint8: int32Field(Uint8Array),
  bool: ({ int32Data }) => ({
    list: int32Data,
    numbers: () => Uint8Array.from(int32Data, (v) => Number(v !== 0)),
  }),
  float16: bitsField("float16"),
  bfloat16: bitsField("bfloat16"),
};

export const initializerName = (name: string): string => `initializer ${quote(name)}`;
