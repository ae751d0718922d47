/**
 * NPZ: a zip file of NPY files, by which arrays with names travel to and from Python (`numpy.savez`, `numpy.load`). The zip is
 * fflate's business; here its sizes are checked before anything is unpacked, so that a small file cannot fill memory.
 */
import { readFile } from "node:fs/promises";
import { strFromU8, unzipSync, zipSync } from "fflate";
import { type NpyArray, parseNpy, serializeNpy } from "./npy.ts";

/** Most bytes that a file may unpack to: what one ArrayBuffer of Node 20 can hold, and more than any batch needs. */
const MOST_BYTES = 2 ** 32;
const EXTENSION = ".npy";

/** Read an NPZ file, compressed or not: its arrays by name. Raises RangeError for one that is damaged. */
export async function readNpz(path: string): Promise<Map<string, NpyArray>> {
  return parseNpz(await readFile(path), path);
}

/** Parse NPZ bytes; `name` is used in errors. */
export function parseNpz(bytes: Uint8Array, name: string): Map<string, NpyArray> {
  let total = 0;
  const filter = ({ originalSize }: { originalSize: number }) => {
    total += originalSize;
    if (total <= MOST_BYTES) return true;
    throw new RangeError(`its arrays must have at most ${MOST_BYTES} bytes in all: they claim ${total}`);
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter });
  } catch (cause) {
    const hint =
      strFromU8(bytes.subarray(1, 6)) === "NUMPY" ? "; it is a single array: save it with numpy.savez" : "";
    throw new RangeError(
      `Cannot read ${name} as NPZ as it must be a zip file: ${(cause as Error).message}${hint}`,
      {
        cause,
      },
    );
  }
  const arrays = new Map<string, NpyArray>();
  for (const [file, content] of Object.entries(files)) {
    const array = file.endsWith(EXTENSION) ? file.slice(0, -EXTENSION.length) : file;
    arrays.set(array, parseNpy(content, `${array} of ${name}`));
  }
  return arrays;
}

/** The bytes of an NPZ file, not compressed, as `numpy.savez` writes it. The same arrays give the same bytes. */
export function serializeNpz(arrays: ReadonlyMap<string, NpyArray>): Uint8Array {
  const files = [...arrays].map(([name, array]) => [`${name}${EXTENSION}`, serializeNpy(array)] as const);
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date(1980, 0, 1) });
}
