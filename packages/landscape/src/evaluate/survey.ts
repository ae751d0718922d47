/**
 * Evaluate a grid: all tiles in order, shared among whoever evaluates, each kept as soon as it is done. What a log already holds is not
 * done again, so a survey that was cancelled or killed goes on where it stopped, and ends with the same bits.
 *
 * Where the work is known beforehand it is one list of tiles. Where it depends on what was found it comes in rounds, each of which is
 * begun when the one before is done: so the tiles are the same ones whoever was faster.
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
  /** Of the rounds so far. */
  readonly tiles: number;
  readonly surface: Surface;
}

export interface SurveyOptions {
  /** One for each thread that works. */
  readonly evaluators: readonly TileEvaluator[];
  readonly form: Omit<SurfaceForm, "columns">;
  /** All work, in its order; the whole grid on every chunk by default. */
  readonly tiles?: readonly Tile[];
  /** Instead of tiles: the work in rounds, from the surface as the rounds before have left it. */
  readonly rounds?: (surface: Surface) => Iterable<readonly Tile[]>;
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
  const known = new Map(log?.read() ?? []);
  let [first, planned, kept, evaluated] = [0, 0, 0, 0];

  /** All tiles of a round; false where the signal ended it. */
  const finish = async (round: readonly Tile[]): Promise<boolean> => {
    const open: number[] = [];
    round.forEach((tile, k) => {
      const sums = known.get(first + k);
      if (sums === undefined) open.push(k);
      else surface.add(tile, sums);
    });
    kept += round.length - open.length;
    planned += round.length;
    let next = 0;
    const work = async (evaluator: TileEvaluator) => {
      while (next < open.length && !signal?.aborted) {
        const k = open[next++]!;
        const sums = await evaluator.evaluate(round[k]!);
        log?.append(first + k, sums);
        surface.add(round[k]!, sums);
        evaluated++;
        onTile?.({ done: kept + evaluated, tiles: planned, surface });
        await breath();
      }
    };
    await Promise.all(evaluators.map(work));
    first += round.length;
    return kept + evaluated === planned;
  };

  for (const round of options.rounds?.(surface) ?? [tiles]) {
    if (!(await finish(round))) return { surface, end: "interrupted", evaluated, kept };
  }
  return { surface, end: "finished", evaluated, kept };
}

/** Let timers, signals and sockets have their turn. */
const breath = () => new Promise((resolve) => setImmediate(resolve));
