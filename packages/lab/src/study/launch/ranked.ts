/**
 * A trial on several ranks: the run's folder is made, and `mpirun -n 2 thalweg train --resume <folder>` takes it to its end, like any run on
 * ranks. A worker waits for it, passes on that it shall stop, and reads what came of it from the folder.
 *
 * The ranks are on a leash: their standard input ends with this process, however it ends, and then they leave, too; and they ask the claim before they
 * write, so that they harm nobody who has taken the run over.
 *
 * `THALWEG_MPIRUN` names another launcher: "srun --mpi=pmix".
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRun, type Evaluation, type Fence, type FitResult, readRun } from "@thalweg/train";
import { endedTrial, type TrialConfig } from "../../compare/trial.ts";
import type { Claim } from "../claims.ts";
import { StudyError } from "../error.ts";
import { claimsFolder } from "../layout.ts";
import { LEASH } from "./leash.ts";

export interface RankedPlace {
  /** Of the study. */
  study: string;
  /** Of the run. */
  folder: string;
  claim: Claim;
  fence: Fence;
  env: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal;
}

const BIN = fileURLToPath(new URL("../../../bin/thalweg.mjs", import.meta.url));
/** Exit codes of `thalweg train` on ranks: done, or to be gone on with. */
const DONE = 0;
const COME_BACK = 75;
/** A launcher that has not started its ranks yet does not pass a signal on: it is sent again. */
const ASK_AGAIN_MS = 1000;
const LAST_WORDS = 4000;

/**
 * Train on as many ranks as the configuration says. Raises StudyError where there is no launcher, RunFolderError where the folder cannot be written to,
 * and Error, with what the ranks said, where they fail.
 */
export async function runOnRanks(config: TrialConfig, place: RankedPlace): Promise<FitResult> {
  const { folder, fence, signal } = place;
  const before = endedTrial(config, folder);
  if (before !== undefined) return before;
  if (signal?.aborted) return interrupted(folder);
  if (readRun(folder) === undefined) createRun(folder, config, fence);
  const { code, words } = await launch(config.ranks ?? 1, place);
  const after = code === DONE ? endedTrial(config, folder) : undefined;
  if (after !== undefined) return after;
  if (code === COME_BACK) return interrupted(folder);
  throw new Error(`its ${config.ranks} ranks ended with code ${code}: ${words.trim()}`);
}

async function launch(
  ranks: number,
  { study, folder, claim, env, signal }: RankedPlace,
): Promise<{ code: number | null; words: string }> {
  const [launcher = "mpirun", ...options] = (env.THALWEG_MPIRUN ?? "mpirun").split(/\s+/).filter(Boolean);
  const words = [
    ...options,
    "-n",
    String(ranks),
    process.execPath,
    BIN,
    "train",
    "--resume",
    folder,
    "--json",
  ];
  const child = spawn(launcher, words, {
    stdio: ["pipe", "ignore", "pipe"],
    detached: true, // Ctrl-C on the terminal reaches the study alone, which then asks
    env: {
      // workers of one machine would all bind their ranks to its first cores
      OMPI_MCA_hwloc_base_binding_policy: "none",
      NO_COLOR: "1",
      ...env,
      [LEASH]: join(claimsFolder(study), `${claim.key}.${claim.attempt}`),
    },
  });
  child.stdin.on("error", () => {}); // it ends first
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-LAST_WORDS);
  });
  const stop = () => void child.kill("SIGUSR1");
  let asking: NodeJS.Timeout | undefined;
  const onAbort = () => {
    stop();
    asking = setInterval(stop, ASK_AGAIN_MS);
  };
  signal?.addEventListener("abort", onAbort);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, words: said };
  } catch (error) {
    throw missing(launcher, ranks, error as Error);
  } finally {
    clearInterval(asking);
    signal?.removeEventListener("abort", onAbort);
  }
}

const missing = (launcher: string, ranks: number, cause: Error) =>
  new StudyError(
    `Cannot train on ${ranks} ranks as ${launcher} must start them: ${cause.message}; install MPI (apt-get install openmpi-bin), or name a launcher, as THALWEG_MPIRUN="srun --mpi=pmix"`,
    { cause },
  );

/** Where a run was left, as its log has it. */
function interrupted(folder: string): FitResult {
  const evaluations = (readRun(folder)?.lines ?? []) as unknown as Evaluation[];
  const { step = 0, gradients = 0, seconds = 0 } = evaluations.at(-1) ?? {};
  return { end: "interrupted", step, gradients, seconds, evaluations };
}
