/**
 * An ONNX file with the files beside it: where it lies, what it holds, and a hash by which a later run knows it again. External
 * data is read from the model's own folder and from nowhere else, whatever links lie there.
 */
import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { OnnxError, type OnnxModel, type ReadExternal, type RunNode, readOnnx } from "@thalweg/graph";
import { giveSession, takeSession } from "../session-pool.ts";

export interface ModelFile {
  /** Absolute. */
  readonly path: string;
  /** Of the file itself, without external data. */
  readonly sha256: string;
  readonly model: OnnxModel;
}

/** Read an ONNX file. Raises OnnxError for one that is broken, and Node's own error where it cannot be read. */
export function readModelFile(path: string): ModelFile {
  const bytes = readFileSync(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { path: resolve(path), sha256, model: readOnnx(bytes, { external: besides(path) }) };
}

/** Reads files of the model's folder, each once. Raises OnnxError for one that a link leads out of it. */
function besides(path: string): ReadExternal {
  const folder = realpathSync(dirname(path));
  const known = new Map<string, Uint8Array>();
  return (location) => {
    const before = known.get(location);
    if (before !== undefined) return before;
    const file = realOf(join(folder, location), path, location);
    const inside = relative(folder, file);
    if (inside === ".." || inside.startsWith(`..${sep}`) || resolve(inside) === inside) {
      throw new OnnxError(
        `Cannot read ${path} as its external data must lie in its folder: ${location} leads to ${file}`,
      );
    }
    const bytes = readFileSync(file);
    known.set(location, bytes);
    return bytes;
  };
}

function realOf(file: string, path: string, location: string): string {
  try {
    return realpathSync(file);
  } catch (cause) {
    throw new OnnxError(
      `Cannot read ${path} as its external data must lie beside it: ${location} is not there; move the files together`,
      { cause },
    );
  }
}

/** Runs a node alone, so that an operator without a reader can tell the sizes that it gives; see `OnnxModel.learnSizes`. */
export const runNode: RunNode = async (bytes) => {
  const session = await takeSession(bytes, 1);
  try {
    return await session.run({});
  } finally {
    await giveSession(session);
  }
};
