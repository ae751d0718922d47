/** Search spaces and the samplers that walk them, in reading order. */

export { haltonCoordinate, radicalInverse } from "./halton.ts";
export { type Sampler, type SamplerName, type Study, samplers, suggest } from "./samplers.ts";
export {
  type Categorical,
  type Configuration,
  type Dimension,
  type Float,
  type Int,
  parseSpace,
  type Space,
  type Value,
  valueAt,
} from "./space.ts";
