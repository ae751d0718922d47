/**
 * SLURM's commands, each with a time limit: a controller that is down keeps `squeue` waiting for ever. They are looked up on the PATH; what they
 * print is read, and what they complain of is passed on.
 */
import { execFile } from "node:child_process";
import { StudyError } from "../error.ts";

/** `sbatch` gives up by itself after 9 s when nobody answers. */
const TIMEOUT_MS = 15_000;
const LARGEST_OUTPUT = 1 << 28; // squeue's JSON has 3 kB a job

/** Run a command and give back what it printed. Raises StudyError, with what it complained of, unless it ends well. */
export function slurm(command: string, words: readonly string[], timeoutMs = TIMEOUT_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: LARGEST_OUTPUT, killSignal: "SIGKILL" as const };
    execFile(command, [...words], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(refusal(command, words, timeoutMs, error, stderr));
    });
  });
}

function refusal(
  command: string,
  words: readonly string[],
  timeoutMs: number,
  error: Error & { code?: string | number | null | undefined; killed?: boolean | undefined },
  stderr: string,
): StudyError {
  const asked = [command, ...words].join(" ");
  if (error.code === "ENOENT") {
    return new StudyError(
      `Cannot run ${asked} as ${command} must be on the PATH: it is not; go to a machine of the cluster, or use --on local`,
      { cause: error },
    );
  }
  const said = error.killed
    ? `it did not answer within ${timeoutMs / 1e3} s`
    : stderr.trim() || error.message;
  return new StudyError(`Cannot go on as \`${asked}\` failed: ${said}`, { cause: error });
}

/** The largest index of an array, and one more: `MaxArraySize`. SLURM's default where its configuration cannot be asked. */
export async function maxArraySize(): Promise<number> {
  const text = await slurm("scontrol", ["show", "config"]).catch(() => "");
  const [, size] = /^MaxArraySize\s*=\s*(\d+)/m.exec(text) ?? [];
  return size === undefined ? DEFAULT_MAX_ARRAY_SIZE : Number(size);
}
export const DEFAULT_MAX_ARRAY_SIZE = 1001;

/** Queue a script; the job's number. */
export async function sbatch(script: string): Promise<number> {
  const printed = await slurm("sbatch", ["--parsable", script]);
  const job = Number.parseInt(printed, 10); // "12", or "12;cluster"
  if (Number.isSafeInteger(job)) return job;
  throw new StudyError(
    `Cannot tell which job was queued as sbatch must print its number: it said ${printed}`,
  );
}
