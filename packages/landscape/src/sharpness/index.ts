/** How far the loss rises nearby. Reading order: neighbourhood → worst-case → average-case. */
export { type AverageCaseOptions, averageCase } from "./average-case.ts";
export { type NeighbourhoodOptions, type Scale, scales } from "./neighbourhood.ts";
export {
  keskarSharpness,
  meanWorstCase,
  type WorstCase,
  type WorstCaseOptions,
  worstCase,
} from "./worst-case.ts";
