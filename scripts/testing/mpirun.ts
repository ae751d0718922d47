/**
 * For tests: programs under a real mpirun, of Open MPI and of MPICH, where they are installed. What is not installed says so in the
 * test's name, and how to get it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  /** Why its tests are skipped; undefined where they run. */
  readonly missing: string | undefined;
}

const which = (command: string) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));

const launcher = (name: Launcher["name"], command: string, debianPackage: string): Launcher => ({
  name,
  command,
  missing: which(command) ? undefined : `${command} is not installed (apt-get install ${debianPackage})`,
});

export const openMpi = launcher("Open MPI", "mpirun.openmpi", "openmpi-bin");
export const mpich = launcher("MPICH", "mpirun.mpich", "mpich");

/** The name of a group of tests, with the reason where they are skipped. */
export const titled = (title: string, { name, missing }: Launcher): string =>
  `${title}, ${name}${missing === undefined ? "" : `: SKIPPED as ${missing}`}`;

/** Root may start ranks, more of them than there are cores; numbers come without colours. */
const ENV = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_MCA_mpi_yield_when_idle: "1",
  NO_COLOR: "1",
};

export interface Job {
  /** What mpirun ended with. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface StartedJob {
  readonly ended: Promise<Job>;
  /** What all ranks have written to stdout and stderr so far. */
  written(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Start a program on so many ranks; `words` are what follows `node`. */
export function startRanks(
  { command }: Launcher,
  ranks: number,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): StartedJob {
  return startJob(command, ["-n", String(ranks), process.execPath, ...words], env);
}

/** Start mpirun with these words. */
export function startJob(
  command: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): StartedJob {
  const child = spawn(command, words, {
    env: { ...process.env, ...ENV, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    written.err += text;
  });
  const ended = once(child, "close").then(([code]): Job => ({ code, ...written }));
  return {
    ended,
    written: () => written.out + written.err,
    kill: (signal) => void child.kill(signal),
  };
}

export const runRanks = (...how: Parameters<typeof startRanks>): Promise<Job> => startRanks(...how).ended;

/** Processes whose command line has this word, by their numbers. */
export function processesWith(word: string): number[] {
  if (!existsSync("/proc")) {
    const { stdout } = spawnSync("ps", ["-eo", "pid,args"], { encoding: "utf8" });
    return stdout.split("\n").flatMap((line) => (line.includes(word) ? [Number.parseInt(line, 10)] : []));
  }
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word) ? [Number(pid)] : [];
    } catch {
      return []; // it has just ended
    }
  });
}
