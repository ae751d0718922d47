/** Planes that show a drawn picture. Reading order: mask → trained-plane → train-pattern. */
export { type Cell, edgeBand, type Mask, parseMask, placeOfCell, placesOf } from "./mask.ts";
export { type PatternTraining, type TrainedPattern, trainPattern } from "./train-pattern.ts";
