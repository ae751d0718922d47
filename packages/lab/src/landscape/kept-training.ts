/**
 * A folder in which the training of something other than a model is kept, such as a curve or a plane: begun there, or gone on with when the same
 * is asked for again. It is a run's folder, and its configuration says what it is of.
 */
import { join } from "node:path";
import {
  canonicalJson,
  createRun,
  type JsonObject,
  openRun,
  type RunFolder,
  readRun,
  runId,
} from "@thalweg/train";

export interface KeptTraining {
  readonly folder: string;
  readonly run: RunFolder;
  /** Steps that were kept from before. */
  readonly from: number;
}

/**
 * Begin it, or go on with it. Raises RunFolderError where the folder cannot be written, RangeError where it holds something else.
 *
 * @param folder  landscapes/<kind>-<id> by default
 */
export function keptTraining(
  kind: string,
  config: JsonObject,
  folder = join("landscapes", `${kind}-${runId(config).slice(0, 8)}`),
): KeptTraining {
  const there = readRun(folder);
  if (there === undefined) return { folder, run: createRun(folder, config), from: 0 };
  if (there.id === runId(config)) {
    const { step = 0 } = there.end ?? there.lines.at(-1) ?? {};
    return { folder, run: openRun(folder), from: step };
  }
  const differing = [...new Set([...Object.keys(config), ...Object.keys(there.config)])].filter(
    (key) => canonicalJson(config[key] ?? null) !== canonicalJson(there.config[key] ?? null),
  );
  throw new RangeError(
    `Cannot go on with ${kind} in ${folder} as it must hold what is asked for: it has another ${differing.join(", ")}; ask for what was asked before, or choose another folder`,
  );
}
