/** Text in from a file or standard input, text and bytes out to a file, with messages that name the file. */
import { readFile, writeFile } from "node:fs/promises";
import type { ParseError } from "jsonc-parser";
import { Failure, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
  EDQUOT: "no space is left for this user",
};

/** The file's text; `-` is standard input. Raises UsageError when it cannot be read. */
export async function readText(path: string, io: Io): Promise<string> {
  if (path === "-") return io.stdin();
  try {
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, ""); // some editors begin with a byte order mark
  } catch (error) {
    throw new UsageError(`Cannot read ${path} as ${reason(error)}`, { cause: error });
  }
}

/** Write a text file and say so on stderr. Raises Failure when it cannot be written. */
export const writeText = (path: string, text: string, io: Io): Promise<void> => write(path, text, io);

/** Write a file of bytes and say so on stderr. Raises Failure when it cannot be written. */
export const writeBytes = (path: string, bytes: Uint8Array, io: Io): Promise<void> => write(path, bytes, io);

async function write(path: string, content: string | Uint8Array, io: Io): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw new Failure(`Cannot write ${path} as ${reason(error)}`, { cause: error });
  }
  io.stderr.write(`Wrote ${path}\n`);
}

/** Read a file by something that may raise Node's errors. Raises UsageError when it cannot be read. */
export function readingFrom<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** `readingFrom` for reading that takes time. */
export async function readWith<T>(path: string, read: (path: string) => T | Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Node's errors know which file they are about, when there are several. */
const unreadable = (path: string, error: unknown): unknown =>
  error instanceof Error && "syscall" in error
    ? new UsageError(`Cannot read ${(error as NodeJS.ErrnoException).path ?? path} as ${reason(error)}`, {
        cause: error,
      })
    : error;

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ""] ?? message;
}

/** JSON of any form. Raises UsageError with line and column of the first mistake. */
export async function parseJson(text: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    const what = path === "-" ? "standard input" : path;
    throw new UsageError(`Cannot read ${what} as it is not JSON${await describeMistake(text)}`, {
      cause: error,
    });
  }
}

/** `JSON.parse` does not always say where; a parser that does is loaded only to find the place. */
async function describeMistake(text: string): Promise<string> {
  const { parse, printParseErrorCode } = await import("jsonc-parser");
  const mistakes: ParseError[] = [];
  parse(text, mistakes, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [first] = mistakes;
  if (first === undefined) return "";
  const before = text.slice(0, first.offset).split("\n");
  const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
  const expected = printParseErrorCode(first.error) // "CommaExpected" → "comma expected"
    .replaceAll(/(?!^)[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();
  const ends = first.offset >= text.trimEnd().length ? ", where the text ends" : "";
  const nonFinite = /^-?(NaN|Infinity)/.test(text.slice(first.offset));
  const hint = nonFinite ? '; NaN and infinities are written as text, "NaN"' : "";
  return `: ${expected} at ${place}${ends}${hint}`;
}
