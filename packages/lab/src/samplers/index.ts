/** Search spaces and the samplers that walk them, in reading order. */

export { haltonCoordinate, radicalInverse } from "./halton.ts";
export {
  FIRST_TRIALS,
  type Learner,
  type Sampler,
  type SamplerName,
  type Study,
  samplers,
  suggest,
  type Tried,
} from "./samplers.ts";
export { sobolCoordinate } from "./sobol.ts";
export {
  type Categorical,
  type Configuration,
  type Dimension,
  type Float,
  type Int,
  parseSpace,
  type Space,
  unitOf,
  type Value,
  valueAt,
} from "./space.ts";
export { runTrials, startOfRound } from "./tune.ts";
