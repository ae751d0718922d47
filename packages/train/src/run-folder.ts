/**
 * A run is a folder with one writer, which can be killed at any moment.
 *
 *   config.json             what was asked for, as canonical JSON; its sha256 is the run's id
 *   run.jsonl               what happened, append-only: a header, a line per evaluation, at last {"end":"finished"};
 *                           a line's `scheduled` has the factors of the base values at each step since the line before
 *   checkpoint.safetensors  the state to resume from, replaced as a whole
 *
 * Files that must be whole are written beside their place, flushed, and renamed; the log is only ever appended to, and
 * a last line without its newline does not count. So reading never fails on a run that is being written, and after a kill or a
 * power cut at most the work since the last checkpoint is lost. Two writers in one folder are kept apart where they come with a `Fence`: the
 * one that the run was taken from refuses to write.
 */
import { createHash } from "node:crypto";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, type JsonObject, lineJson, parseLine } from "./json.ts";
import {
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  serializeSafetensors,
} from "./safetensors.ts";
import { appendWhole, attempt, codeOf, flush, makeFolder, readIfThere, replaceFile } from "./whole-files.ts";

/** One entry of run.jsonl. `step` counts finished steps; `end` is the reason of the last line. */
export interface RunLine extends JsonObject {
  readonly step?: number;
  readonly end?: string;
}

/** What a run's folder says at the moment of reading. */
export interface RunRecord {
  readonly folder: string;
  readonly id: string;
  readonly config: JsonObject;
  /** The evaluations, without the header and the end. */
  readonly lines: readonly RunLine[];
  /** The last line, if the run has ended: `end.end` is "finished", "diverged"… */
  readonly end: RunLine | undefined;
  /** True if run.jsonl goes on after the last readable line: half a line, from a writer that is writing or was killed. */
  readonly partial: boolean;
}

/** The code of a RunFolderError where another writer has taken the folder over. */
export const TAKEN_OVER = "ETAKENOVER";

const CONFIG = "config.json";
const LOG = "run.jsonl";
const CHECKPOINT = "checkpoint.safetensors";
const HEADER = { format: "thalweg run", version: 1 };

/** A run's folder could not be written to. What had been written before is still there and readable. */
export class RunFolderError extends Error {
  readonly folder: string;
  /** The system's code, e.g. "ENOSPC". */
  readonly code: string;

  constructor(folder: string, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RunFolderError";
    this.folder = folder;
    this.code = code;
  }
}

/**
 * What keeps a writer out of a folder that another one has taken over: asked before each write, and before a file is put in its place. A
 * scheduler that has lost sight of a machine starts a job again while the first still runs there.
 */
export interface Fence {
  /** Of this writer among those of the folder: no two have the same. */
  readonly attempt: number;
  /** Whether the folder is still this writer's. */
  holds(): boolean;
}

/** Where a line begins in run.jsonl, so that the log can be cut before it. */
interface PlacedLine {
  readonly begin: number;
  readonly line: RunLine;
}

/** The readable lines of a log, header included, and the length in bytes of what they cover. */
function parseLog(bytes: Uint8Array): { placed: PlacedLine[]; intact: number } {
  const placed: PlacedLine[] = [];
  const decoder = new TextDecoder();
  let begin = 0;
  for (;;) {
    const newline = bytes.indexOf(0x0a, begin);
    const line = newline < 0 ? undefined : parseLine(decoder.decode(bytes.subarray(begin, newline)));
    if (!line) return { placed, intact: begin };
    placed.push({ begin, line });
    begin = newline + 1;
  }
}

/**
 * Read a run, finished or being written; undefined if the folder holds none (yet).
 *
 * Reading changes nothing and never fails on account of a writer: the log counts up to its last whole line.
 */
export function readRun(folder: string): RunRecord | undefined {
  const text = readIfThere(join(folder, CONFIG));
  if (!text) return undefined;
  const config = parseConfig(new TextDecoder().decode(text), join(folder, CONFIG));
  const log = readIfThere(join(folder, LOG)) ?? new Uint8Array(0);
  const { placed, intact } = parseLog(log);
  const lines = placed.map(({ line }) => line).slice(1);
  const end = lines.at(-1)?.end === undefined ? undefined : lines.pop();
  return { folder, id: runId(config), config, lines, end, partial: intact < log.length };
}

function parseConfig(text: string, path: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw new RangeError(`Cannot read ${path} as it must be JSON: ${String(cause)}`, { cause });
  }
}

/** sha256 of the canonical configuration, in hex: the same request has the same id. */
export function runId(config: JsonObject): string {
  return createHash("sha256").update(canonicalJson(config)).digest("hex");
}

/**
 * Begin a run: make the folder, write config.json and the log's header.
 *
 * @throws RangeError     the folder holds a run already
 * @throws RunFolderError the folder cannot be written to
 */
export function createRun(folder: string, config: JsonObject, fence?: Fence): RunFolder {
  const there = readRun(folder);
  if (there) {
    throw new RangeError(
      `Cannot create run in ${folder} as it already holds run ${there.id.slice(0, 12)}: open it with openRun() to resume, or choose another folder`,
    );
  }
  const text = canonicalJson(config);
  guardWrites(folder, "create the run", fence, () => {
    makeFolder(folder);
    // The log first: once config.json is there, the run is complete. A log without it is from a run that never began.
    put(folder, LOG, headerBytes(config), fence);
    put(folder, CONFIG, Buffer.from(`${text}\n`), fence);
  });
  return new RunFolder(folder, JSON.parse(text) as JsonObject, fence);
}

const headerBytes = (config: JsonObject) => Buffer.from(`${lineJson({ ...HEADER, id: runId(config) })}\n`);

/**
 * Open an existing run to go on writing, cutting off half a last line if there is one.
 *
 * @throws RangeError the folder holds no run
 */
export function openRun(folder: string, fence?: Fence): RunFolder {
  const run = readRun(folder);
  if (!run)
    throw new RangeError(`Cannot open run in ${folder} as it has no ${CONFIG}: begin one with createRun()`);
  const opened = new RunFolder(folder, run.config, fence);
  opened.repairLog();
  return opened;
}

/** A run that another process writes; this one only reads. Raises RangeError when the folder holds none. */
export function followRun(folder: string): RunFolder {
  const run = readRun(folder);
  if (run) return new RunFolder(folder, run.config);
  throw new RangeError(
    `Cannot follow run in ${folder} as it has no ${CONFIG}: another process must begin it`,
  );
}

/** The writing side of a run's folder. Obtained from `createRun()` or `openRun()`; holds no open files. */
export class RunFolder {
  readonly folder: string;
  readonly id: string;
  readonly config: JsonObject;
  private readonly fence: Fence | undefined;

  constructor(folder: string, config: JsonObject, fence?: Fence) {
    this.folder = folder;
    this.id = runId(config);
    this.config = config;
    this.fence = fence;
  }

  /** What the folder says now. */
  read(): RunRecord {
    const record = readRun(this.folder);
    if (!record) throw new RangeError(`Cannot read run in ${this.folder} as its ${CONFIG} is gone`);
    return record;
  }

  /** Append one line to the log: all of it, or after an error nothing. The last line of a run is `{ end: reason }`. */
  appendLine(line: RunLine): void {
    const bytes = Buffer.from(`${lineJson(line)}\n`);
    guardWrites(this.folder, `append to ${LOG}`, this.fence, () =>
      appendWhole(join(this.folder, LOG), bytes),
    );
  }

  /**
   * Forget what came after `step`: the log ends before its first line with a later step, an end, or damage.
   *
   * This is how a run resumes from a checkpoint at `step`: the lines up to it stay, the later ones will be written again.
   */
  truncateAfter(step: number): void {
    this.cutLog((line) => line.end !== undefined || (line.step !== undefined && line.step > step));
  }

  /** Cut off half a last line; write the header again if even that is gone. Part of `openRun()`. */
  repairLog(): void {
    this.cutLog(() => false);
    const log = join(this.folder, LOG);
    if (readIfThere(log)?.length) return;
    guardWrites(this.folder, `write ${LOG}`, this.fence, () =>
      put(this.folder, LOG, headerBytes(this.config), this.fence),
    );
  }

  /** End the log before its first line to forget, and in any case after its last readable one. */
  private cutLog(forget: (line: RunLine) => boolean): void {
    const path = join(this.folder, LOG);
    guardWrites(this.folder, `shorten ${LOG}`, this.fence, () => {
      const bytes = readIfThere(path);
      if (!bytes) return;
      const { placed, intact } = parseLog(bytes);
      const end = placed.find(({ line }) => forget(line))?.begin ?? intact;
      if (end < bytes.length) truncateSync(path, end);
    });
  }

  /** Replace the checkpoint as a whole: whoever reads sees the old one or the new one. The log is flushed to disk first. */
  writeCheckpoint(
    tensors: ReadonlyMap<string, StoredTensor>,
    metadata: Readonly<Record<string, string>> = {},
  ): void {
    const bytes = serializeSafetensors(tensors, metadata);
    guardWrites(this.folder, `write ${CHECKPOINT}`, this.fence, () => {
      flush(join(this.folder, LOG));
      put(this.folder, CHECKPOINT, bytes, this.fence);
    });
  }

  /** The last checkpoint, or undefined if none was written. A damaged one is refused by name. */
  readCheckpoint(): Safetensors | undefined {
    const path = join(this.folder, CHECKPOINT);
    const bytes = readIfThere(path);
    return bytes && parseSafetensors(bytes, path);
  }
}

/** What the system's codes mean, and what to do about them. */
const REMEDIES: Readonly<Record<string, readonly [meaning: string, wayOut: string]>> = {
  ENOSPC: [
    "no space is left on the device",
    "free some space and resume, or choose a folder on another disk",
  ],
  EDQUOT: ["the disk quota is used up", "free some space and resume, or choose a folder on another disk"],
  EROFS: ["the file system is read-only", "choose a folder that can be written to"],
  EACCES: ["permission is denied", "change the folder's permissions or choose another folder"],
  EPERM: ["the operation is not permitted", "change the folder's permissions or choose another folder"],
  ENOTDIR: ["part of its path is a file and not a folder", "choose another folder"],
  ENOENT: ["part of its path does not exist and cannot be made", "choose another folder, or make it anew"],
  EFBIG: ["the file would exceed the size limit", "raise the limit (`ulimit -f`) and resume"],
};

/** Replace a file of the folder, beside which no other writer writes. */
function put(folder: string, name: string, bytes: Uint8Array, fence: Fence | undefined): void {
  const path = join(folder, name);
  const guarded = fence && {
    beside: `${path}.${fence.attempt}.tmp`,
    before: () => refuseWhereTaken(folder, `write ${name}`, fence),
  };
  replaceFile(path, bytes, guarded);
}

function refuseWhereTaken(folder: string, action: string, fence: Fence | undefined): void {
  if (fence === undefined || fence.holds()) return;
  throw new RunFolderError(
    folder,
    TAKEN_OVER,
    `Cannot ${action} in run folder ${folder} as the run must still be this process's: another has taken it over and goes on with it; nothing is lost, let this one end`,
  );
}

function guardWrites(folder: string, action: string, fence: Fence | undefined, write: () => void): void {
  refuseWhereTaken(folder, action, fence);
  try {
    write();
  } catch (error) {
    if (error instanceof RunFolderError) throw error;
    const code = codeOf(error);
    if (code === undefined) throw error;
    const [meaning, wayOut] = REMEDIES[code] ?? ["the system refused", "see the cause and resume"];
    const message = `Cannot ${action} in run folder ${folder} as ${meaning} (${code}): ${describeKept(folder)}; ${wayOut}`;
    throw new RunFolderError(folder, code, message, { cause: error });
  }
}

function describeKept(folder: string): string {
  let kept: RunRecord | undefined;
  attempt(() => {
    kept = readRun(folder);
  });
  if (!kept) return "nothing was written yet";
  const step = kept.lines.findLast((line) => line.step !== undefined)?.step;
  const until = step === undefined ? "" : ` up to step ${step}`;
  return `${kept.lines.length} lines${until} and the last checkpoint, if any, are kept and readable`;
}
