/**
 * A process that holds claims, as others can recognise it: not by its number alone, which another process has after a restart, or in another
 * container of the same machine.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";

export interface Holder {
  /** Of the worker: the name of its file of results. */
  id: string;
  host: string;
  pid: number;
  /** Of the machine since it was started, and of the process table that `pid` is in; empty where the system has none. */
  boot: string;
  /** When the process began, in the system's own units; empty where the system does not say. */
  began: string;
  /** Where SLURM started it: the job, and how often it had been requeued. */
  slurm?: { job: string; restart: number };
}

/** This process. */
export function thisHolder(env: Readonly<Record<string, string | undefined>> = process.env): Holder {
  const { pid } = process;
  const host = os.hostname();
  const job = env.SLURM_JOB_ID;
  const restart = Number(env.SLURM_RESTART_COUNT ?? 0);
  const id = [host.replaceAll(/[^\w-]/g, "-"), pid, randomBytes(4).toString("hex")].join(".");
  return {
    id,
    host,
    pid,
    boot: bootOf(),
    began: beganAt(pid) ?? "",
    ...(job === undefined ? {} : { slurm: { job, restart } }),
  };
}

/**
 * Whether a holder lives, where that can be known from here: undefined for one on another machine. An earlier start of this very job is gone, since a
 * scheduler starts it again only then.
 */
export function livesHere(holder: Holder, me: Holder): boolean | undefined {
  const { slurm } = me;
  if (slurm !== undefined && holder.slurm?.job === slurm.job && holder.slurm.restart < slurm.restart)
    return false;
  if (holder.host !== me.host) return undefined;
  if (holder.boot !== me.boot) return sameMachineSince(holder, me) ? undefined : false;
  if (!isThere(holder.pid)) return false;
  const began = beganAt(holder.pid);
  return began === undefined || holder.began === "" || began === holder.began;
}

/** The same machine since its start, but another process table: a container, where numbers mean other processes. */
const sameMachineSince = (a: Holder, b: Holder) => a.boot.split(" ")[0] === b.boot.split(" ")[0];

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's
  }
}

const bootOf = (): string =>
  [
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ]
    .filter((part) => part !== undefined)
    .join(" ");

/** The 22nd field of /proc/<pid>/stat: clock ticks between the machine's start and the process's. A process that has ended but was not waited for is gone. */
function beganAt(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "gone" : fields[19];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // not on this system
  }
}
