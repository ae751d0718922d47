/**
 * The learning-rate finder. Reading order: rates → range-test → smoothing → suggestions → methods → local-fit →
 * there-and-back → finding.
 */
export { findRate, OURS, type RateBand, type RateFinding, type Suggestion } from "./finding.ts";
export { type Fit, fitLocally } from "./local-fit.ts";
export { type Method, methods } from "./methods.ts";
export { type RangeTest, type RangeTestOptions, rangeTest } from "./range-test.ts";
export { type RateRange, testRates } from "./rates.ts";
export { type Convention, conventions, smoothedCurve } from "./smoothing.ts";
export {
  type LossCurve,
  minimumOverTen,
  slide,
  steep,
  steepestBeforeMinimum,
  steepestPerRate,
  steepestPerStep,
  valley,
} from "./suggestions.ts";
export {
  HALF_WIDTH,
  type Reading,
  readTest,
  type ThereAndBack,
  type ThereAndBackOptions,
  thereAndBack,
} from "./there-and-back.ts";
