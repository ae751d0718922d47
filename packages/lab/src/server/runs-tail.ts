/**
 * The end of a file of JSON lines that somebody else writes: each reading gives the whole lines that came since the last one, and reads
 * no byte twice. Half a line at the end waits for the rest of it. A file that got shorter, as that of a run which is resumed from its
 * checkpoint, is read anew, and so is one in which a line cannot be parsed where the last reading stopped.
 */
import { open } from "node:fs/promises";

export interface Tail {
  /** Lines that are new, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Whether they are all lines of the file: what was known before does not count any more. */
  readonly anew: boolean;
}

/** Bytes that are read at once. */
const PIECE = 1 << 20;
const NEWLINE = 0x0a;

export class LineTail {
  private readonly path: string;
  private offset = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** What is new. A file that is not there has no lines. Raises Node's errors for one that cannot be read. */
  async read(): Promise<Tail> {
    const file = await open(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (file === undefined) return this.forget();
    try {
      const { size } = await file.stat();
      const before = this.offset;
      if (size < before) this.offset = 0;
      const lines = await this.linesUpTo(file, size);
      if (lines !== undefined) return { lines, anew: size < before || before === 0 };
      this.offset = 0; // another text stands where the last reading stopped
      return { lines: (await this.linesUpTo(file, size)) ?? [], anew: true };
    } finally {
      await file.close();
    }
  }

  private forget(): Tail {
    this.offset = 0;
    return { lines: [], anew: true };
  }

  /** Undefined where the first line is none: later ones that are none end the reading there. */
  private async linesUpTo(
    file: Awaited<ReturnType<typeof open>>,
    size: number,
  ): Promise<Record<string, unknown>[] | undefined> {
    const lines: Record<string, unknown>[] = [];
    let rest = Buffer.alloc(0);
    for (let at = this.offset; at < size; ) {
      const piece = Buffer.alloc(Math.min(PIECE, size - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      const whole = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(whole);
      for (const text of bytes.toString("utf8", 0, whole).split("\n").slice(0, -1)) {
        const line = parse(text);
        if (line === undefined) return lines.length === 0 && this.offset > 0 ? undefined : lines;
        lines.push(line);
        this.offset += Buffer.byteLength(text) + 1;
      }
    }
    return lines;
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
