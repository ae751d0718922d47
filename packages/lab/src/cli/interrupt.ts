/**
 * Ctrl-C: the first asks the work to end cleanly, the second ends the process at once. The only place that handles signals;
 * without it Node ends the process at the first. SIGUSR1 is a scheduler's warning that time is nearly up, SIGTERM its order to
 * leave: they ask too, and may come more than once, from the scheduler and from the launcher it started. What came before the work
 * began (`io.warned`) is not lost.
 */
import type { Io } from "./io.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGUSR1"] as const;

/** Do some work that a signal can end; `farewell` is said at the first one. */
export async function interruptible<T>(
  io: Pick<Io, "stderr" | "warned">,
  farewell: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    controller.abort(); // whoever draws on the terminal listens, and puts it in order
    io.stderr.write(`\n${farewell}\n`);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted && signal !== "SIGINT") return;
    if (controller.signal.aborted) process.exit(130); // as shells count it: 128 + SIGINT
    stop();
  };
  if (io.warned?.aborted) stop();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Wait for the signal. */
export const interrupted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });
