/** Files that are whole whenever somebody reads them: replaced, appended to and flushed so that a kill or a full disk leaves no half. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** The bytes of a file, or undefined if there is none. */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/**
 * Make a folder and those above it. Not by Node's `recursive` option, which never returns (20.20) where the system says
 * ENOENT for a folder whose parent exists, as it does in /proc.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error; // another run's worker was faster
  }
}

/**
 * Write beside the place, flush, rename: the file is the old one or the new one, after a power cut too. With one writer one name beside it is
 * enough, and a killed writer leaves at most one. `before` may refuse by throwing, when all is written but not in its place.
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  { beside = `${path}.tmp`, before }: { beside?: string; before?: () => void } = {},
): void {
  try {
    const file = openSync(beside, "w");
    try {
      writeAll(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    before?.();
    renameSync(beside, path);
  } catch (error) {
    attempt(() => rmSync(beside, { force: true }));
    throw error;
  }
}

/** Wait until a file is on the disk. */
export function flush(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Append to a file: all of it, or after an error nothing. */
export function appendWhole(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "a");
  try {
    const before = fstatSync(file).size;
    try {
      writeAll(file, bytes);
    } catch (error) {
      attempt(() => ftruncateSync(file, before));
      throw error;
    }
  } finally {
    closeSync(file);
  }
}

/** Best effort while an error is on its way: a second one must not hide the first. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // the error that is on its way is the one to tell
  }
}

/** The system's code of an error, e.g. "ENOSPC", if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
