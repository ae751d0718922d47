/**
 * The convexity of a plane, in a folder of its own: its tiles are kept as they come, so that the same question is gone on with after a stop.
 *
 *   meta.json      what it is of; its `identity` is the sha256 of all that the numbers depend on
 *   tiles.bin      both ends of the spectrum, tile by tile
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type AffineFamily,
  type ConvexityMap,
  convexityMap,
  type Grid,
  type ModelForm,
  openTileLog,
  SampledLoss,
  samplesFrom,
} from "@thalweg/landscape";
import { canonicalJson, type JsonObject, ParameterVector, replaceFile } from "@thalweg/train";
import { createEvaluator } from "./evaluator.ts";
import { fingerprintOf, type Subject } from "./subject.ts";
import { type Assignment, startThreads } from "./threads.ts";

export interface ConvexityRequest {
  readonly subject: Subject;
  readonly family: AffineFamily;
  readonly grid: Grid;
  readonly set: "train" | "test";
  /** Examples that it is measured on. */
  readonly indices: Uint32Array;
  readonly seed: number;
  readonly form: ModelForm;
  /** Threads that measure; 0 does it in this one. */
  readonly workers: number;
  /** landscapes/convexity-<id> by default. */
  readonly folder?: string;
  /** For people, kept in meta.json. */
  readonly facts: JsonObject;
  readonly signal: AbortSignal;
  onTile(progress: { done: number; tiles: number }): void;
}

/** Measure what is not measured yet. Raises RangeError for a folder that holds something else, and for a plane of another model. */
export async function runConvexity(request: ConvexityRequest): Promise<ConvexityMap & { folder: string }> {
  const { subject, family, grid, set, indices, seed, form, workers, facts, signal, onTile } = request;
  const { loaded, maker, model, point } = subject;
  const assignment: Assignment = {
    ...{ maker, set, indices, family, grid, dataset: loaded.dataset },
    ...{ loss: "", measures: [], chunks: [indices.length], batchNorm: "fixed", reference: undefined },
    convexity: { seed, form },
  };
  const identity = identityOf(assignment);
  const folder = request.folder ?? join("landscapes", `convexity-${identity.slice(0, 8)}`);
  mkdirSync(folder, { recursive: true });
  const log = openTileLog(join(folder, "tiles.bin"), identity);
  const meta = { format: "thalweg convexity", version: 1, identity, ...facts };
  replaceFile(join(folder, "meta.json"), Buffer.from(`${JSON.stringify(meta, null, 2)}\n`));
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(point.parameters);
  vector.buffers.set(point.buffers);
  const samples = samplesFrom({ split: loaded.dataset[set], normalization: loaded.dataset, indices });
  const loss = new SampledLoss({ model, vector, samples, form });
  const evaluators =
    workers === 0
      ? [await createEvaluator(assignment, loaded.task)]
      : await startThreads(assignment, workers);
  try {
    return { ...(await convexityMap(loss, { family, grid, seed, log, signal, onTile, evaluators })), folder };
  } finally {
    await Promise.all(evaluators.map((evaluator) => evaluator.release()));
    await loss.release();
  }
}

function identityOf({ maker, dataset, set, indices, family, grid, convexity }: Assignment): string {
  const { origin, basis, buffers } = family;
  const facts = {
    version: 1,
    ...{ task: maker.task, bias: maker.bias, data: dataset.fingerprint, set, convexity },
    grid: grid.map(({ from, to, points }) => [from, to, points]),
    examples: fingerprintOf(indices),
    family: fingerprintOf(origin, ...basis, ...(buffers ? [buffers.origin] : [])),
  };
  return createHash("sha256")
    .update(canonicalJson(facts as unknown as JsonObject))
    .digest("hex");
}
