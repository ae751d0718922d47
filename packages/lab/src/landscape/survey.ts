/**
 * A landscape from what was asked to what is found, in a folder of its own:
 *
 *   meta.json      what it is of; its `identity` is the sha256 of all that the numbers depend on
 *   overlay.json   what lies on it, for those who draw it: models, and the courses of runs
 *   tiles.bin      what is evaluated, tile by tile, appended as it comes
 *   surface.npz    the heights: every few seconds those that are known, and all once the survey ends
 *
 * Asked for again, it goes on where it stopped; another survey is refused the folder.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AffineFamily,
  type BatchNormPolicy,
  chunkSizes,
  type Grid,
  OWN_LOSS,
  openTileLog,
  type RefinementOptions,
  Refiner,
  type Surface,
  type SurveyProgress,
  type SurveyResult,
  serializeSurface,
  survey,
  type TileEvaluator,
  type TwoLevelPlan,
  tilesOf,
  twoLevelPlan,
  twoLevelTiles,
} from "@thalweg/landscape";
import { canonicalJson, type JsonObject, replaceFile } from "@thalweg/train";
import { classesOf, createEvaluator } from "./evaluator.ts";
import { fingerprintOf, type Subject } from "./subject.ts";
import { type Assignment, startThreads } from "./threads.ts";

export interface SurveyRequest {
  readonly subject: Subject;
  readonly family: AffineFamily;
  readonly grid: Grid;
  readonly set: "train" | "test";
  /** In the order in which they are used. */
  readonly indices: Uint32Array;
  readonly batchNorm: BatchNormPolicy;
  /** One of `rowLosses`, as `rowLossOf` finds it. */
  readonly loss: string;
  readonly measures: readonly string[];
  /** Of the examples, how many the whole grid is evaluated on, and a coarse one on the rest; all by default. */
  readonly wholeGridOn?: number;
  /** Measure where contours need it, and interpolate the rest within so many of them. */
  readonly tolerance?: number;
  /** Losses are compared with those at the same place of another model's plane; with those at the centre by default. */
  readonly minus?: { readonly subject: Subject; readonly family: AffineFamily };
}

/** How heights follow from what is measured, where that is not the whole grid on all examples. */
export type SurveyPlan = TwoLevelPlan | RefinementOptions;

export interface Survey {
  readonly identity: string;
  readonly assignment: Assignment;
  /** Most points of a tile. */
  readonly widest: number;
  readonly plan?: SurveyPlan;
}

/** The first picture is of few examples; further chunks are large enough that a call of ONNX Runtime costs little. */
const CHUNKS = { first: 250, size: 1_000 };
/**
 * Of a convolutional network, which is prepared anew for each point and chunk: few large chunks, and tiles of few points, so that a kill
 * costs seconds.
 */
const CONVOLUTIONAL = { first: 250, size: 750, widest: 8 };
/** Of a loss of the model's own, whose graph has every example of a chunk. */
const SIDE_BY_SIDE = { first: 20, size: 20 };
const VERSION = 2;

/** Fix all that the numbers depend on. */
export function planSurvey(request: SurveyRequest): Survey {
  const { subject, family, grid, set, batchNorm, loss, measures, minus } = request;
  requireSameExamples(request);
  const { dataset } = subject.loaded;
  const { onlyBatch } = subject.model as { onlyBatch?: number };
  const count = request.indices.length - (onlyBatch === undefined ? 0 : request.indices.length % onlyBatch);
  const indices = request.indices.subarray(0, count);
  const convolves = subject.layout.segments.some(({ shape }) => shape.length > 2);
  const usual = loss === OWN_LOSS ? SIDE_BY_SIDE : convolves ? CONVOLUTIONAL : CHUNKS;
  const [first, size] = [onlyBatch ?? usual.first, onlyBatch ?? usual.size];
  const few = Math.min(count, request.wholeGridOn ?? count);
  const onAll = chunkSizes(few - (few % (onlyBatch ?? 1)), { first, size });
  const onCoarse =
    few === count ? [] : chunkSizes(count - onAll.reduce((sum, one) => sum + one, 0), { first: size, size });
  const chunks = [...onAll, ...onCoarse];
  const widest = convolves ? CONVOLUTIONAL.widest : grid[0].points;
  const plan = planOf(request, { onAll: onAll.length, onCoarse: onCoarse.length, widest });
  const { maker } = subject;
  const assignment: Assignment = {
    maker,
    dataset,
    set,
    indices,
    loss,
    measures,
    family,
    grid,
    chunks,
    batchNorm,
    reference: minus === undefined ? "centre" : { maker: minus.subject.maker, family: minus.family },
  };
  return { identity: identityOf(assignment, { widest, ...plan }), assignment, widest, ...(plan && { plan }) };
}

function planOf(
  { grid, tolerance }: SurveyRequest,
  { onAll, onCoarse, widest }: Record<"onAll" | "onCoarse" | "widest", number>,
): SurveyPlan | undefined {
  if (tolerance !== undefined) return { tolerance, widest };
  return onCoarse === 0 ? undefined : twoLevelPlan(grid, onAll);
}

/** A plane of a model with other tensors would be compared example by example all the same: raises RangeError. */
function requireSameExamples({ subject, minus }: SurveyRequest): void {
  const shapes = [subject, ...(minus ? [minus.subject] : [])].map(({ loaded: { dataset } }) => dataset);
  const [ours, theirs = ours] = shapes;
  if (ours!.fingerprint === theirs!.fingerprint) return;
  throw new RangeError(
    `Cannot subtract ${minus!.subject.name} from ${subject.name} as both must be measured on the same data: it is ${ours!.name} (${ours!.fingerprint.slice(0, 8)}) of one and ${theirs!.name} (${theirs!.fingerprint.slice(0, 8)}) of the other`,
  );
}

function identityOf(assignment: Assignment, plan: { readonly widest: number } & Partial<SurveyPlan>): string {
  const { maker, dataset, set, indices, loss, measures, family, grid, chunks, batchNorm } = assignment;
  const { reference } = assignment;
  const facts = {
    version: VERSION,
    task: maker.task,
    bias: maker.bias,
    data: dataset.fingerprint,
    ...{ set, loss, measures, chunks, batchNorm },
    plan,
    reference:
      typeof reference !== "object"
        ? (reference ?? "none")
        : [reference.maker, fingerprintOf(...numbersOf(reference.family))],
    grid: grid.map(({ from, to, points }) => [from, to, points]),
    examples: fingerprintOf(indices),
    family: fingerprintOf(...numbersOf(family)),
  };
  return createHash("sha256")
    .update(canonicalJson(facts as unknown as JsonObject))
    .digest("hex");
}

const numbersOf = ({ origin, basis, buffers }: AffineFamily): Float32Array[] => [
  origin,
  ...basis,
  ...(buffers ? [buffers.origin, ...(buffers.basis ?? [])] : []),
];

export interface RunOptions {
  readonly folder: string;
  readonly facts: JsonObject;
  /** What lies on it. */
  readonly overlay?: JsonObject;
  /** Threads that evaluate; 0 does it in this one. */
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly onTile: (progress: SurveyProgress) => void;
}

/** Evaluate what is not evaluated yet. Raises RangeError for a folder that holds something else, or a model that does not fit. */
export async function runSurvey(
  { identity, assignment, widest, plan }: Survey,
  subject: Subject,
  options: RunOptions,
): Promise<SurveyResult> {
  const { folder, facts, overlay, workers, signal, onTile } = options;
  const { grid, chunks, indices, set, dataset } = assignment;
  mkdirSync(folder, { recursive: true });
  const log = openTileLog(join(folder, "tiles.bin"), identity);
  const meta = { format: "thalweg landscape", version: VERSION, identity, ...facts };
  replaceFile(join(folder, "meta.json"), Buffer.from(`${JSON.stringify(meta, null, 2)}\n`));
  if (overlay) replaceFile(join(folder, "overlay.json"), Buffer.from(`${JSON.stringify(overlay)}\n`));
  const evaluators: TileEvaluator[] =
    workers === 0
      ? [await createEvaluator(assignment, subject.loaded.task)]
      : await startThreads(assignment, workers);
  try {
    const classCounts = countClasses(assignment);
    const form = { grid, chunks, classCounts };
    const refines = plan !== undefined && "tolerance" in plan;
    const tiles =
      plan === undefined || refines
        ? tilesOf(grid, chunks.length, widest)
        : twoLevelTiles(grid, chunks.length, plan, widest);
    const rounds = (surface: Surface) => new Refiner(surface, plan as RefinementOptions).rounds();
    const work = refines ? { rounds } : { tiles };
    const keep = pictureKeeper(join(folder, "surface.npz"), refines ? { plan } : {});
    const meanwhile = (progress: SurveyProgress) => {
      keep(progress.surface);
      onTile(progress);
    };
    const result = await survey({ evaluators, form, log, signal, onTile: meanwhile, ...work });
    const isUsed = plan !== undefined && (refines || result.end === "finished");
    replaceFile(join(folder, "surface.npz"), serializeSurface(result.surface, isUsed ? { plan } : {}));
    return result;
  } finally {
    await Promise.all(evaluators.map((evaluator) => evaluator.release()));
  }

  function countClasses(assigned: Assignment): number[][] {
    const { labels } = dataset[set];
    let begin = 0;
    return chunks.map((size) => {
      const counts = new Array<number>(classesOf(assigned)).fill(0);
      if (counts.length > 0) for (const i of indices.subarray(begin, begin + size)) counts[labels[i]!]!++;
      begin += size;
      return counts;
    });
  }
}

/** Between two pictures of a survey that goes on; and of its time, the most that they may take. */
const [PICTURE_MS, PICTURE_SHARE] = [2_000, 0.02];

/** Writes what is known now and then, for those who watch: points that are not known yet are NaN. */
function pictureKeeper(path: string, options: { plan?: SurveyPlan }): (surface: Surface) => void {
  let due = performance.now() + PICTURE_MS / 4;
  return (surface) => {
    const begin = performance.now();
    if (begin < due) return;
    replaceFile(path, serializeSurface(surface, options));
    const end = performance.now();
    due = end + Math.max(PICTURE_MS, (end - begin) / PICTURE_SHARE);
  };
}

/** meta.json of a survey that lies in a folder already, if one does. */
export function storedFacts(folder: string): JsonObject | undefined {
  const path = join(folder, "meta.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as JsonObject) : undefined;
}
