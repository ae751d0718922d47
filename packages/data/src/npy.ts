/**
 * NPY, NumPy's file of one array: a header that is a Python dictionary, then the elements.
 *
 *   \x93NUMPY  1 0  76 00  {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   ⏎  elements…
 *   magic      version     little-endian header length, 2 bytes (4 from version 2)
 *
 * Any byte order and either element order is read; what is written is little-endian and row-major, as typed arrays lie in
 * memory. Half precision is read into float32, which holds every value of it. Objects are refused: they are Python pickles,
 * which run code.
 *
 * Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
 */

export type NpyData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major; its type tells the array's. Booleans are 0 and 1. */
  readonly data: NpyData;
  /** Set where the elements are booleans. */
  readonly isBoolean?: true;
}

/** NumPy's type codes, without byte order, and the arrays that hold them. */
const TYPES = {
  f8: Float64Array,
  f4: Float32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
} as const;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** Elements begin at a multiple of this, as NumPy has it, so that files can be mapped into memory. */
const ALIGNMENT = 64;

/** Parse NPY bytes; `name` is used in errors. The elements are a copy. Raises RangeError. */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const { descr, fortran, shape, end } = parseHeader(bytes, name);
  const [, order, code] = /^([<>|=]?)([a-zA-Z]\d+)$/.exec(descr) ?? [];
  const stored = code === "f2" ? "u2" : code === "b1" ? "u1" : code;
  if (stored === undefined || !Object.hasOwn(TYPES, stored)) {
    throw refusal(
      name,
      `its elements must be numbers or booleans (f2, b1, ${Object.keys(TYPES).join(", ")})`,
      `found ${descr}; convert them with astype, and save again`,
    );
  }
  const Elements = TYPES[stored as keyof typeof TYPES];
  const count = shape.reduce((product, extent) => product * extent, 1);
  const needed = count * Elements.BYTES_PER_ELEMENT;
  if (bytes.length - end !== needed) {
    throw refusal(
      name,
      `shape [${shape}] of ${descr} needs ${needed} bytes after the header`,
      `there are ${bytes.length - end}`,
    );
  }
  const copy = new Uint8Array(bytes.subarray(end)); // of its own, hence aligned for any type; a Buffer's slice() copies nothing
  if (order === ">") swapBytes(copy, Elements.BYTES_PER_ELEMENT);
  const raw = new Elements(copy.buffer, 0, count);
  const rows = fortran ? toRowMajor(raw, shape) : raw;
  const data = code === "f2" ? Float32Array.from(rows as Uint16Array, fromHalf) : rows;
  return { shape, data, ...(code === "b1" ? { isBoolean: true as const } : {}) };
}

/** The bytes of an NPY file of version 1. Raises RangeError when shape and data do not fit. */
export function serializeNpy({ shape, data, isBoolean }: NpyArray): Uint8Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count !== data.length) {
    throw new RangeError(
      `Cannot write NPY as shape [${shape}] needs ${count} elements: the data has ${data.length}`,
    );
  }
  const [code] = Object.entries(TYPES).find(([, Elements]) => data instanceof Elements)!;
  const descr = isBoolean ? "|b1" : `${data.BYTES_PER_ELEMENT === 1 ? "|" : "<"}${code}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const begin = Math.ceil((MAGIC.length + 4 + header.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(begin + data.byteLength);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(MAGIC.length + 2, begin - MAGIC.length - 4, true);
  bytes.fill(0x20, MAGIC.length + 4, begin - 1);
  bytes.set(new TextEncoder().encode(header), MAGIC.length + 4);
  bytes[begin - 1] = 0x0a;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin);
  return bytes;
}

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly end: number;
}

function parseHeader(bytes: Uint8Array, name: string): Header {
  if (!MAGIC.every((byte, i) => bytes[i] === byte) || bytes.length < 12) {
    throw refusal(name, "it begins with \\x93NUMPY, a version and a length", "found something else");
  }
  const major = bytes[6]!;
  if (!(major >= 1 && major <= 3)) throw refusal(name, "its version must be 1, 2 or 3", `found ${major}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = start + length;
  if (end > bytes.length) {
    throw refusal(
      name,
      `its header needs ${length} bytes`,
      `the file has ${bytes.length - start}; it is cut short`,
    );
  }
  const text = new TextDecoder().decode(bytes.subarray(start, end));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || tuple === undefined) {
    throw refusal(
      name,
      "its header must give descr, fortran_order and shape",
      `found ${JSON.stringify(text.trim())}`,
    );
  }
  const shape = tuple
    .split(",")
    .map((extent) => extent.trim())
    .filter((extent) => extent !== "");
  return { descr, fortran: order === "True", shape: shape.map((extent) => Number.parseInt(extent, 10)), end };
}

/** Columns first → rows first: element (i, j, …) lies at i + j·d₀ + … before, and at its row-major place after. */
function toRowMajor<T extends NpyData>(data: T, shape: readonly number[]): T {
  const rows = data.slice() as T;
  const place = shape.map(() => 0);
  for (let to = 0; to < rows.length; to++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis]! + place[axis]!;
    rows[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]!++;
      if (place[axis]! < shape[axis]!) break;
      place[axis] = 0;
    }
  }
  return rows;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/** IEEE 754 binary16: sign, five bits of exponent with bias 15, ten of mantissa. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15));
}

const refusal = (name: string, requirement: string, found: string) =>
  new RangeError(`Cannot read ${name} as NPY as ${requirement}: ${found}`);
