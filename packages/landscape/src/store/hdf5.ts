/**
 * A landscape as HDF5 by the names of tomgoldstein/loss-landscape, so that its scripts draw what is found here, and what they found is
 * read: xcoordinates, ycoordinates, train_loss and train_acc (in per cent), or test_loss and test_acc.
 *
 * Its arrays are [x, y] and its plots take them for [y, x]; on square grids nobody tells. They are written [y, x], as they are drawn; arrays that
 * are [x, y] by their shape are turned when they are read. Heights of −1 are its mark for what is not evaluated, and become NaN.
 * The library is compiled from The HDF Group's own by emscripten; it is loaded only when it is needed.
 */
import type { Dataset } from "h5wasm";
import { checkHeightField, fieldOf, type HeightField } from "./height-field.ts";

export interface Hdf5Options {
  /** Which examples the heights are of; "train" by default. */
  readonly set?: "train" | "test";
  /** What it is of, as an attribute of the file. */
  readonly provenance?: string;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]; // \x89HDF\r\n\x1a\n

/** Names in the emscripten file system, which nobody else sees. */
let files = 0;

async function library() {
  const { default: h5wasm } = await import("h5wasm");
  const { FS } = await h5wasm.ready;
  return { h5wasm, FS };
}

/** The bytes of the file. */
export async function writeHdf5(
  landscape: HeightField,
  { set = "train", provenance }: Hdf5Options = {},
): Promise<Uint8Array> {
  const { h5wasm, FS } = await library();
  const { x, y, fields } = landscape;
  const shape = y.length === 0 ? [x.length] : [y.length, x.length];
  const path = `landscape-${files++}.h5`;
  const file = new h5wasm.File(path, "w");
  const add = (name: string, data: Float64Array, dims: number[]) =>
    file.create_dataset({ name, data, shape: dims, dtype: "<d" });
  add("xcoordinates", x, [x.length]);
  if (y.length > 0) add("ycoordinates", y, [y.length]);
  add(`${set}_loss`, fieldOf(landscape, "loss"), shape);
  const accuracy = fields.get("accuracy");
  if (accuracy !== undefined)
    add(
      `${set}_acc`,
      accuracy.map((share) => 100 * share),
      shape,
    );
  if (provenance !== undefined) file.create_attribute("provenance", provenance);
  file.close();
  const bytes = FS.readFile(path) as Uint8Array;
  FS.unlink(path);
  return bytes;
}

/** Parse such a file; `name` is used in errors. Raises RangeError for one that is damaged, or holds no surface. */
export async function parseHdf5(bytes: Uint8Array, name: string): Promise<HeightField> {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw new RangeError(`Cannot read ${name} as HDF5 as it must begin with \\x89HDF: found something else`);
  }
  const { h5wasm, FS } = await library();
  const path = `landscape-${files++}.h5`;
  FS.writeFile(path, bytes);
  const file = new h5wasm.File(path, "r");
  try {
    if (file.file_id < 0n)
      throw new RangeError(`Cannot read ${name} as HDF5 as it must be whole: it is damaged`);
    const keys = file.keys();
    const set = ["train", "test"].find((one) => keys.includes(`${one}_loss`));
    if (set === undefined || !keys.includes("xcoordinates")) {
      throw new RangeError(
        `Cannot read ${name} as a landscape as it must have xcoordinates, and train_loss or test_loss: it has ${keys.join(", ") || "nothing"}`,
      );
    }
    const read = (key: string): { shape: readonly number[]; data: Float64Array } => {
      const dataset = file.get(key) as Dataset;
      return {
        shape: dataset.shape ?? [],
        data: Float64Array.from(dataset.value as ArrayLike<number>, Number),
      };
    };
    const x = read("xcoordinates").data;
    const y = keys.includes("ycoordinates") ? read("ycoordinates").data : new Float64Array(0);
    const heights = (key: string, scale: number): Float64Array => {
      const { shape, data } = read(key);
      const isTurned = shape.length === 2 && shape[0] === x.length && shape[0] !== y.length;
      const place = (at: number) => (isTurned ? (at % x.length) * y.length + Math.floor(at / x.length) : at);
      return data.map((_, at) => (data[place(at)] === -1 ? Number.NaN : data[place(at)]! * scale));
    };
    const fields = new Map([["loss", heights(`${set}_loss`, 1)]]);
    if (keys.includes(`${set}_acc`)) fields.set("accuracy", heights(`${set}_acc`, 1 / 100));
    return checkHeightField({ x, y, fields }, name);
  } finally {
    if (file.file_id >= 0n) file.close();
    FS.unlink(path);
  }
}
