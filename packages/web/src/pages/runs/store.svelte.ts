/**
 * The runs that the server knows and the columns that the page has asked for, kept up to date by its events. Columns come a few runs at a time, and the page
 * draws what there is.
 */
import { apiUrl, get, getBytes, watch } from "../../api.ts";
import { type Columns, decodeColumns, replaceRows } from "../../columns.ts";
import type { RunEvent, RunSummary } from "./types.ts";

interface Held {
  columns: Columns;
  readonly names: Set<string>;
  /** Of the row that comes next, while a request is under way: events meanwhile make it ask again. */
  outdated: boolean;
}

/** Browsers open six connections to a server; one is the stream of events. */
const ABREAST = 5;
/** Between two drawings while many runs come in: each draws all that there is. */
const LOADING_PAUSE_MS = 700;
/** Axes, which every curve needs. */
const ALWAYS = ["step", "gradients", "seconds"];

export class RunStore {
  /** By key. */
  runs: ReadonlyMap<string, RunSummary> = $state.raw(new Map());
  /** Counts changes of columns, so that what is drawn from them is drawn again. */
  version = $state(0);
  loaded = $state(false);
  trouble = $state("");
  /** Whether the stream of events is broken. */
  disconnected = $state(false);
  /** Runs whose columns are still to come. */
  waiting = $state(0);

  private readonly held = new Map<string, Held>();
  private wanted: readonly string[] = [];
  private measures: readonly string[] = [];
  private readonly underWay = new Set<string>();
  private readonly failed = new Set<string>();
  private bumping: ReturnType<typeof setTimeout> | undefined;
  private drawingMs = 16;
  private stop: () => void = () => {};

  start(): void {
    this.stop = watch<RunEvent>(
      "runs/events",
      (event) => this.take(event),
      (broken) => {
        this.disconnected = broken;
        if (!broken && this.loaded) this.reload(); // what happened meanwhile was not heard
      },
    );
    void this.load();
  }

  close(): void {
    this.stop();
  }

  /** Curves that the page shows: of these runs, these measures. */
  want(runs: readonly string[], measures: readonly string[]): void {
    this.wanted = runs;
    this.measures = measures;
    this.pump();
  }

  columns(key: string): Columns | undefined {
    return this.held.get(key)?.columns;
  }

  private async load(): Promise<void> {
    try {
      const { runs } = await get<{ runs: RunSummary[] }>("runs.json");
      this.runs = new Map(runs.map((run) => [run.key, run]));
      this.trouble = "";
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error);
    }
    this.loaded = true;
  }

  private reload(): void {
    for (const held of this.held.values()) held.outdated = true;
    void this.load().then(() => this.pump());
  }

  private take(event: RunEvent): void {
    if (event.type === "missed") this.reload();
    else if (event.type === "rows") this.takeRows(event);
    else this.takeRuns(event);
  }

  private takeRuns(event: Extract<RunEvent, { type: "runs" }>): void {
    const runs = new Map(this.runs);
    for (const key of event.gone) runs.delete(key);
    for (const run of event.changed) runs.set(run.key, run);
    this.runs = runs;
  }

  private takeRows({ key, from, columns }: Extract<RunEvent, { type: "rows" }>): void {
    const held = this.held.get(key);
    if (held === undefined) return;
    const known = held.columns.get("step")?.length ?? 0;
    if (this.underWay.has(key) || from > known) {
      held.outdated = true;
      this.pump();
      return;
    }
    const asked = Object.fromEntries(Object.entries(columns).filter(([name]) => held.names.has(name)));
    held.columns = replaceRows(held.columns, from, asked);
    this.bump();
  }

  /** Ask for what is missing, a few at a time. */
  private pump(): void {
    const missing = this.wanted.filter((key) => {
      if (this.underWay.has(key) || this.failed.has(key)) return false;
      const held = this.held.get(key);
      return held === undefined || held.outdated || this.measures.some((name) => !held.names.has(name));
    });
    this.waiting = missing.length + this.underWay.size;
    for (const key of missing.slice(0, ABREAST - this.underWay.size)) void this.fetch(key);
  }

  private async fetch(key: string): Promise<void> {
    this.underWay.add(key);
    const names = new Set([...ALWAYS, ...this.measures, ...(this.held.get(key)?.names ?? [])]);
    const held: Held = this.held.get(key) ?? { columns: new Map(), names: new Set(), outdated: false };
    held.outdated = false;
    this.held.set(key, held);
    try {
      const only = encodeURIComponent([...names].join(","));
      held.columns = decodeColumns(await getBytes(`runs/${key}/columns.bin?only=${only}`));
      for (const name of names) held.names.add(name);
    } catch (error) {
      this.failed.add(key);
      this.trouble = `${error instanceof Error ? error.message : String(error)} (${apiUrl(`runs/${key}`)})`;
    }
    this.underWay.delete(key);
    this.pump();
    this.bump();
  }

  /** Draw again soon: at once when nothing more is to come, and else so that drawing takes a fifth of the time at most. */
  private bump(): void {
    if (this.bumping !== undefined) {
      if (this.underWay.size > 0) return;
      clearTimeout(this.bumping);
    }
    const pause = this.underWay.size === 0 ? 0 : Math.max(LOADING_PAUSE_MS, 4 * this.drawingMs);
    this.bumping = setTimeout(() => {
      this.bumping = undefined;
      const begin = performance.now();
      this.version++;
      requestAnimationFrame(() =>
        setTimeout(() => {
          this.drawingMs = performance.now() - begin;
        }),
      );
    }, pause);
  }
}
