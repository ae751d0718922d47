/**
 * The runs below the lab's folder: what each is and where it stands, for the list; and its evaluations as columns, for the curves.
 *
 * The list needs a run's configuration, read once, and the end of its log, read when the log has changed. Columns are read when they are
 * asked for, and from then on only what is new. The columns of runs that nobody asked for lately are forgotten when all together
 * are too many.
 */
import { createHash } from "node:crypto";
import { lstat, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Columns, type Line } from "./runs-columns.ts";
import { LineTail } from "./runs-tail.ts";

export const RUN_EXTRAS = {
  diagnostics: "diagnostics.jsonl",
  trajectory: "trajectory.bin",
  checkpoint: "checkpoint.safetensors",
  curvature: "curvature.json",
} as const;
export type RunExtra = keyof typeof RUN_EXTRAS;

const json = z.record(z.string(), z.unknown());

export const runSummary = z.object({
  key: z
    .string()
    .describe("names it in addresses: of the folder's place, so that two copies of a run are two"),
  folder: z.string().describe("relative to the lab's, with forward slashes"),
  config: json.describe(
    "what was asked for; the rule's formula as a digest, `formula`, instead of its links",
  ),
  status: z
    .enum(["running", "stopped", "finished", "diverged"])
    .describe("stopped: it has no end, and nothing was added lately"),
  reason: z.string().optional().describe("why it diverged"),
  last: z.record(z.string(), z.number()).describe("measures of the last evaluation, and its step"),
  changedMs: z.number().describe("of the last line, in milliseconds since 1970"),
  bytes: z.number().describe("size of its log"),
  has: z.array(z.enum(Object.keys(RUN_EXTRAS) as [RunExtra, ...RunExtra[]])).describe("further files"),
});
export type RunSummary = z.infer<typeof runSummary>;

interface Known {
  readonly key: string;
  readonly folder: string;
  readonly whole: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  bytes: number;
  changedMs: number;
  has: RunExtra[];
  end?: Line;
  last: Record<string, number>;
  live?: Live;
  /** What watchers have been told: status and size. */
  told?: string;
}

interface Live {
  readonly tail: LineTail;
  columns: Columns;
  usedAt: number;
  /** Rows that watchers have been told of. */
  told?: number;
  reading?: Promise<Columns>;
}

/** Rows that are new to watchers: `from` is the place of the first, and what a watcher has from there on does not count any more. */
export interface NewRows {
  readonly from: number;
  /** NaN, and what is not finite, is null. */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
}

/** A log to which nothing was added for so long is that of a run that stands still. */
const STILL_MS = 60_000;
const MOST_COLUMN_BYTES = 512 * 2 ** 20;
/** Larger files are no configurations of runs. */
const MOST_CONFIG_BYTES = 8 * 2 ** 20;
/** At the end of a log, where its last lines are. */
const END_BYTES = 64 * 1024;
const ABREAST = 32;

export class RunIndex {
  private readonly root: string;
  private readonly runs = new Map<string, Known>();

  constructor(root: string) {
    this.root = root;
  }

  /** Take over all that a scan found. Returns the keys of runs that are gone. */
  async update(folders: readonly string[]): Promise<string[]> {
    await this.refresh(folders);
    const there = new Set(folders.map(keyOf));
    const gone = [...this.runs.keys()].filter((key) => !there.has(key));
    for (const key of gone) this.runs.delete(key);
    return gone;
  }

  /** Look whether the logs in these folders have changed, and read what is new. */
  async refresh(folders: readonly string[]): Promise<void> {
    for (let begin = 0; begin < folders.length; begin += ABREAST) {
      await Promise.all(folders.slice(begin, begin + ABREAST).map((folder) => this.refreshOne(folder)));
    }
  }

  /** Summaries of runs of which watchers have not been told this, and new rows of those that somebody looks at. */
  takeNews(): { changed: RunSummary[]; rows: ({ key: string } & NewRows)[] } {
    const changed: RunSummary[] = [];
    const rows: ({ key: string } & NewRows)[] = [];
    for (const [key, run] of this.runs) {
      const summary = this.summary(key)!;
      const news = `${summary.status} ${summary.bytes} ${summary.has.length}`;
      if (news === run.told) continue;
      run.told = news;
      changed.push(summary);
      const { live } = run;
      if (live?.told === undefined || live.told === live.columns.rows) continue;
      rows.push({ key, from: live.told, columns: rowsFrom(live.columns, live.told) });
      live.told = live.columns.rows;
    }
    return { changed, rows };
  }

  list(): RunSummary[] {
    return [...this.runs.keys()].map((key) => this.summary(key)!);
  }

  summary(key: string): RunSummary | undefined {
    const run = this.runs.get(key);
    if (run === undefined) return undefined;
    const { folder, config, end, last, changedMs, bytes, has } = run;
    const still = Date.now() - changedMs > STILL_MS ? ("stopped" as const) : ("running" as const);
    const status = end === undefined ? still : end.end === "finished" ? "finished" : "diverged";
    const reason = typeof end?.reason === "string" ? { reason: end.reason } : {};
    return { key, folder, config, status, ...reason, last, changedMs, bytes, has };
  }

  /** The whole configuration. */
  config(key: string): Readonly<Record<string, unknown>> | undefined {
    return this.runs.get(key)?.whole;
  }

  /** The path of a file of a run that is there. */
  path(key: string, extra: RunExtra): string | undefined {
    const run = this.runs.get(key);
    return run?.has.includes(extra) ? join(this.root, run.folder, RUN_EXTRAS[extra]) : undefined;
  }

  folder(key: string): string | undefined {
    const run = this.runs.get(key);
    return run && join(this.root, run.folder);
  }

  /** Its columns, up to the last whole line that is there now; undefined for a key that there is not. */
  async columns(key: string): Promise<Columns | undefined> {
    const run = this.runs.get(key);
    return run && this.readRows(run);
  }

  /** Read what is new of a run. Those who ask while a reading is under way get that one. */
  private readRows(run: Known): Promise<Columns> {
    run.live ??= {
      tail: new LineTail(join(this.root, run.folder, "run.jsonl")),
      columns: new Columns(),
      usedAt: 0,
    };
    const { live } = run;
    live.usedAt = Date.now();
    live.reading ??= this.readOnce(run, live).finally(() => {
      delete live.reading;
    });
    return live.reading;
  }

  private async readOnce(run: Known, live: Live): Promise<Columns> {
    const { lines, anew } = await live.tail.read();
    if (anew) {
      live.columns = new Columns();
      if (live.told !== undefined) live.told = 0;
    }
    for (const line of lines) {
      if (line.end !== undefined) run.end = line;
      else if (line.step !== undefined) live.columns.push(line);
    }
    if (anew && lines.at(-1)?.end === undefined) delete run.end;
    live.told ??= live.columns.rows;
    if (live.columns.rows > 0) run.last = live.columns.last;
    this.forgetSome(run);
    return live.columns;
  }

  private async refreshOne(folder: string): Promise<void> {
    const key = keyOf(folder);
    const path = join(this.root, folder);
    try {
      const [log, config] = await Promise.all([
        lstat(join(path, "run.jsonl")),
        this.runs.get(key) ?? this.begin(folder),
      ]);
      if (config === undefined || !log.isFile()) return;
      const before = this.runs.get(key);
      if (before?.bytes === log.size && before.changedMs === log.mtimeMs) return;
      const has = await extrasIn(path);
      Object.assign(config, { bytes: log.size, changedMs: log.mtimeMs, has });
      this.runs.set(key, config);
      if (config.live !== undefined) await this.readRows(config);
      else await readEnd(config, join(path, "run.jsonl"), log.size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  private async begin(folder: string): Promise<Known | undefined> {
    const path = join(this.root, folder, "config.json");
    const { size } = await lstat(path);
    if (size > MOST_CONFIG_BYTES) return undefined;
    const whole = parseObject(await readFile(path, "utf8"));
    if (whole === undefined) return undefined;
    const { links, file: _, ...config } = whole;
    const formula = createHash("sha256")
      .update(JSON.stringify(links ?? null))
      .digest("hex")
      .slice(0, 8);
    const known = { bytes: -1, changedMs: 0, has: [], last: {} };
    return { ...known, key: keyOf(folder), folder, whole, config: { ...config, formula } };
  }

  private forgetSome(kept: Known): void {
    const live = [...this.runs.values()].filter((run) => run.live !== undefined);
    let bytes = live.reduce((sum, { live: one }) => sum + one!.columns.bytes, 0);
    if (bytes <= MOST_COLUMN_BYTES) return;
    for (const run of live.sort((a, b) => a.live!.usedAt - b.live!.usedAt)) {
      if (run === kept || bytes <= MOST_COLUMN_BYTES) continue;
      bytes -= run.live!.columns.bytes;
      delete run.live;
    }
  }
}

/** What names a folder in addresses: sixteen hexadecimal digits, from which no path can be made. */
export const keyOf = (folder: string): string =>
  createHash("sha256").update(folder).digest("hex").slice(0, 16);

const rowsFrom = (columns: Columns, from: number): NewRows["columns"] =>
  Object.fromEntries(
    columns.names.map((name) => [
      name,
      Array.from(columns.column(name)!.subarray(from), (value) => (Number.isFinite(value) ? value : null)),
    ]),
  );

async function extrasIn(path: string): Promise<RunExtra[]> {
  const names = Object.entries(RUN_EXTRAS) as [RunExtra, string][];
  const there = await Promise.all(
    names.map(async ([, name]) => (await lstat(join(path, name)).catch(() => undefined))?.isFile() ?? false),
  );
  return names.filter((_, i) => there[i]).map(([extra]) => extra);
}

/** The last evaluation and the end, from the last bytes of the log. */
async function readEnd(run: Known, path: string, size: number): Promise<void> {
  const begin = Math.max(0, size - END_BYTES);
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(size - begin);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
    const text = bytes.toString("utf8", 0, bytesRead);
    const whole = text.slice(begin === 0 ? 0 : text.indexOf("\n") + 1, text.lastIndexOf("\n") + 1);
    const lines = whole
      .split("\n")
      .map(parseObject)
      .filter((line) => line !== undefined);
    const end = lines.findLast((line) => line.end !== undefined);
    if (end === undefined) delete run.end;
    else run.end = end;
    const evaluation = lines.findLast((line) => line.step !== undefined && line.end === undefined);
    if (evaluation === undefined) return;
    const columns = new Columns();
    columns.push(evaluation);
    run.last = columns.last;
  } finally {
    await file.close();
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
