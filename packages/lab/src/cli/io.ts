/**
 * What a command may touch besides files: two streams, standard input and the environment. Tests hand in their own and
 * read back what was written; `processIo` is the real one.
 */
import { text } from "node:stream/consumers";
import type { Communicator } from "@thalweg/train";

export interface Sink {
  write(text: string): unknown;
  /** Whether a person watches: progress is shown only then. */
  readonly isTTY?: boolean | undefined;
}

export interface Io {
  /** Results, and nothing else. */
  readonly stdout: Sink;
  /** Messages and progress. */
  readonly stderr: Sink;
  /** Everything on standard input, as text. */
  readonly stdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted once a scheduler has warned that time is nearly up, be it before there was anything to end. */
  readonly warned?: AbortSignal;
  /** The processes that a launcher started with this one, where it was one. */
  readonly communicator?: Communicator;
}

/** The process's own streams. A reader that has seen enough (`| head`) ends the process quietly. */
export function processIo(): Io {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: () => text(process.stdin),
    env: process.env,
  };
}
