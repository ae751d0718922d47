/** How much memory training takes, before it is tried. Read first: plan.ts. */
export { CHECKPOINTS, type Checkpoints, markCheckpoints } from "./checkpoints.ts";
export { type LargestBatch, largestBatch } from "./largest-batch.ts";
export { type FileOptions, plannable, plannableFile } from "./models.ts";
export {
  MEMORY_PARTS,
  type MemoryPart,
  type MemoryPlan,
  type MemoryRequest,
  type Plannable,
  planMemory,
  type TracedModel,
} from "./plan.ts";
export { type Precision, type PrecisionName, precisions } from "./precision.ts";
export { type ProcessMemory, processMemory } from "./process.ts";
export { SHARDED_FROM, type Sharding } from "./sharding.ts";
export { type ParameterShape, stateCount } from "./state.ts";
export { type RuleOfThumb, type TransformerSize, transformerRule } from "./transformer.ts";
