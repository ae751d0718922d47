/**
 * Prepared models that nobody uses at the moment, by what they compute. A comparison trains one network hundreds of times:
 * preparing it takes 10 to 20 ms, which is paid once per thread. A session holds no state between runs.
 */
import { createHash } from "node:crypto";
import { InferenceSession } from "onnxruntime-node";

/** Sessions kept at most; the longest unused goes first. */
const MOST = 16;

interface Idle {
  key: string;
  session: InferenceSession;
}

const idle: Idle[] = [];
const keys = new WeakMap<InferenceSession, string>();

/**
 * A session for the model: one that was given back, or a new one. `optimize` asks for ONNX Runtime's own rewriting of the
 * graph, which pays where weights are constants of the model. Where they are inputs there is nothing left to win (a GPT,
 * ResNet-20, an MLP: within 3 %, either way) and preparing takes four times as long: ResNet-56, 4650 nodes, 760 ms, not 160.
 */
export async function takeSession(
  model: Uint8Array,
  threads: number,
  optimize = false,
): Promise<InferenceSession> {
  const key = `${threads} ${optimize} ${createHash("sha256").update(model).digest("hex")}`;
  const at = idle.findIndex((one) => one.key === key);
  if (at >= 0) return idle.splice(at, 1)[0]!.session;
  const session = await prepareSession(model, threads, optimize);
  keys.set(session, key);
  return session;
}

/** A session for a model that comes once: none is looked for, and it is not to be given back. */
export const prepareSession = (
  model: Uint8Array,
  threads: number,
  optimize: boolean,
): Promise<InferenceSession> =>
  InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: optimize ? "all" : "disabled",
    // planned from the first run, a second block as large as the peak joins the first run's: twelve convolutions (batch 64)
    // took 140 MB with patterns and 71 without, in the same time
    enableMemPattern: false,
    logSeverityLevel: 3,
  });

/** Give back a session that is not used any more. */
export async function giveSession(session: InferenceSession): Promise<void> {
  idle.push({ key: keys.get(session)!, session });
  if (idle.length > MOST) await idle.shift()!.session.release();
}

/** How many sessions wait for use. */
export const idleSessions = (): number => idle.length;
