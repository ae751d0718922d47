/** Where runs went, on a plane. Reading order: projection → course. */
export { commonDirections, LEAST_SHARE, type ProjectedCourse, projectCourse } from "./course.ts";
export { type Projection, Projector } from "./projection.ts";
