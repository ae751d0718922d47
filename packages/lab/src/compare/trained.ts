/** What a run has learnt, read back from its folder: the parameters that its rule evaluates with, and the running statistics. */
import { loadCheckpoint, openRun, segmentOf } from "@thalweg/train";
import type { LoadedTask } from "../tasks/load.ts";
import { createOptimizer } from "./learner.ts";
import { configuredRule, type TrialConfig } from "./trial.ts";

/** By name; a copy. Raises RangeError where the folder holds no checkpoint of this run. */
export async function trainedTensors(
  config: TrialConfig,
  { task, dataset }: LoadedTask,
  folder: string,
): Promise<Map<string, Float32Array>> {
  const rule = configuredRule(config);
  const { vector, optimizer, matrices } = createOptimizer({ task, dataset, rule, seed: config.seed });
  try {
    if (loadCheckpoint(openRun(folder), vector, optimizer) === undefined) {
      throw new RangeError(
        `Cannot read what was learnt in ${folder} as it must hold a checkpoint: there is none`,
      );
    }
    if (optimizer.hasView) await optimizer.writeView(vector.parameters);
    return new Map([
      ...vector.segments.map(
        (segment) => [segment.name, segmentOf(vector.parameters, segment).slice()] as const,
      ),
      ...vector.bufferSegments.map(
        (segment) => [segment.name, segmentOf(vector.buffers, segment).slice()] as const,
      ),
    ]);
  } finally {
    await matrices.release();
  }
}
