/**
 * IDX, the format of MNIST and its family: a big-endian header, then the array in row-major order.
 *
 *   00 00 08 03   00 00 ea 60   00 00 00 1c   00 00 00 1c   pixels…
 *   zero  │  │    60 000        28            28
 *         │  number of dimensions
 *         type: 08 = unsigned byte, the only one that images and labels use
 *
 * Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section "File formats".
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

export interface IdxArray {
  readonly shape: readonly number[];
  /** A view of the elements, without the header; shares memory with the parsed bytes. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const MAX_DIMENSIONS = 8;

/** Read an IDX file, plain or gzipped (recognised by its content, not its name). */
export async function readIdx(path: string): Promise<IdxArray> {
  return parseIdx(gunzipIfNeeded(await readFile(path), path), path);
}

/** The decompressed bytes if they begin as gzip does, otherwise the bytes themselves. */
export function gunzipIfNeeded(bytes: Uint8Array, name: string): Uint8Array {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new RangeError(
      `Cannot read ${name} as it begins as gzip but does not decompress: the file is damaged or cut short; fetch it again`,
      { cause: error },
    );
  }
}

/** Parse IDX bytes; `name` is used in errors. */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const refuse = (requirement: string, found: string) =>
    new RangeError(`Cannot read ${name} as IDX as ${requirement}: ${found}`);
  if (bytes.length < 4) throw refuse("its header has at least 4 bytes", `the file has ${bytes.length}`);
  const [zero0, zero1, type, dimensions] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    const start = Buffer.from(bytes.subarray(0, 4)).toString("hex");
    throw refuse("an IDX file begins with two zero bytes", `found ${start}; is it another format?`);
  }
  if (type !== UNSIGNED_BYTE) {
    throw refuse(
      "only type 08 (unsigned byte) is supported",
      `found type ${type.toString(16).padStart(2, "0")}`,
    );
  }
  if (!(dimensions >= 1 && dimensions <= MAX_DIMENSIONS)) {
    throw refuse(`it must have 1 to ${MAX_DIMENSIONS} dimensions`, `the header says ${dimensions}`);
  }
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) {
    throw refuse(`a header of ${dimensions} dimensions has ${start} bytes`, `the file has ${bytes.length}`);
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: dimensions }, (_, i) => header.getUint32(4 + 4 * i));
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (bytes.length !== start + size) {
    const relation = bytes.length < start + size ? "cut short" : "too long";
    throw refuse(
      `shape ${shape.join("×")} needs ${size} bytes after the header`,
      `the file has ${bytes.length - start}: it is ${relation}; fetch it again`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}
