/** For tests: the command line as a process of its own, which can be killed, and what must not differ between comparisons. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunRecord, readRun } from "@thalweg/train";

const BIN = fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export interface Started {
  process: ChildProcess;
  /** What it has written to stderr so far. */
  err(): string;
  ended: Promise<Ended>;
}

/** Start `thalweg` with these words. */
export function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [BIN, ...words], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    written.err += text;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, ...written }));
  return { process: child, err: () => written.err, ended };
}

/** Wait until something holds, looking every few milliseconds. */
export async function until(holds: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`Cannot go on as this did not come in ${timeoutMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** The runs below a comparison's folder, by folder. */
export function runsIn(folder: string): RunRecord[] {
  const runs = join(folder, "runs");
  if (!existsSync(runs)) return [];
  return readdirSync(runs).flatMap((name) => readRun(join(runs, name)) ?? []);
}

/** Everything but the clock and the number of workers, with all digits. */
export const timeless = (comparison: unknown): unknown =>
  JSON.parse(
    JSON.stringify(comparison, (key, value: unknown) =>
      /seconds$|^(startedAt|finishedAt|workers|command)$/i.test(key) ? undefined : value,
    ),
  );
