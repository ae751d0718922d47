/** Methods that draw populations and select from them. */
import { cmaEs } from "./cma-es.ts";
import { differentialEvolution } from "./differential-evolution.ts";
import { evolutionStrategy } from "./evolution-strategy.ts";
import { geneticAlgorithm } from "./genetic.ts";
import { snes, xnes } from "./natural-strategies.ts";
import { openaiEs } from "./openai-es.ts";

export { type CmaParameters, cmaParameters } from "./cma-parameters.ts";
export * from "./neat/index.ts";
export { cmaEs, differentialEvolution, evolutionStrategy, geneticAlgorithm, openaiEs, snes, xnes };

export const evolutionaryMethods = [
  geneticAlgorithm,
  evolutionStrategy,
  differentialEvolution,
  cmaEs,
  xnes,
  snes,
  openaiEs,
];
