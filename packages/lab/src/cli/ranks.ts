/**
 * The command line on several ranks: `mpirun -n 4 thalweg train …`. Every rank does the same; rank 0 speaks for all. What goes wrong on
 * all of them alike is said once, by rank 0; what goes wrong on some is said by those, and ends the others.
 */
import { setTimeout as wait } from "node:timers/promises";
import { alone, type Communicator, findLaunch, joinRanks } from "@thalweg/train";
import { onLeash } from "../study/launch/leash.ts";
import { explain } from "./errors.ts";
import type { Io } from "./io.ts";

/** Ranks that fail alike do so at most this far apart; a rank that fails alone keeps the others waiting as long. */
const TOGETHER_MS = 5000;

/** Do some work as one of the ranks, and return its exit code; it writes to the streams that it is given. */
export async function onRanks(io: Io, work: (io: Io) => Promise<number>): Promise<number> {
  let communicator: Communicator;
  try {
    communicator = joinRanks(io.env);
  } catch (error) {
    return refuseToJoin(error, io);
  }
  if (communicator === alone) return work(io);
  // Without a listener SIGTERM would end this process before training began, and the job would fail.
  const told = new AbortController();
  process.on("SIGTERM", () => told.abort());
  const warned = AbortSignal.any([told.signal, ...(io.warned ? [io.warned] : [])]);
  const { rank, size } = communicator;
  if (rank === 0) onLeash(io.env, () => told.abort()); // mpirun gives its input to the first rank alone
  let message = "";
  const silent: Io = {
    ...io,
    stdout: { write: () => {} },
    stderr: {
      write: (text: string) => {
        message = text; // the last is why it ends
      },
    },
  };
  const code = await work({ ...(rank === 0 ? io : silent), warned, communicator });
  if (code !== 0 && !(await communicator.meet(TOGETHER_MS))) {
    if (rank > 0) io.stderr.write(`Rank ${rank} of ${size}: ${message}`);
    await wait(100); // launchers pass on what was said, but not after the end
    communicator.abort(code);
  }
  await communicator.leave();
  return code;
}

/** Ranks that cannot talk to each other: the launcher says which of them is the first. It ends all as soon as one has ended. */
async function refuseToJoin(error: unknown, io: Io): Promise<number> {
  const known = error instanceof TypeError || error instanceof RangeError;
  const { exitCode, message } = known
    ? { exitCode: 1, message: error.message }
    : explain(error, "thalweg train");
  const first = isFirst(io);
  if (first) io.stderr.write(`${message}\n`);
  await wait(first ? 100 : TOGETHER_MS);
  return exitCode;
}

function isFirst({ env }: Io): boolean {
  try {
    return findLaunch(env)?.rank === 0;
  } catch {
    return true; // the launcher's own variables make no sense
  }
}
