/** Analytic surfaces in the plane, and walks on them. Reading order: surface → catalogue → walk. */

export { findSurface, quadratic, surfaceOf, surfaces } from "./catalogue.ts";
export { type Near, nearestMinimum, type Point, type Surface } from "./surface.ts";
export { checkWalk, type Station, type Walk, type WalkOptions, walk } from "./walk.ts";
