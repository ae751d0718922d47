/**
 * Evaluate a grid: all tiles in order, shared among whoever evaluates, each kept as soon as it is done. What a log already holds is not
 * done again, so a survey that was cancelled or killed goes on where it stopped, and ends with the same bits.
 */
import type { TileEvaluator } from "./evaluator.ts";
import { type Tile, tilesOf } from "./grid.ts";
import { Surface, type SurfaceForm } from "./surface.ts";

/** Where tiles are kept. */
export interface TileLog {
  /** Tiles that are kept already: their place in the order of all, and their sums. */
  read(): Iterable<readonly [tile: number, sums: Float64Array]>;
  append(tile: number, sums: Float64Array): void;
}

export interface SurveyProgress {
  readonly done: number;
  readonly tiles: number;
  readonly surface: Surface;
}

export interface SurveyOptions {
  /** One for each thread that works. */
  readonly evaluators: readonly TileEvaluator[];
  readonly form: Omit<SurfaceForm, "columns">;
  /** All work, in its order; the whole grid on every chunk by default. */
  readonly tiles?: readonly Tile[];
  readonly log?: TileLog;
  /** Ends the survey after the tiles at hand. */
  readonly signal?: AbortSignal;
  readonly onTile?: (progress: SurveyProgress) => void;
}

export interface SurveyResult {
  readonly surface: Surface;
  readonly end: "finished" | "interrupted";
  /** Tiles that were evaluated now, and those that the log held. */
  readonly evaluated: number;
  readonly kept: number;
}

/** Raises what the evaluators raise; the log then holds what was done before. */
export async function survey(options: SurveyOptions): Promise<SurveyResult> {
  const { evaluators, form, log, signal, onTile } = options;
  const { tiles = tilesOf(form.grid, form.chunks.length) } = options;
  const surface = new Surface({ ...form, columns: evaluators[0]!.columns });
  const known = new Set<number>();
  for (const [tile, sums] of log?.read() ?? []) {
    surface.add(tiles[tile]!, sums);
    known.add(tile);
  }
  const kept = known.size;
  let next = 0;
  let evaluated = 0;
  const work = async (evaluator: TileEvaluator) => {
    for (;;) {
      while (known.has(next)) next++;
      const tile = next++;
      if (tile >= tiles.length || signal?.aborted) return;
      const sums = await evaluator.evaluate(tiles[tile]!);
      log?.append(tile, sums);
      surface.add(tiles[tile]!, sums);
      evaluated++;
      onTile?.({ done: kept + evaluated, tiles: tiles.length, surface });
      await breath();
    }
  };
  await Promise.all(evaluators.map(work));
  return { surface, end: kept + evaluated === tiles.length ? "finished" : "interrupted", evaluated, kept };
}

/** Let timers, signals and sockets have their turn. */
const breath = () => new Promise((resolve) => setImmediate(resolve));
