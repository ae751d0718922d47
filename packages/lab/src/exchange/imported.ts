/**
 * A study made of other people's results, in a folder of its own: one file, `imported.json`, which readers of studies take instead of a plan. It has
 * no runs to go on with and none to look into; the report, claims and queries are the same.
 */
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "@thalweg/train/files";
import { StudyError } from "../study/error.ts";
import type { TrialResult } from "../study/result.ts";
import type { StudyData } from "../study/study-data.ts";

const FILE = "imported.json";
const FORMAT = "thalweg imported study";

export const isImported = (folder: string): boolean =>
  statSync(join(folder, FILE), { throwIfNoEntry: false }) !== undefined;

/** Raises StudyError where the folder holds something already; Node's errors. */
export function writeImported(folder: string, { results, ...data }: StudyData): string {
  for (const name of [FILE, "plan.jsonl"]) {
    if (statSync(join(folder, name), { throwIfNoEntry: false }) === undefined) continue;
    throw new StudyError(
      `Cannot import into ${folder} as it holds a study already (${name}): choose another folder, or delete it`,
    );
  }
  mkdirSync(folder, { recursive: true });
  const path = join(folder, FILE);
  replaceFile(
    path,
    Buffer.from(
      `${JSON.stringify({ format: FORMAT, version: 1, ...data, results: [...results.values()] })}\n`,
    ),
  );
  return path;
}

/** Raises StudyError where the file is another's or of another version. */
export function readImported(folder: string): StudyData {
  const path = join(folder, FILE);
  const { format, version, results, ...data } = parse(path);
  if (format !== FORMAT || version !== 1) {
    throw new StudyError(
      `Cannot read ${path} as it must say "format": "${FORMAT}", "version": 1: current values are ${JSON.stringify(format)}, ${JSON.stringify(version)}`,
    );
  }
  const list = results as readonly TrialResult[];
  return { ...(data as unknown as StudyData), results: new Map(list.map((result) => [result.id, result])) };
}

function parse(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new StudyError(`Cannot read ${path} as it must be JSON: ${cause.message}`, { cause });
  }
}
