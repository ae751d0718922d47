/** Statistics of comparisons, in reading order. */

// What tuning adds: the noise of a search, the worth of a trial, room for the learning rate.
export { BAND_LEVEL, bandPercentile, outsideBand, pairBand, usualBand } from "./band.ts";
// One list of values, and two in pairs.
export { bootstrapMean, type Interval, meanOf, quantile } from "./bootstrap.ts";
// Many tasks together.
export { RESAMPLES } from "./draws.ts";
export { type Merged, orderTogether, probabilityOfImprovement } from "./improvement.ts";
export { type LearningRateWidth, learningRateWidth } from "./lr-width.ts";
export {
  ALPHA,
  holm,
  type PairedDifference,
  type PairedTest,
  pairedDifference,
  pairedFamily,
  type Verdict,
} from "./paired.ts";
export { seedsNeeded } from "./power.ts";
export { algoperfScore, PROFILE_TAUS, profileAt, profileScore, ratiosToFastest } from "./profile.ts";
export { criticalDifference, friedman, meanRanks, rankGroups, ranksOf } from "./ranks.ts";
// Records of a single recipe.
export { acceptsRecord, beatsRecord, recordMargin } from "./records.ts";
export { interquartileMean, normalisedScore, optimalityGap, orderOf, weightedMean } from "./score.ts";
export { pairsNeeded, signedRankP, smallestP } from "./signed-rank.ts";
export { eachDraw, percentileInterval, runsOf, type Stratum } from "./stratified.ts";
export { type Better, median, type Summary, summarize } from "./summary.ts";
export { type CostToTarget, costAtTarget, summarizeCosts } from "./target.ts";
export { type BestOf, bestOfCurve, type PoolTrial, winningChances } from "./tuning-curve.ts";
