/**
 * Numbers as ONNX's `raw_data` keeps them, little-endian, and as this package keeps them. Half precision is widened to float32,
 * which holds it exactly. 64-bit whole numbers become doubles, which hold them exactly up to 2⁵³; the type's own largest
 * value, which exporters write for "to the end", is met by 2⁶³ (2⁶⁴), and written back as it was.
 */
import type { DType, Numbers } from "../graph.ts";

/** Bytes that one element takes in `raw_data`. */
export const BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  bfloat16: 2,
};

type Reading = (view: DataView, at: number) => number;
type Writing = (view: DataView, at: number, value: number) => void;

const READERS: Readonly<Record<DType, { into: new (length: number) => Numbers; read: Reading }>> = {
  float32: { into: Float32Array, read: (view, at) => view.getFloat32(at, true) },
  uint8: { into: Uint8Array, read: (view, at) => view.getUint8(at) },
  int8: { into: Int8Array, read: (view, at) => view.getInt8(at) },
  uint16: { into: Uint16Array, read: (view, at) => view.getUint16(at, true) },
  int16: { into: Int16Array, read: (view, at) => view.getInt16(at, true) },
  int32: { into: Int32Array, read: (view, at) => view.getInt32(at, true) },
  int64: { into: Float64Array, read: (view, at) => exactly(view.getBigInt64(at, true), 2n ** 63n - 1n) },
  bool: { into: Uint8Array, read: (view, at) => Number(view.getUint8(at) !== 0) },
  float16: { into: Float32Array, read: (view, at) => fromHalf(view.getUint16(at, true)) },
  float64: { into: Float64Array, read: (view, at) => view.getFloat64(at, true) },
  uint32: { into: Uint32Array, read: (view, at) => view.getUint32(at, true) },
  uint64: { into: Float64Array, read: (view, at) => exactly(view.getBigUint64(at, true), 2n ** 64n - 1n) },
  bfloat16: { into: Float32Array, read: (view, at) => fromBrain(view.getUint16(at, true)) },
};

const WRITERS: Readonly<Record<DType, Writing>> = {
  float32: (view, at, value) => view.setFloat32(at, value, true),
  uint8: (view, at, value) => view.setUint8(at, value),
  int8: (view, at, value) => view.setInt8(at, value),
  uint16: (view, at, value) => view.setUint16(at, value, true),
  int16: (view, at, value) => view.setInt16(at, value, true),
  int32: (view, at, value) => view.setInt32(at, value, true),
  int64: (view, at, value) => view.setBigInt64(at, within(value, -(2n ** 63n), 2n ** 63n - 1n), true),
  bool: (view, at, value) => view.setUint8(at, Number(value !== 0)),
  float16: (view, at, value) => view.setUint16(at, toHalf(value), true),
  float64: (view, at, value) => view.setFloat64(at, value, true),
  uint32: (view, at, value) => view.setUint32(at, value, true),
  uint64: (view, at, value) => view.setBigUint64(at, within(value, 0n, 2n ** 64n - 1n), true),
  bfloat16: (view, at, value) => view.setUint16(at, toBrain(value), true),
};

/** The array whose memory is `raw_data` as it stands, on a little-endian machine. */
const SAME = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
} as const;
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const arrayLike = (dtype: DType) =>
  LITTLE_ENDIAN && dtype in SAME ? SAME[dtype as keyof typeof SAME] : undefined;

/** Numbers from raw bytes; the bytes are copied, since a view may not begin where it must. */
export function fromRaw(dtype: DType, bytes: Uint8Array): Numbers {
  const same = arrayLike(dtype);
  if (same) return new same(new Uint8Array(bytes).buffer);
  const { into, read } = READERS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = BYTES[dtype];
  const numbers = new into(bytes.byteLength / size);
  for (let i = 0; i < numbers.length; i++) numbers[i] = read(view, i * size);
  return numbers;
}

export function rawBytes(dtype: DType, values: ArrayLike<number>): Uint8Array {
  const same = arrayLike(dtype);
  if (same && values instanceof same)
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const write = WRITERS[dtype];
  const size = BYTES[dtype];
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (let i = 0; i < values.length; i++) write(view, i * size, values[i]!);
  return new Uint8Array(view.buffer);
}

/** A 64-bit number as a double, where that is exact or the type's largest, whose negative is PyTorch's "to the very front". */
export function exactly(value: bigint, largest: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) || BigInt(number) === value || value === largest || value === -largest)
    return number;
  throw new RangeError(
    `Cannot read the whole number ${value} as it must lie within ±2^53 to be computed with exactly: keep the tensor in floats`,
  );
}

function within(value: number, low: bigint, high: bigint): bigint {
  if (value >= Number(high)) return high;
  if (value <= Number(low)) return low;
  return BigInt(value);
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of float32. */
function fromBrain(bits: number): number {
  scratch.setUint32(0, bits * 2 ** 16);
  return scratch.getFloat32(0);
}

/** Rounded to the nearest, ties to even. */
function toBrain(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return Math.floor((bits + 0x7fff + ((bits >>> 16) & 1)) / 2 ** 16);
}

/** IEEE half precision: 1 sign bit, 5 of the exponent with bias 15, 10 of the fraction. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Rounded to the nearest, ties to even; from 65520 on, infinity. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  // one unit of the last place: 2^(e − 10), and below 2^-14 that of subnormal numbers
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const units = toEven(size / 2 ** (exponent - 10));
  return sign | (units + 1024 * (exponent + 14));
}

function toEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Half precision from its bits, as `int32_data` holds it. */
export const fromBits = (dtype: "float16" | "bfloat16", bits: number): number =>
  dtype === "float16" ? fromHalf(bits & 0xffff) : fromBrain(bits & 0xffff);
