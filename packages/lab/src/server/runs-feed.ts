/**
 * What happens to the runs below the lab's folder, for all who watch: one reader for any number of them. With nobody watching nothing is read.
 *
 * Runs that are under way are looked at a few times a second, the whole folder every few seconds. The time between two looks grows with what
 * a look costs, so that watching takes no more than a fiftieth of one core, and training beside it keeps its speed.
 */
import { Broadcast, type Missed } from "./broadcast.ts";
import type { NewRows, RunIndex, RunSummary } from "./runs-index.ts";
import type { FolderScan, Found } from "./runs-scan.ts";

export type RunEvent =
  | { readonly type: "runs"; readonly changed: readonly RunSummary[]; readonly gone: readonly string[] }
  /** New evaluations of a run whose columns somebody asked for. */
  | ({ readonly type: "rows"; readonly key: string } & NewRows);

const LOOK_MS = 250;
const SCAN_MS = 3_000;
/** Of one core, at most, for all that this process does while it is watched. */
const SHARE = 1 / 50;
const SLOWEST_MS = 4_000;

export class RunFeed {
  readonly index: RunIndex;
  private readonly scan: FolderScan;
  private readonly broadcast = new Broadcast<RunEvent>({
    onFirst: () => this.start(),
    onLast: () => this.stop(),
  });
  private found: readonly Found[] = [];
  private scannedAt = Number.NEGATIVE_INFINITY;
  private scanning: Promise<readonly Found[]> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isWatched = false;
  private spent = process.cpuUsage();

  constructor(scan: FolderScan, index: RunIndex) {
    this.scan = scan;
    this.index = index;
  }

  /** What there is below the lab's folder, not older than a moment. Those who ask meanwhile get the same answer. */
  async folders(freshMs = 1_000): Promise<readonly Found[]> {
    if (performance.now() - this.scannedAt < freshMs) return this.found;
    this.scanning ??= this.rescan().finally(() => {
      this.scanning = undefined;
    });
    return this.scanning;
  }

  listen(signal: AbortSignal): AsyncIterable<RunEvent | Missed> {
    return this.broadcast.listen(signal);
  }

  private async rescan(): Promise<readonly Found[]> {
    this.found = await this.scan.find();
    const folders = this.found.filter(({ kind }) => kind === "run").map(({ folder }) => folder);
    this.tell(await this.index.update(folders));
    this.scannedAt = performance.now();
    return this.found;
  }

  private start(): void {
    this.isWatched = true;
    this.spent = process.cpuUsage();
    this.later(0);
  }

  private stop(): void {
    this.isWatched = false;
    clearTimeout(this.timer);
  }

  /** Look again when what was done since the last look, for all who watch, is a small share of the time between. */
  private later(leastMs: number): void {
    if (!this.isWatched) return;
    const { user, system } = process.cpuUsage(this.spent);
    this.spent = process.cpuUsage();
    const costMs = (user + system) / 1e3;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), Math.max(leastMs, Math.min(costMs / SHARE, SLOWEST_MS)));
    this.timer.unref();
  }

  private async look(): Promise<void> {
    try {
      if (performance.now() - this.scannedAt >= SCAN_MS) await this.folders(0);
      else await this.lookAtLive();
    } catch {
      // a folder that cannot be read now is looked at again
    }
    this.later(LOOK_MS);
  }

  private async lookAtLive(): Promise<void> {
    const live = this.index.list().filter(({ status }) => status === "running");
    await this.index.refresh(live.map(({ folder }) => folder));
    this.tell([]);
  }

  private tell(gone: readonly string[]): void {
    if (this.broadcast.count === 0) return;
    const { changed, rows } = this.index.takeNews();
    for (const news of rows) this.broadcast.send({ type: "rows", ...news });
    if (changed.length + gone.length > 0) this.broadcast.send({ type: "runs", changed, gone });
  }
}
