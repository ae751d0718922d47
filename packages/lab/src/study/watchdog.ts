/** The watchdog's thread, from the side that trains: see `watchdog-thread.ts`. */
import { Worker } from "node:worker_threads";
import type { Claim } from "./claims.ts";
import type { ToWatchdog, WatchdogData } from "./watchdog-thread.ts";

export class Watchdog {
  private readonly thread: Worker;

  constructor(data: WatchdogData) {
    // Without the process's own options: --eval and --input-type, for one, are refused in threads.
    this.thread = new Worker(new URL("./watchdog.mjs", import.meta.url), { workerData: data, execArgv: [] });
    this.thread.unref();
  }

  /** Do something under a claim, in so many seconds at most; longer, and the process is no more. */
  async during<T>(claim: Claim, seconds: number, work: () => Promise<T>): Promise<T> {
    this.tell({ kind: "hold", claim, seconds });
    try {
      return await work();
    } finally {
      this.tell({ kind: "rest" });
    }
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }

  private tell(message: ToWatchdog): void {
    this.thread.postMessage(message);
  }
}
