/**
 * Safetensors: named arrays in one file, the checkpoint format that the field reads everywhere.
 *
 *   8 bytes   header length n, little-endian
 *   n bytes   JSON, padded with spaces to a multiple of 8:
 *             {"__metadata__":{"step":"400"},"0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, …}
 *   the rest  the arrays, row-major, little-endian; offsets count from here and cover it without gap or overlap
 *
 * No code and no pickles, so a file can be read without trusting it, provided that every number in the header is
 * checked; that is most of this file. Typed arrays are written as they lie in memory, which is little-endian on all platforms with WebAssembly.
 *
 * Source  github.com/huggingface/safetensors, README, sections "Format" and "Notes".
 * Differs Half-precision types, for which JavaScript on Node 20 has no arrays, are widened: F16 and BF16 are read as F32, which
 *         holds each of their values exactly. F8 and smaller types are refused.
 */

/** Each dtype that has a typed array, largest elements first. */
const DTYPES = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

export type Dtype = keyof typeof DTYPES;

export type TensorData =
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Types of 16 bits that are read as float32. */
const WIDENED = {
  // BF16 is the upper half of a float32
  BF16: (bits: Uint16Array) => new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer),
  F16: (bits: Uint16Array) => Float32Array.from(bits, widenHalf),
} as const;

/** (−1)^s · 2^(e − 15) · (1 + f/1024) from 1 bit s, 5 bits e, 10 bits f; e = 0: 2⁻¹⁴ f/1024; e = 31: ∞ or NaN. IEEE 754 binary16. */
function widenHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

type ReadDtype = Dtype | keyof typeof WIDENED;
const isWidened = (dtype: string): dtype is keyof typeof WIDENED => Object.hasOwn(WIDENED, dtype);
const bytesOf = (dtype: ReadDtype): number => (isWidened(dtype) ? 2 : DTYPES[dtype].BYTES_PER_ELEMENT);
const valuesOf = (dtype: ReadDtype, bytes: ArrayBuffer): TensorData =>
  isWidened(dtype) ? WIDENED[dtype](new Uint16Array(bytes)) : new DTYPES[dtype](bytes);

/** One array; its dtype is that of its data. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";
/** The format's own limit on the header, against files that would exhaust memory. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The bytes of a safetensors file. Tensors are laid out by falling element size, then by name, so that each is aligned and
 * the bytes do not depend on the order of insertion.
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = [...tensors].map(([name, { shape, data }]) => {
    if (name === METADATA) {
      throw new RangeError(
        `Cannot write safetensors as the name ${METADATA} is taken by the format: rename the tensor`,
      );
    }
    const elements = shape.reduce((product, extent) => product * extent, 1);
    if (elements !== data.length) {
      throw new RangeError(
        `Cannot write tensor ${name} as shape [${shape}] needs ${elements} elements: its data has ${data.length}`,
      );
    }
    return { name, shape, data, dtype: dtypeOf(data) };
  });
  entries.sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (a.name < b.name ? -1 : 1));

  let end = 0;
  const header: [string, unknown][] = entries.map(({ name, dtype, shape, data }) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  if (Object.keys(metadata).length > 0) header.unshift([METADATA, metadata]);
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;

  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, 8 + headerBytes);
  let at = 8 + headerBytes;
  for (const { data } of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function dtypeOf(data: TensorData): Dtype {
  const found = Object.entries(DTYPES).find(([, array]) => data instanceof array);
  if (!found)
    throw new TypeError("Cannot write tensor as its data must be a typed array with a safetensors dtype");
  return found[0] as Dtype;
}

/**
 * Parse safetensors bytes, checking every length, offset and shape; the arrays are copies. `file` is used in errors.
 *
 * @throws RangeError naming the file and, where there is one, the tensor
 */
export function parseSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const header = parseHeader(bytes, file);
  const data = bytes.subarray(header.end);
  const metadata = parseMetadata(header.json[METADATA], file);

  const entries = Object.entries(header.json)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => parseEntry(name, value, file));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      const relation = begin < covered ? "overlaps the tensor before it" : "leaves a gap before it";
      throw refusal(
        file,
        `tensor ${name} must begin at byte ${covered} of the data`,
        `it begins at ${begin} and ${relation}`,
      );
    }
    covered = end;
  }
  if (covered !== data.length) {
    const relation = covered > data.length ? "; the file is cut short" : "";
    throw refusal(
      file,
      `its tensors need ${covered} bytes of data`,
      `the file has ${data.length}${relation}`,
    );
  }
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const copy = new Uint8Array(data.subarray(begin, end)).buffer; // of its own, hence aligned for any dtype
    return [name, { shape, data: valuesOf(dtype, copy) }] as const;
  });
  return { tensors: new Map(tensors), metadata };
}

function parseHeader(bytes: Uint8Array, file: string): { json: Record<string, unknown>; end: number } {
  if (bytes.length < 8)
    throw refusal(file, "it begins with 8 bytes of header length", `the file has ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw refusal(
      file,
      `its header may have at most ${MAX_HEADER_BYTES} bytes`,
      `the first 8 bytes say ${length}`,
    );
  }
  const end = 8 + Number(length);
  if (end > bytes.length) {
    throw refusal(
      file,
      `its header needs ${length} bytes`,
      `the file has ${bytes.length - 8} after the length; it is cut short`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, end)));
  } catch (cause) {
    throw refusal(file, "its header must be JSON in UTF-8", String(cause), cause);
  }
  if (!isObject(json)) throw refusal(file, "its header must be a JSON object", `found ${kind(json)}`);
  return { json, end };
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value))
    throw refusal(file, `${METADATA} must be an object of strings`, `found ${kind(value)}`);
  const entries = Object.entries(value).map(([key, text]) => {
    if (typeof text === "string") return [key, text] as const;
    throw refusal(
      file,
      `${METADATA} must be an object of strings`,
      `${JSON.stringify(key)} is ${kind(text)}`,
    );
  });
  return Object.fromEntries(entries);
}

interface Entry {
  readonly name: string;
  readonly dtype: ReadDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseEntry(name: string, value: unknown, file: string): Entry {
  const refuse = (requirement: string, found: string) =>
    refusal(file, `tensor ${name} ${requirement}`, found);
  if (!isObject(value)) throw refuse("must be described by an object", `found ${kind(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!(typeof dtype === "string" && isDtype(dtype))) {
    throw refuse(
      `must have a dtype of ${[...Object.keys(DTYPES), ...Object.keys(WIDENED)].join(", ")}`,
      `found ${JSON.stringify(dtype)}`,
    );
  }
  if (!isWholeNumbers(shape))
    throw refuse("must have a shape of whole numbers", `found ${JSON.stringify(shape)}`);
  if (!(isWholeNumbers(offsets) && offsets.length === 2 && offsets[0]! <= offsets[1]!)) {
    throw refuse("must have data_offsets [begin, end]", `found ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = shape.reduce((product, extent) => product * extent, bytesOf(dtype));
  if (end - begin !== needed) {
    throw refuse(`of ${dtype} [${shape}] needs ${needed} bytes`, `data_offsets give it ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

const isDtype = (name: string): name is ReadDtype => Object.hasOwn(DTYPES, name) || isWidened(name);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

const kind = (value: unknown) =>
  value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;

function refusal(file: string, requirement: string, found: string, cause?: unknown): RangeError {
  const options = cause === undefined ? undefined : { cause };
  return new RangeError(`Cannot read ${file} as safetensors as ${requirement}: ${found}`, options);
}
