/** The valleys of a surface, and how they join. */
export { type MergeTree, mergeTree, saddleMinimumDistance, type Valley } from "./merge-tree.ts";
