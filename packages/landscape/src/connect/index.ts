/** Low roads from one model to another. Reading order: curve → curve-heights → train-curve. */
export {
  type Curve,
  type CurveKind,
  chordLengths,
  coefficients,
  curveKinds,
  straightCurve,
  writeCurve,
} from "./curve.ts";
export {
  barrierOf,
  type CurveHeights,
  CurveMeter,
  evenly,
  type HeightsOptions,
  meanAlong,
} from "./curve-heights.ts";
export { type CurveTraining, type TrainedCurve, trainCurve } from "./train-curve.ts";
