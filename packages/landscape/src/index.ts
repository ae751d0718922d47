/**
 * @thalweg/landscape: the surface an optimizer walks on. Directions in parameter space, the lines and planes they span, and the loss
 * on them with its error bar.
 */

// how models are connected
export * from "./connect/index.ts";
// how it bends
export * from "./curvature/index.ts";
// how training goes
export * from "./diagnostics/index.ts";
// directions
export { filterAxes } from "./directions/filter-axes.ts";
export { type FilterSegment, forEachFilter, layoutOf, type ParameterLayout } from "./directions/layout.ts";
export {
  type Normalization,
  type NormalizeOptions,
  normalizations,
  normalizeDirection,
  type ZeroPieces,
} from "./directions/normalize.ts";
export { cosine, orthogonalize } from "./directions/orthogonalize.ts";
export { type Principal, type PrincipalOptions, principalDirections } from "./directions/principal.ts";
export { type Direction, type RandomOptions, randomDirection } from "./directions/random.ts";
// heights
export { Evaluator, type EvaluatorOptions, type TileEvaluator } from "./evaluate/evaluator.ts";
export { type Examples, fillExamples, type SampleOptions, sampleExamples } from "./evaluate/examples.ts";
export {
  type Axis,
  checkAxis,
  chunkSizes,
  coordinates,
  type Grid,
  parseAxis,
  pointsOf,
  type Tile,
  tilesOf,
} from "./evaluate/grid.ts";
export { interpolator } from "./evaluate/interpolate.ts";
export { type Levels, levelsOf } from "./evaluate/levels.ts";
export { type BatchNormPolicy, batchNormPolicies } from "./evaluate/point-program.ts";
export { type RefinementOptions, Refiner } from "./evaluate/refine.ts";
export { OWN_LOSS, ownRows, type RowModel, type Rows, rowLosses, rowModel } from "./evaluate/rows.ts";
export { Surface, type SurfaceForm } from "./evaluate/surface.ts";
export {
  type SurveyOptions,
  type SurveyProgress,
  type SurveyResult,
  survey,
  type TileLog,
} from "./evaluate/survey.ts";
export {
  type Corrected,
  correctedMean,
  type TwoLevelPlan,
  twoLevelPlan,
  twoLevelTiles,
} from "./evaluate/two-level.ts";
// lines and planes
export { type AffineFamily, affineFamily, pointOf, squaredNorm, writePoint } from "./families/affine.ts";
export {
  lineBetween,
  type MarkedFamily,
  type Marker,
  type ModelPoint,
  planeThrough,
  rangeOf,
} from "./families/models.ts";
// planes that show a picture
export * from "./pattern/index.ts";
// how far it rises nearby
export * from "./sharpness/index.ts";
// files
export { type ContainerOptions, parseSurface, serializeSurface } from "./store/container.ts";
export { type Hdf5Options, parseHdf5, writeHdf5 } from "./store/hdf5.ts";
export { fieldOf, type HeightField, heightField } from "./store/height-field.ts";
export { type MeshOptions, writeGlb, writeStl } from "./store/meshes.ts";
export { parseCsv, type VtkOptions, writeCsv, writeVtp } from "./store/text-formats.ts";
export { openTileLog } from "./store/tile-log.ts";
// its valleys
export * from "./topology/index.ts";
// where runs went
export * from "./trajectory/index.ts";
