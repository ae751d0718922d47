/** Evolution of networks, shapes and weights together. */
export {
  activationOrder,
  biasOf,
  type Connection,
  firstHidden,
  firstOutput,
  type Genome,
  networkOf,
  outputsOf,
  STEEPNESS,
} from "./genome.ts";
export { evolve, type Generation, NEAT_DEFAULTS, Neat, type NeatOptions, type NeatResult } from "./neat.ts";
