/**
 * A plane measured where it needs to be. Heights are counted in contours of the picture, and a point is left to interpolation where that is
 * within a tolerance:
 *
 *   points     the first chunk of examples goes over the grid from coarse to fine; a cell is divided where its newest corners were not as the
 *              level before foretold them, are not finite, or are a highest or lowest point among their neighbours
 *   examples   a further chunk is measured where the standard error is still above the tolerance, and there, as what it adds is small and
 *              smooth, on a coarse grid that is divided by the same rule:   L̂ = M₀ + Σ n_c R_c / N,   R_c = mean of chunk c − M₀
 *
 * What is left out is put to the test: of the points that could be foretold, one in sixteen is measured all the same, and the root mean square
 * of their errors is the bar that comes with the surface. Work comes in rounds, each of which depends on those before only.
 *
 * Not finite stays so: next to it nothing is foretold, and everything is measured.
 */
import { stream } from "@thalweg/random";
import { columnsOf, type Grid, narrowed, pointsOf, rowsOf, type Tile } from "./grid.ts";
import { levelsOf } from "./levels.ts";
import { filled, type Level, levelsFrom, pointsOn, predictor } from "./nested.ts";
import type { Surface } from "./surface.ts";

export interface RefinementOptions {
  /** Largest error of a height, and largest standard error, in contours. */
  readonly tolerance: number;
  /** Most points of a tile; all of a row by default. */
  readonly widest?: number;
}

/** Points along an axis of the coarsest level, about, and how many of the foretold ones are measured nevertheless. */
const [COARSEST, CONTROLS] = [7, 1 / 16];

/** What was foretold, and what was then found. */
interface Control {
  readonly chunk: number;
  readonly point: number;
  readonly foretold: number;
}

export class Refiner {
  private readonly surface: Surface;
  private readonly options: RefinementOptions;
  /** Of the first chunk; those of further chunks begin one stride above. */
  private readonly levels: readonly Level[];
  private readonly coarser: readonly Level[];
  /** By chunk: 1 for each point whose round is done. */
  private readonly masks: Uint8Array[] = [];
  private readonly controls: Control[] = [];

  /** Raises RangeError for a tolerance that is none. */
  constructor(surface: Surface, options: RefinementOptions) {
    const { tolerance } = options;
    if (!(tolerance > 0 && tolerance < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `Cannot refine as the tolerance must be above 0 contours: current value is ${tolerance}`,
      );
    }
    this.surface = surface;
    this.options = options;
    const { grid } = surface.form;
    const largest = Math.max(columnsOf(grid), rowsOf(grid));
    let stride = 1;
    while ((largest - 1) / stride + 1 > 2 * COARSEST - 1) stride *= 2;
    this.levels = levelsFrom(grid, stride);
    this.coarser = levelsFrom(grid, 2 * stride);
  }

  /** Tiles, round by round; the surface must have those of a round before the next is asked for. */
  *rounds(): Generator<readonly Tile[], void, void> {
    const { chunks } = this.surface.form;
    yield* this.sweep(0, this.levels, () => true);
    for (let chunk = 1; chunk < chunks.length; chunk++) {
      const errors = this.errorsInContours();
      const needs = (point: number) => !(errors[point]! <= this.options.tolerance);
      if (!this.masks[0]!.some((is, point) => is === 1 && needs(point))) return;
      yield* this.sweep(chunk, this.coarser, (point) => this.masks[0]![point] === 1 && needs(point));
    }
  }

  /** One chunk of examples, over the levels: all of the first two, then what `may` and cannot be foretold. */
  private *sweep(
    chunk: number,
    levels: readonly Level[],
    may: (point: number) => boolean,
  ): Generator<readonly Tile[], void, void> {
    const { grid } = this.surface.form;
    const mask = new Uint8Array(pointsOf(grid));
    this.masks[chunk] = mask;
    let rough: Uint8Array = new Uint8Array(pointsOf(grid));
    for (const [k, level] of levels.entries()) {
      const parents = levels[k - 1];
      const values = this.values(chunk, levels.slice(0, k));
      const predict = parents && predictor(grid, parents, values);
      const known = new Set(parents === undefined ? [] : pointsOn(grid, parents));
      const fresh = pointsOn(grid, level).filter((point) => !known.has(point));
      const draw = stream(0, "landscape/controls", chunk, level.stride);
      const isRough = parents === undefined || k === 1 ? () => true : roughAround(grid, parents, rough);
      const chosen: number[] = [];
      const tried: number[] = [];
      for (const point of fresh) {
        const isControl = draw.uniform() < CONTROLS; // drawn for each, so that one does not shift the others
        if (k < 2) chosen.push(point);
        else if (!may(point)) continue;
        else if (isRough(point)) chosen.push(point);
        else if (isControl) tried.push(point);
      }
      const wanted = [...chosen, ...tried].sort((a, b) => a - b);
      if (wanted.length > 0) yield this.tilesOf(chunk, wanted);
      for (const point of wanted) mask[point] = 1;
      const found = this.values(chunk, levels.slice(0, k + 1));
      for (const point of tried) this.controls.push({ chunk, point, foretold: predict!(point) });
      rough = this.roughness(chunk, { level, wanted, found, ...(predict && { predict }) });
    }
  }

  /** 1 for points that were not as foretold, and for highest and lowest ones. */
  private roughness(
    chunk: number,
    sweep: { level: Level; wanted: number[]; found: Float64Array; predict?: (point: number) => number },
  ): Uint8Array {
    const { level, wanted, found, predict } = sweep;
    const { grid, chunks } = this.surface.form;
    const rough = new Uint8Array(pointsOf(grid));
    // what one chunk changes in a mean over all so far
    const share = chunk === 0 ? 1 : chunks[chunk]! / sum(chunks.slice(0, chunk + 1));
    const inContours = this.scale();
    for (const point of wanted) {
      if (predict === undefined) continue;
      const error = inContours(point, share * (found[point]! - predict(point)));
      if (!(error <= this.options.tolerance)) rough[point] = 1;
    }
    if (chunk === 0) for (const point of extremes(grid, level, found)) rough[point] = 1;
    return rough;
  }

  /** How many contours a change of the height at a point is, by the heights known so far. */
  private scale(): (point: number, change: number) => number {
    const heights = this.values(0, this.levels);
    const { toLevel } = levelsOf(heights);
    const levels = heights.map(toLevel);
    return (point, change) => Math.abs(toLevel(heights[point]! + Math.abs(change)) - levels[point]!);
  }

  private errorsInContours(): Float64Array {
    const inContours = this.scale();
    return this.standardError().map((error, point) => inContours(point, error));
  }

  /** M₀ or R_c of the loss, filled as far as these levels go. */
  private values(chunk: number, levels: readonly Level[], measure = "loss"): Float64Array {
    const { grid, chunks, classCounts } = this.surface.form;
    const [, place] = /\/(\d+)$/.exec(measure) ?? [];
    const count = (c: number) =>
      place === undefined ? chunks[c]! : (classCounts?.[c]?.[Number(place)] ?? 0);
    const mean = (c: number) =>
      this.surface
        .chunkTotal(measure, c)
        .map((total, point) => (this.surface.isDone(c, point) ? total / count(c) : Number.NaN));
    const mask = this.masks[chunk]!;
    const own = mean(chunk);
    if (chunk > 0)
      mean(0).forEach((first, point) => {
        own[point]! -= first;
      });
    return filled(grid, levels, (point) => mask[point] === 1, own);
  }

  /** The chunks that some point is measured on. */
  private get used(): number[] {
    const hasPoints = (chunk: number) => this.masks[chunk]!.some((is) => is === 1);
    return [...this.masks.keys()].filter(hasPoints);
  }

  /** The mean of a measure at every point of the grid: measured, or interpolated within the tolerance. */
  mean(measure: string): Float64Array {
    const { chunks } = this.surface.form;
    const { used } = this;
    const N = sum(used.map((chunk) => chunks[chunk]!));
    const result = this.values(0, this.levels, measure);
    for (const chunk of used.slice(1)) {
      const weight = chunks[chunk]! / N;
      this.values(chunk, this.coarser, measure).forEach((residual, point) => {
        result[point]! += weight * residual;
      });
    }
    return result;
  }

  /** Of the mean loss, or of the mean difference to the reference, over the examples of all chunks so far, with the spread of those that a point, or its neighbours, are measured on. */
  standardError(of: "loss" | "difference" = "loss"): Float64Array {
    const { grid, chunks } = this.surface.form;
    const { used, masks, surface } = this;
    const size = pointsOf(grid);
    const [n, sums, squares] = [0, 0, 0].map(() => new Float64Array(size)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (const chunk of used) {
      const [loss, square] = [surface.chunkTotal(of, chunk), surface.chunkTotal(`${of}Squared`, chunk)];
      for (let point = 0; point < size; point++) {
        if (masks[chunk]![point] === 0) continue;
        n[point]! += chunks[chunk]!;
        sums[point]! += loss[point]!;
        squares[point]! += square[point]!;
      }
    }
    const variances = n.map((count, point) =>
      count < 2 ? Number.NaN : Math.max(0, squares[point]! - sums[point]! ** 2 / count) / (count - 1),
    );
    const N = sum(used.map((chunk) => chunks[chunk]!));
    return filled(grid, this.levels, (point) => masks[0]![point] === 1, variances).map((variance) =>
      Math.sqrt(Math.max(0, variance) / N),
    );
  }

  /** What points that are not measured were wrong by, where it was put to the test: root mean square, of all chunks together. NaN without any. */
  get bar(): number {
    const { chunks } = this.surface.form;
    const { used } = this;
    const N = sum(used.map((chunk) => chunks[chunk]!));
    const variances = used.flatMap((chunk) => {
      const controls = this.controls.filter((control) => control.chunk === chunk);
      if (controls.length === 0) return [];
      const values = this.values(chunk, chunk === 0 ? this.levels : this.coarser);
      const squares = controls.map(({ point, foretold }) => (values[point]! - foretold) ** 2);
      const weight = chunk === 0 ? 1 : chunks[chunk]! / N;
      return [(weight ** 2 * sum(squares)) / squares.length];
    });
    return variances.length === 0 ? Number.NaN : Math.sqrt(sum(variances));
  }

  /** Examples measured, over all points: what the picture cost. */
  get cost(): number {
    const { chunks } = this.surface.form;
    return sum(this.masks.map((mask, chunk) => chunks[chunk]! * mask.reduce((count, is) => count + is, 0)));
  }

  private tilesOf(chunk: number, points: readonly number[]): Tile[] {
    const { widest = Number.POSITIVE_INFINITY } = this.options;
    const width = columnsOf(this.surface.form.grid);
    const rows = new Map<number, number[]>();
    for (const point of points) {
      const row = Math.floor(point / width);
      rows.set(row, [...(rows.get(row) ?? []), point % width]);
    }
    return [...rows].flatMap(([row, columns]) => narrowed({ chunk, row, columns }, widest));
  }

  /** Take what a surface has, as far as its rounds are done. */
  static of(surface: Surface, options: RefinementOptions): Refiner {
    const refiner = new Refiner(surface, options);
    const width = columnsOf(surface.form.grid);
    for (const round of refiner.rounds()) {
      const isDone = round.every(({ chunk, row, columns }) =>
        columns.every((column) => surface.isDone(chunk, row * width + column)),
      );
      if (!isDone) break;
    }
    return refiner;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Whether a point lies in or on a cell of the level that has a rough corner, or whose neighbours have one: cubics look as far. */
function roughAround(grid: Grid, { columns, rows }: Level, rough: Uint8Array): (point: number) => boolean {
  const width = columnsOf(grid);
  return (point) => {
    const beside = around(columns, point % width);
    return around(rows, Math.floor(point / width)).some((row) =>
      beside.some((column) => rough[row * width + column] === 1),
    );
  };
}

/** The places of a level around one: two on each side, and the place itself where it is one of them. */
function around(places: readonly number[], place: number): readonly number[] {
  const after = places.findIndex((one) => one >= place);
  return places.slice(Math.max(0, after - 2), after + 2 + Number(places[after] === place));
}

/** Points of a level that are higher or lower than all their neighbours on it. */
function extremes(grid: Grid, { columns, rows }: Level, values: Float64Array): number[] {
  const width = columnsOf(grid);
  const at = (i: number, j: number) => values[rows[j]! * width + columns[i]!]!;
  const found: number[] = [];
  for (let j = 0; j < rows.length; j++) {
    for (let i = 0; i < columns.length; i++) {
      const beside: number[] = [];
      for (const dj of [-1, 0, 1]) {
        for (const di of [-1, 0, 1]) {
          if ((di !== 0 || dj !== 0) && columns[i + di] !== undefined && rows[j + dj] !== undefined)
            beside.push(at(i + di, j + dj));
        }
      }
      const here = at(i, j);
      if (beside.every((one) => one > here) || beside.every((one) => one < here))
        found.push(rows[j]! * width + columns[i]!);
    }
  }
  return found;
}
