/** Statistics of comparisons, in reading order. */
export { bootstrapMean, type Interval, quantile } from "./bootstrap.ts";
export {
  ALPHA,
  holm,
  type PairedDifference,
  type PairedTest,
  pairedDifference,
  pairedFamily,
  type Verdict,
} from "./paired.ts";
export { type Better, median, type Summary, summarize } from "./summary.ts";
export { type CostToTarget, costAtTarget, summarizeCosts } from "./target.ts";
