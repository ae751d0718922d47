/** Transforms by name: each takes its hyperparameters and gives a link for `chain`. */
import type { Link } from "../rule.ts";
import { addDecayedWeights } from "./add-decayed-weights.ts";
import { clipByGlobalNorm } from "./clip-by-global-norm.ts";
import { clipByValue } from "./clip-by-value.ts";

export { addDecayedWeights, clipByGlobalNorm, clipByValue };

export const transforms: Readonly<Record<string, (hyper?: Record<string, number>) => Link>> = {
  clipByValue,
  clipByGlobalNorm,
  addDecayedWeights,
};
