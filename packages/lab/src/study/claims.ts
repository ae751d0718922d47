/**
 * Claims: who does which run, decided by the file system alone, so that workers need to know nothing of each other.
 *
 *   claims/<key>.<n>.json   made exclusively by the n-th holder, whole, and never changed; its mtime is the holder's heartbeat
 *   claims/<key>.<n>.end    that this holder is gone, and why; only then the next may make <n + 1>
 *
 * Nothing is ever deleted or renamed, so no two processes can take the same claim, however slow one of them is; a holder from which a claim was taken
 * sees the next number and stops. Whether a holder lives is known at once on the same machine, by its process; elsewhere by a heartbeat that
 * does not come for a while, measured by the clock of the one who waits: clocks of two machines are never compared.
 *
 * Not guarded against: a file system that does not tell others of a new file for longer than the patience. Then a run may be done twice, with the
 * same bits, since it is a function of its configuration.
 *
 * This file needs nothing of training: the watchdog's thread loads it too.
 */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Holder, livesHere } from "./holder.ts";
import { claimsFolder } from "./layout.ts";

export interface ClaimRecord {
  holder: Holder;
  /** The line of the plan, or what else is held. */
  trial: number | string;
  /** By the holder's clock, ISO 8601. */
  since: string;
}

/**
 * Why a holder is gone.
 *
 * released   it ended cleanly, with a checkpoint
 * killed     it was ended from outside, or nobody knows how it ended
 * crashed    its program failed
 * time       it took longer than the study allows
 */
export type ClaimEnd = "released" | "killed" | "crashed" | "time";

export interface EndRecord {
  end: ClaimEnd;
  reason: string;
}

/** What stands in the folder about one key. */
export interface ClaimState {
  /** Of the latest claim; −1 where there is none. */
  attempt: number;
  /** How each earlier holder ended, and the latest if it is gone. */
  ends: readonly (EndRecord | undefined)[];
}

const NONE: ClaimState = { attempt: -1, ends: [] };

export const HEARTBEAT_SECONDS = 5;
/** A holder elsewhere that has not been heard of for so long is gone. */
export const PATIENCE_SECONDS = 60;

/** A claim that is held. */
export interface Claim {
  key: string;
  attempt: number;
}

/** The claims of a study, as one process sees them. */
export class Claims {
  readonly me: Holder;
  private readonly folder: string;
  private readonly patienceSeconds: number;
  /** Heartbeats that were seen, and when by this process's own clock. */
  private readonly heard = new Map<string, { beat: number; at: number }>();

  constructor(
    folder: string,
    me: Holder,
    { patienceSeconds = PATIENCE_SECONDS }: { patienceSeconds?: number } = {},
  ) {
    this.folder = claimsFolder(folder);
    this.me = me;
    this.patienceSeconds = patienceSeconds;
    mkdirSync(this.folder, { recursive: true });
  }

  /** All claims by key, without looking into them. */
  look(): Map<string, { attempt: number; ended: ReadonlySet<number> }> {
    const found = new Map<string, { attempt: number; ended: Set<number> }>();
    for (const name of readdirSync(this.folder)) {
      const [, key, number, kind] = /^(.+)\.(\d+)\.(json|end)$/.exec(name) ?? [];
      if (key === undefined) continue;
      const state = found.get(key) ?? { attempt: -1, ended: new Set<number>() };
      found.set(key, state);
      if (kind === "json") state.attempt = Math.max(state.attempt, Number(number));
      else state.ended.add(Number(number));
    }
    return found;
  }

  /** What stands there about a key. */
  state(key: string): ClaimState {
    let attempt = -1;
    while (this.exists(key, attempt + 1)) attempt++;
    if (attempt < 0) return NONE;
    return { attempt, ends: Array.from({ length: attempt + 1 }, (_, n) => this.readEnd(key, n)) };
  }

  /** Take the claim after `attempt`; undefined if somebody else was faster. Raises Node's errors. */
  take(key: string, attempt: number, trial: ClaimRecord["trial"]): Claim | undefined {
    const record: ClaimRecord = { holder: this.me, trial, since: new Date().toISOString() };
    return this.make(`${key}.${attempt}.json`, record) ? { key, attempt } : undefined;
  }

  /** Who holds a claim. */
  read({ key, attempt }: Claim): ClaimRecord | undefined {
    return this.readJson(`${key}.${attempt}.json`) as ClaimRecord | undefined;
  }

  /** Whether a claim is still one's own: nobody has said that its holder is gone. */
  holds({ key, attempt }: Claim): boolean {
    return this.readEnd(key, attempt) === undefined && !this.exists(key, attempt + 1);
  }

  /** Say that a holder is gone; what was said first counts. */
  end({ key, attempt }: Claim, record: EndRecord): void {
    this.make(`${key}.${attempt}.end`, record);
  }

  /** The heartbeat: tell the others that this process is at work. */
  beat({ key, attempt }: Claim): void {
    const now = new Date();
    try {
      utimesSync(join(this.folder, `${key}.${attempt}.json`), now, now);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error; // the folder was removed: the next write says so better
    }
  }

  /** Whether the holder of a claim is still there, as far as can be told from here. */
  lives(claim: Claim): boolean {
    const record = this.read(claim);
    const here = record === undefined ? undefined : livesHere(record.holder, this.me);
    return here ?? this.isHeard(claim);
  }

  /** Whether the heartbeat has changed within this process's patience. */
  private isHeard({ key, attempt }: Claim): boolean {
    const name = `${key}.${attempt}.json`;
    const beat = statSync(join(this.folder, name), { throwIfNoEntry: false })?.mtimeMs;
    const now = performance.now();
    const last = this.heard.get(name);
    if (last === undefined || last.beat !== beat) {
      this.heard.set(name, { beat: beat ?? 0, at: now });
      return true;
    }
    return now - last.at < this.patienceSeconds * 1e3;
  }

  private exists(key: string, attempt: number): boolean {
    return statSync(join(this.folder, `${key}.${attempt}.json`), { throwIfNoEntry: false }) !== undefined;
  }

  private readEnd(key: string, attempt: number): EndRecord | undefined {
    return this.readJson(`${key}.${attempt}.end`) as EndRecord | undefined;
  }

  /** Undefined where there is no such file, or where its writer died while writing it. */
  private readJson(name: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.folder, name), "utf8"));
    } catch (error) {
      if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Make a file that was not there, whole; false if it was there. */
  private make(name: string, content: object): boolean {
    const path = join(this.folder, name);
    const beside = join(this.folder, `.${this.me.id}.tmp`);
    try {
      writeFileSync(beside, `${JSON.stringify(content)}\n`);
      linkSync(beside, path); // fails if the place is taken, on a network's file system too
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === "EEXIST") return false;
      if (code === undefined || !WITHOUT_LINKS.has(code)) throw error;
      return makeDirectly(path, content);
    } finally {
      rmSync(beside, { force: true });
    }
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** What file systems say that have no hard links. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

function makeDirectly(path: string, content: object): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(content)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}
