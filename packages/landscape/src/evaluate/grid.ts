/**
 * The points of a line or a plane that are evaluated, and the pieces of work that they are evaluated in. A grid has its own number of
 * points along each axis, any bounds, and counts its points with x fastest: point = row · columns + column.
 */

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly points: number;
}

/** One axis for a line, two for a plane. */
export type Grid = readonly [Axis] | readonly [Axis, Axis];

/** Points that one piece of work evaluates on one chunk of examples: some columns of one row. */
export interface Tile {
  readonly chunk: number;
  readonly row: number;
  readonly columns: readonly number[];
}

const RANGE = /^([^:]+):([^:]+):([^:]+)$/;
const MOST_POINTS = 10_000;

/** `-1:1:51`: bounds and number of points. Raises RangeError. */
export function parseAxis(text: string): Axis {
  const [, from, to, points] = (RANGE.exec(text) ?? []).map(Number) as [number, number, number, number];
  const axis = { from, to, points };
  if (RANGE.test(text)) return checkAxis(axis, text);
  const ends = /^([^:]*):([^:]*)(:[^:]*)?$/.exec(text);
  const missing = ends && ["lower", "upper"].find((_, k) => ends[k + 1]!.trim() === "");
  if (missing) {
    throw new RangeError(
      `Cannot use the range ${text} as it must have both ends: its ${missing} one is empty; a range to one side of the model is ${missing === "lower" ? "-1:0:26" : "0:1:26"}`,
    );
  }
  throw new RangeError(
    `Cannot read a range as it must be from:to:points, for example -1:1:51: current value is ${text}`,
  );
}

/** Raises RangeError for bounds that enclose nothing, and for numbers of points that make no axis. */
export function checkAxis(axis: Axis, text = `${axis.from}:${axis.to}:${axis.points}`): Axis {
  const { from, to, points } = axis;
  if (!(Number.isFinite(from) && Number.isFinite(to) && from < to)) {
    throw new RangeError(
      `Cannot use the range ${text} as its bounds must be finite and ascend: they are ${from} and ${to}`,
    );
  }
  if (!(Number.isInteger(points) && points >= 2 && points <= MOST_POINTS)) {
    throw new RangeError(
      `Cannot use the range ${text} as it must have 2 to ${MOST_POINTS} points: current value is ${points}`,
    );
  }
  return axis;
}

/** The coordinate of a place; the ends are exact. */
export function coordinate({ from, to, points }: Axis, place: number): number {
  const share = place / (points - 1);
  return from * (1 - share) + to * share;
}

export const coordinates = (axis: Axis): Float64Array =>
  Float64Array.from({ length: axis.points }, (_, place) => coordinate(axis, place));

export const columnsOf = ([x]: Grid): number => x.points;
export const rowsOf = ([, y]: Grid): number => y?.points ?? 1;
export const pointsOf = (grid: Grid): number => columnsOf(grid) * rowsOf(grid);

/** c of a point. */
export const placeOf = ([x, y]: Grid, row: number, column: number): number[] =>
  y === undefined ? [coordinate(x, column)] : [coordinate(x, column), coordinate(y, row)];

/** Points along an axis of the first, coarsest picture, about. */
const COARSEST = 7;

/**
 * All work in the order in which it should be done. The first chunk of examples goes over the grid from coarse to fine, so that a
 * picture is there at once and fills in; each further chunk goes over it row by row, and the picture sharpens. A tile has at most `widest`
 * points, all of a row by default: what a kill costs, and how long an interruption waits.
 */
export function tilesOf(grid: Grid, chunks: number, widest = Number.POSITIVE_INFINITY): Tile[] {
  const columns = columnsOf(grid);
  const rows = rowsOf(grid);
  const largest = Math.max(columns, rows);
  let stride = 1;
  while ((largest - 1) / stride + 1 > 2 * COARSEST - 1) stride *= 2;
  const tiles: Tile[] = [];
  const onLevel = (place: number, step: number) => place % step === 0;
  for (let step = stride; step >= 1; step /= 2) {
    const isFirst = step === stride;
    for (let row = 0; row < rows; row++) {
      if (!onLevel(row, step)) continue;
      const before = !isFirst && onLevel(row, 2 * step) ? 2 * step : 0;
      const some = range(columns).filter((c) => onLevel(c, step) && !(before > 0 && onLevel(c, before)));
      if (some.length > 0) tiles.push({ chunk: 0, row, columns: some });
    }
  }
  for (let chunk = 1; chunk < chunks; chunk++) {
    for (let row = 0; row < rows; row++) tiles.push({ chunk, row, columns: range(columns) });
  }
  return tiles.flatMap((tile) => narrowed(tile, widest));
}

/** A tile in pieces of at most so many points. */
export function narrowed({ chunk, row, columns }: Tile, widest: number): Tile[] {
  if (columns.length <= widest) return [{ chunk, row, columns }];
  const pieces = Array.from({ length: Math.ceil(columns.length / widest) }, (_, k) => k * widest);
  return pieces.map((begin) => ({ chunk, row, columns: columns.slice(begin, begin + widest) }));
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** How many examples are in each chunk: a small first one for the first picture, then equal ones, and the rest. */
export function chunkSizes(examples: number, { first, size }: { first: number; size: number }): number[] {
  const sizes = [Math.min(first, examples)];
  for (let left = examples - sizes[0]!; left > 0; left -= size) sizes.push(Math.min(size, left));
  return sizes;
}
