/**
 * The watchdog: a thread beside the one that trains, which goes on when that one hangs. While a claim is held it sends the heartbeat; it ends the
 * process where the trial takes longer than it may, and where the claim was taken by another, so that no run has two writers.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Claim, Claims, HEARTBEAT_SECONDS } from "./claims.ts";
import type { Holder } from "./holder.ts";

/** `hold` begins to watch a claim, `rest` ends it. */
export type ToWatchdog = { kind: "hold"; claim: Claim; seconds: number } | { kind: "rest" };

export interface WatchdogData {
  folder: string;
  holder: Holder;
}

const { folder, holder } = workerData as WatchdogData;
const claims = new Claims(folder, { ...holder, id: `${holder.id}.watchdog` });
let stop = () => {};

parentPort!.on("message", (message: ToWatchdog) => {
  stop();
  if (message.kind === "hold") stop = watch(message.claim, message.seconds);
});

function watch(claim: Claim, seconds: number): () => void {
  const heartbeat = setInterval(() => {
    if (!claims.holds(claim)) end();
    claims.beat(claim);
  }, HEARTBEAT_SECONDS * 1e3);
  const limit = setTimeout(
    () => {
      claims.end(claim, { end: "time", reason: `it took longer than ${seconds} s` });
      end();
    },
    Math.min(seconds * 1e3, LONGEST_MS),
  );
  return () => {
    clearInterval(heartbeat);
    clearTimeout(limit);
  };
}

/** Timers take no more than 2³¹ − 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** The whole process, whatever its other threads are doing. */
const end = () => process.kill(process.pid, "SIGKILL");
