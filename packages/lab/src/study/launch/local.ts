/**
 * Workers on this machine: as many processes as asked for, each trains one run at a time, with one thread. A process that dies is started again, and
 * what it held is free at once; so a run whose program crashes ends neither the study nor the runs beside it.
 *
 * One launcher a study: a second one is told who the first is. Workers end when their launcher does, after the step at hand.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Claim, Claims, type EndRecord, HEARTBEAT_SECONDS } from "../claims.ts";
import { StudyError } from "../error.ts";
import { thisHolder } from "../holder.ts";
import { readPlan } from "../plan-file.ts";
import { type ResultLine, Results } from "../results.ts";

export interface LaunchOptions {
  folder: string;
  workers: number;
  /** Ends the work cleanly: runs at hand are checkpointed. */
  signal?: AbortSignal;
  /** Help a launcher that is already there. */
  join?: boolean;
  /** Trials that the workers do first: see `WorkOptions`. */
  chunk?: { index: number; count: number };
  env?: Readonly<Record<string, string | undefined>>;
  say?(line: string): void;
  /** Told from time to time, and at the end. */
  onProgress?(results: ReadonlyMap<number, ResultLine>): void;
}

export type LaunchEnd = "finished" | "interrupted";

/** What a worker says to its launcher before it ends for a reason that is not a trial's. */
export interface FromStudyWorker {
  fatal: string;
}

const LAUNCHER = "launcher";
const POLL_MS = 250;
/** The exit code of a worker that was asked to end: EX_TEMPFAIL. */
const INTERRUPTED = 75;
/** A worker that dies so often in a row without a result says more about the machine than about a trial. */
const DEATHS = 25;
const BIN = fileURLToPath(new URL("../../../bin/thalweg.mjs", import.meta.url));

/**
 * Work on a study with processes of this machine, until nothing is left. Raises StudyError where another launcher is at work on it, or where workers
 * cannot go on; what was done by then is kept.
 */
export async function launchLocal(options: LaunchOptions): Promise<LaunchEnd> {
  const launcher = new Launcher(options);
  let lock: Claim | undefined;
  try {
    if (!options.join) lock = launcher.lock();
    return await launcher.run();
  } finally {
    await launcher.close();
    if (lock !== undefined) launcher.unlock(lock);
  }
}

interface Started {
  process: ChildProcess;
  /** Its last words. */
  fatal?: string;
}

class Launcher {
  private readonly options: LaunchOptions;
  private readonly claims: Claims;
  private readonly results: Results;
  private readonly total: number;
  private readonly started = new Set<Started>();
  private readonly heartbeat: NodeJS.Timeout;
  private held: Claim | undefined;
  private deaths = 0;
  private fatal: string | undefined;

  constructor(options: LaunchOptions) {
    this.options = options;
    this.total = readPlan(options.folder).trials.length;
    this.claims = new Claims(options.folder, thisHolder(options.env ?? process.env));
    this.results = new Results(options.folder);
    this.heartbeat = setInterval(() => {
      if (this.held !== undefined) this.claims.beat(this.held);
    }, HEARTBEAT_SECONDS * 1e3);
  }

  /** Be the one launcher of the study. Raises StudyError where there is one. */
  lock(): Claim {
    for (;;) {
      const { attempt, ends } = this.claims.state(LAUNCHER);
      const there = { key: LAUNCHER, attempt };
      if (attempt >= 0 && ends[attempt] === undefined) {
        if (this.claims.lives(there)) this.refuse(there);
        this.claims.end(there, { end: "killed", reason: "its process is gone" });
      }
      const lock = this.claims.take(LAUNCHER, attempt + 1, LAUNCHER);
      if (lock === undefined) continue; // another was faster: look again
      this.held = lock;
      return lock;
    }
  }

  unlock(lock: Claim): void {
    this.claims.end(lock, { end: "released", reason: "it ended" });
  }

  private refuse(there: Claim): never {
    const { host, pid } = this.claims.read(there)!.holder;
    throw new StudyError(
      `Cannot run the study in ${this.options.folder} as it must have one launcher: process ${pid} on ${host} is at work on it; wait for it, end it, or help it with --join`,
    );
  }

  async run(): Promise<LaunchEnd> {
    const { workers, signal, onProgress } = this.options;
    let stopped = false;
    for (;;) {
      const results = this.results.look();
      onProgress?.(results);
      const isDone = results.size >= this.total;
      if (!stopped && (this.fatal !== undefined || signal?.aborted)) {
        stopped = true;
        for (const { process } of this.started) process.kill("SIGINT");
      }
      if (this.started.size === 0) {
        if (this.fatal !== undefined) throw new StudyError(this.fatal);
        if (isDone) return "finished";
        if (stopped) return "interrupted";
      }
      if (!stopped && !isDone) {
        while (this.started.size < Math.min(workers, this.total - results.size)) this.start();
      }
      await sleep(POLL_MS);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    for (const { process } of this.started) process.kill("SIGKILL"); // only after an error of the launcher itself
  }

  private start(): void {
    const { folder, say, chunk } = this.options;
    const own = chunk === undefined ? [] : ["--chunk", `${chunk.index}/${chunk.count}`];
    // A group of its own: Ctrl-C on the terminal reaches the launcher alone, which then asks once.
    const child = spawn(process.execPath, [BIN, "study", "work", folder, ...own], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, ...this.options.env },
    });
    const one: Started = { process: child };
    this.started.add(one);
    let words = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (words + text).split("\n");
      words = lines.pop()!;
      for (const line of lines) if (line !== "") say?.(line);
    });
    child.on("message", (message: FromStudyWorker) => {
      one.fatal = message.fatal;
    });
    child.on("error", (error) => this.ended(one, { fatal: error.message }));
    child.on("close", (code, signal) => this.ended(one, { code, signal }));
  }

  private ended(
    one: Started,
    how: { code?: number | null; signal?: NodeJS.Signals | null; fatal?: string },
  ): void {
    if (!this.started.delete(one)) return;
    const fatal = how.fatal ?? one.fatal;
    if (fatal !== undefined) this.fatal ??= fatal;
    if (how.code === 0 || how.code === INTERRUPTED || fatal !== undefined) return;
    const wasKilled = how.signal === "SIGKILL" || how.signal === "SIGTERM" || how.signal === "SIGINT";
    const reason = how.signal
      ? `its process was ended by ${how.signal}`
      : `its process ended by itself, with code ${how.code}`;
    this.free(one.process.pid!, { end: wasKilled ? "killed" : "crashed", reason });
    this.deaths = this.results.look().size > this.resultsThen ? 1 : this.deaths + 1;
    this.resultsThen = this.results.look().size;
    if (this.deaths < DEATHS) return;
    this.fatal ??= `Cannot go on as the last ${DEATHS} worker processes died without a result, the last as ${reason}: see what was said above, and run the same command again`;
  }
  private resultsThen = 0;

  /** Say of every claim that a dead worker held how it ended. */
  private free(pid: number, end: EndRecord): void {
    const { me } = this.claims;
    const done = new Set([...this.results.look().values()].map((line) => basename(line.folder)));
    for (const [key, { attempt, ended }] of this.claims.look()) {
      if (key === LAUNCHER || ended.has(attempt) || done.has(key)) continue;
      const holder = this.claims.read({ key, attempt })?.holder;
      if (holder?.pid === pid && holder.host === me.host && holder.boot === me.boot)
        this.claims.end({ key, attempt }, end);
    }
  }
}
