/**
 * Finds the folders below the lab's that hold something: runs, studies, comparisons, landscapes. Each kind is told by the files that it has.
 * Links are not followed, so nothing outside is found; folders of hidden names and packages are passed by.
 *
 * A folder is looked into again only if its time of change is another than before: a thousand runs that have ended cost a thousand
 * looks at a time stamp.
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export type FoundKind = "run" | "study" | "comparison" | "landscape";

/** Files that a folder of a kind has; the first kind that fits is its kind. */
const SIGNS: readonly (readonly [FoundKind, readonly string[]])[] = [
  ["run", ["config.json", "run.jsonl"]],
  ["study", ["plan.jsonl"]],
  ["comparison", ["comparison.json"]],
  ["landscape", ["meta.json", "tiles.bin"]],
  ["landscape", ["meta.json", "surface.npz"]],
];

/** Below such folders nothing more is looked for. */
const LEAVES: readonly (FoundKind | undefined)[] = ["run", "landscape"];

export interface Found {
  readonly kind: FoundKind;
  /** Relative to the lab's, with forward slashes; "." for that itself. */
  readonly folder: string;
}

interface Known {
  readonly changedMs: number;
  readonly kind: FoundKind | undefined;
  readonly below: readonly string[];
}

const PASSED_BY = new Set(["node_modules"]);
const DEEPEST = 8;
/** In a folder of a hundred thousand, as somebody's home, not all can be found. */
const MOST_FOLDERS = 50_000;
/** Folders that are looked at together. */
const ABREAST = 32;

export class FolderScan {
  private readonly root: string;
  private known = new Map<string, Known>();

  constructor(root: string) {
    this.root = root;
  }

  /** What there is now, in no order. A folder that vanishes meanwhile is not there. */
  async find(): Promise<Found[]> {
    const seen = new Map<string, Known>();
    let level = ["."];
    for (let depth = 0; level.length > 0 && depth <= DEEPEST && seen.size < MOST_FOLDERS; depth++) {
      const next: string[] = [];
      for (let begin = 0; begin < level.length; begin += ABREAST) {
        const part = level.slice(begin, begin + ABREAST);
        const looked = await Promise.all(part.map((folder) => this.look(folder)));
        looked.forEach((known, i) => {
          if (known === undefined) return;
          seen.set(part[i]!, known);
          next.push(...known.below.map((name) => (part[i] === "." ? name : `${part[i]}/${name}`)));
        });
      }
      level = next;
    }
    this.known = seen;
    return [...seen].flatMap(([folder, { kind }]) => (kind === undefined ? [] : [{ kind, folder }]));
  }

  private async look(folder: string): Promise<Known | undefined> {
    const path = join(this.root, folder);
    const before = this.known.get(folder);
    try {
      const { mtimeMs } = await lstat(path);
      if (before?.changedMs === mtimeMs && Date.now() - mtimeMs > SETTLED_MS) return before;
      const entries = await readdir(path, { withFileTypes: true });
      const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
      const kind = SIGNS.find(([, needed]) => needed.every((name) => files.has(name)))?.[0];
      const below = LEAVES.includes(kind)
        ? []
        : entries
            .filter(
              (entry) => entry.isDirectory() && !entry.name.startsWith(".") && !PASSED_BY.has(entry.name),
            )
            .map(({ name }) => name);
      return { changedMs: mtimeMs, kind, below };
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? ""))
        return undefined;
      throw error;
    }
  }
}

/** A folder may change twice within one tick of the file system's clock; some clocks tick once in two seconds. */
const SETTLED_MS = 3_000;
