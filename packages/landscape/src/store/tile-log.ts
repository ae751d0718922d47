/**
 * A file to which evaluated tiles are appended, so that a kill at any moment costs the tiles at hand and nothing else. Binary records,
 * little-endian; half a record at the end, or one whose check sum is wrong, ends the log there and is cut off.
 *
 *   8 bytes   THWLTIL1
 *   32 bytes  the identity of the survey: sha256 of what its numbers depend on
 *   records   tile u32 · numbers u32 · crc32 of the numbers u32 · zero u32 · numbers × f64
 */
import { appendFileSync, readFileSync, truncateSync } from "node:fs";
import { crc32 } from "node:zlib";
import { replaceFile } from "@thalweg/train";
import type { TileLog } from "../evaluate/survey.ts";

const MAGIC = "THWLTIL1";
const HEAD = 8 + 32;
const RECORD_HEAD = 16;

/**
 * Open the log of a survey, or begin it. Raises RangeError where the file is the log of another survey, Node's errors where it cannot be
 * read or written.
 *
 * @param identity  sha256 in hexadecimal digits
 */
export function openTileLog(path: string, identity: string): TileLog {
  const head = Buffer.concat([Buffer.from(MAGIC, "latin1"), Buffer.from(identity, "hex")]);
  const before = readIfThere(path);
  if (before === undefined || before.length < HEAD) replaceFile(path, head);
  else if (!before.subarray(0, HEAD).equals(head)) {
    const found =
      before.toString("latin1", 0, 8) === MAGIC
        ? `it is that of ${before.toString("hex", 8, 20)}…`
        : "it is no log of tiles";
    throw new RangeError(
      `Cannot go on with ${path} as it must be the log of this survey, ${identity.slice(0, 24)}…: ${found}; ask for what was asked before, or choose another folder`,
    );
  }
  return {
    read: () => readRecords(path),
    append: (tile, sums) => appendFileSync(path, recordOf(tile, sums)),
  };
}

function recordOf(tile: number, sums: Float64Array): Uint8Array {
  const bytes = Buffer.alloc(RECORD_HEAD + sums.byteLength);
  sums.forEach((sum, i) => {
    bytes.writeDoubleLE(sum, RECORD_HEAD + 8 * i);
  });
  bytes.writeUInt32LE(tile, 0);
  bytes.writeUInt32LE(sums.length, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(RECORD_HEAD)), 8);
  return bytes;
}

/** Whole records from the beginning; what follows the last of them is cut off the file. */
function readRecords(path: string): [number, Float64Array][] {
  const bytes = readFileSync(path);
  const records: [number, Float64Array][] = [];
  let at = HEAD;
  while (at + RECORD_HEAD <= bytes.length) {
    const numbers = bytes.readUInt32LE(at + 4);
    const end = at + RECORD_HEAD + 8 * numbers;
    if (end > bytes.length) break;
    const content = bytes.subarray(at + RECORD_HEAD, end);
    if (crc32(content) !== bytes.readUInt32LE(at + 8)) break;
    records.push([
      bytes.readUInt32LE(at),
      Float64Array.from({ length: numbers }, (_, i) => content.readDoubleLE(8 * i)),
    ]);
    at = end;
  }
  if (at < bytes.length) truncateSync(path, at);
  return records;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
