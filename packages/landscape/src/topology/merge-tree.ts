/**
 * The valleys of a plane: points are flooded from the lowest on, each minimum begins a lake, and where two lakes meet, at a saddle, the
 * one with the higher minimum ends. What it was deep, the saddle's height less the minimum's, is its persistence.
 *
 *   persistence of a minimum = height at which its lake joins a deeper one − its own height;  infinite for the deepest
 *
 * Points are neighbours along rows, columns and diagonals. Points that are not finite are no land: nothing flows over them. Equal heights go
 * by their place, so that the tree is one and the same for a surface.
 *
 * Source  Edelsbrunner & Harer, "Computational Topology", VII.1: the elder rule, by union and find.
 */
import type { HeightField } from "../store/height-field.ts";
import { fieldOf } from "../store/height-field.ts";

export interface Valley {
  /** Of the minimum: its point, x fastest, its coordinates and its height. */
  readonly point: number;
  readonly at: readonly number[];
  readonly height: number;
  /** Where and how high its lake joins a deeper one; none for the deepest. */
  readonly saddle?: { readonly point: number; readonly at: readonly number[]; readonly height: number };
  /** The deeper valley that it joins, as a place in the list. */
  readonly joins?: number;
  readonly persistence: number;
}

export interface MergeTree {
  /** By persistence, the deepest first. */
  readonly valleys: readonly Valley[];
  /** For each point the valley whose minimum steepest descent reaches, as a place in the list; −1 where it is not finite. */
  readonly basins: Int32Array;
}

/** The merge tree of a field. Raises RangeError for a field that there is not. */
export function mergeTree(landscape: HeightField, field = "loss"): MergeTree {
  const heights = fieldOf(landscape, field);
  const width = landscape.x.length;
  const rows = Math.max(1, landscape.y.length);
  const order = Array.from(heights.keys())
    .filter((point) => Number.isFinite(heights[point]))
    .sort((a, b) => heights[a]! - heights[b]! || a - b);
  const parent = new Int32Array(heights.length).fill(-1);
  const find = (point: number): number => {
    let root = point;
    while (parent[root] !== root) root = parent[root]!;
    while (parent[point] !== root) [point, parent[point]] = [parent[point]!, root];
    return root;
  };
  // a lake's root is its minimum: the lower root stays
  const ends = new Map<number, { saddle: number; into: number }>();
  const minima: number[] = [];
  const rank = new Int32Array(heights.length).fill(-1);
  order.forEach((point, k) => {
    rank[point] = k;
    parent[point] = point;
    const lakes = new Set(
      neighbours(point, width, rows)
        .filter((one) => parent[one] !== -1)
        .map(find),
    );
    if (lakes.size === 0) minima.push(point);
    const [deepest, ...others] = [...lakes].sort((a, b) => rank[a]! - rank[b]!);
    if (deepest === undefined) return;
    parent[point] = deepest;
    for (const lake of others) {
      ends.set(lake, { saddle: point, into: deepest });
      parent[lake] = deepest;
    }
  });
  const placed = (point: number) => ({ point, at: placeOf(landscape, point), height: heights[point]! });
  const persistence = (point: number) => {
    const end = ends.get(point);
    return end === undefined ? Number.POSITIVE_INFINITY : heights[end.saddle]! - heights[point]!;
  };
  const sorted = [...minima].sort((a, b) => persistence(b) - persistence(a) || rank[a]! - rank[b]!);
  const placeIn = new Map(sorted.map((point, k) => [point, k]));
  const valleys = sorted.map((point): Valley => {
    const end = ends.get(point);
    return {
      ...placed(point),
      persistence: persistence(point),
      ...(end && { saddle: placed(end.saddle), joins: placeIn.get(end.into)! }),
    };
  });
  return { valleys, basins: basinsOf(order, heights, placeIn, { width, rows }) };
}

/** Every point has the basin of its lowest neighbour, found from the lowest point on. */
function basinsOf(
  order: readonly number[],
  heights: Float64Array,
  placeIn: ReadonlyMap<number, number>,
  { width, rows }: { width: number; rows: number },
): Int32Array {
  const basins = new Int32Array(heights.length).fill(-1);
  const isBefore = new Set<number>();
  for (const point of order) {
    const below = neighbours(point, width, rows).filter((one) => isBefore.has(one));
    const lowest = below.reduce((best, one) => (best < 0 || heights[one]! < heights[best]! ? one : best), -1);
    basins[point] = lowest < 0 ? placeIn.get(point)! : basins[lowest]!;
    isBefore.add(point);
  }
  return basins;
}

/**
 * How far saddles lie above minima, as a mean over all ends of valleys: SMAD. NaN with a single valley.
 *
 * Source  Landscaper, arXiv:2602.07135: mean over saddle–minimum edges of |f(saddle) − f(minimum)|.
 */
export function saddleMinimumDistance({ valleys }: MergeTree): number {
  const depths = valleys.map(({ persistence }) => persistence).filter(Number.isFinite);
  return depths.reduce((sum, depth) => sum + depth, 0) / depths.length;
}

function neighbours(point: number, width: number, rows: number): number[] {
  const [column, row] = [point % width, Math.floor(point / width)];
  const found: number[] = [];
  for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
    for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++) {
      if (r !== row || c !== column) found.push(r * width + c);
    }
  }
  return found;
}

const placeOf = ({ x, y }: HeightField, point: number): number[] =>
  y.length === 0 ? [x[point]!] : [x[point % x.length]!, y[Math.floor(point / x.length)]!];
