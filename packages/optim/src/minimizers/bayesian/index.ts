/** Bayesian optimisation: as suggesters over the unit cube, for tuning, and as methods over a search box. */
import { gaussianProcess, tpe } from "./methods.ts";

export { type GpOptions, gp as gpSuggester } from "./gp.ts";
export {
  type Axis,
  CONTINUOUS,
  equalCells,
  type Observation,
  type Suggester,
} from "./observation.ts";
export { type TpeOptions, tpe as tpeSuggester } from "./tpe.ts";
export { gaussianProcess, tpe };

export const bayesianMethods = [tpe, gaussianProcess];
