/** What `thalweg landscape` is asked for: its options, which of them go together, and what follows from them. */
import { extname } from "node:path";
import {
  type Axis,
  type BatchNormPolicy,
  checkAxis,
  type Grid,
  type Normalization,
  parseAxis,
  sampleExamples,
} from "@thalweg/landscape";
import type { JsonObject } from "@thalweg/train";
import { examplesOf } from "../curvature/place.ts";
import type { Plane } from "../landscape/plane.ts";
import { fingerprintOf, type Subject } from "../landscape/subject.ts";
import { UsageError } from "./errors.ts";
import { checkPicture, WRITERS } from "./landscape-files.ts";
import type { TaskOptions } from "./task-options.ts";

export interface Options extends TaskOptions {
  plane?: string;
  line?: boolean;
  with?: string[];
  minus?: string;
  task?: string;
  norm?: Normalization;
  vectors?: boolean;
  only?: string[];
  seed: number;
  range?: string;
  rangeY?: string;
  set: "train" | "test";
  examples?: number;
  correct?: number;
  refine?: number | true;
  batchNorm?: BatchNormPolicy;
  entropy?: boolean;
  taylor?: boolean;
  workers?: number;
  out?: string;
  plot?: string[];
  field?: string;
  export?: string[];
  json?: boolean;
}

export const EXAMPLES = 2_000;
/** Contours by which a refined height may be off. */
export const TOLERANCE = 0.5;
const POINTS = { 1: 101, 2: 51 } as const;

/** Planes that need one model, so that another's can be made the same way. */
const OF_ONE_MODEL = ["filter", "hessian", "gradient", "state"];

/** Before anything is evaluated: whether the options go together, and files can be of their kinds. Raises UsageError. */
export function checkOptions(options: Options, plane: string): void {
  const { plot = [], export: files = [], correct, refine, minus, examples = EXAMPLES } = options;
  if (correct !== undefined && correct <= examples) {
    throw new UsageError(
      `Cannot correct heights of ${examples} examples by ${correct} as those must be more: raise --correct, or lower --examples`,
    );
  }
  if (correct !== undefined && refine !== undefined) {
    throw new UsageError(
      "Cannot use --correct with --refine as both choose what is measured: leave one out; --refine takes further examples where they are needed",
    );
  }
  if (minus !== undefined && !OF_ONE_MODEL.includes(plane)) {
    throw new UsageError(
      `Cannot subtract ${minus} on the plane ${plane} as each model must have a plane of its own: choose --plane ${OF_ONE_MODEL.join(", ")}`,
    );
  }
  for (const file of plot) checkPicture(file);
  for (const file of files) {
    if (Object.hasOwn(WRITERS, extname(file)) || extname(file) === ".npz") continue;
    throw new UsageError(
      `Cannot export ${file} as its extension must be one of ${[...Object.keys(WRITERS), ".npz"].join(", ")}: it is ${extname(file) || "none"}`,
    );
  }
}

/** Examples of the training split that training trains on. */
export const trainedOn = ({ loaded }: Subject): Uint32Array => examplesOf(loaded, "train").among!;

/** The examples that every point is measured on. Raises RangeError for more than there are. */
export function chooseExamples(subject: Subject, { set, examples, correct, seed }: Options): Uint32Array {
  const { split, among } = examplesOf(subject.loaded, set);
  const most = among?.length ?? split.count;
  return sampleExamples(split, {
    count: correct ?? examples ?? Math.min(EXAMPLES, most),
    seed,
    ...(among && { among }),
  });
}

/** The plane's own ranges, or those that are asked for. Raises RangeError. */
export function gridOf({ ranges }: Plane, { range, rangeY }: Options): Grid {
  const dimensions = ranges.length as 1 | 2;
  if (dimensions === 1 && rangeY !== undefined) {
    throw new RangeError(`Cannot use --range-y ${rangeY} as a line has one axis: leave it out`);
  }
  const axes = ranges.map(({ from, to }, k): Axis => {
    const text = k === 1 ? (rangeY ?? range) : range;
    return text === undefined ? checkAxis({ from, to, points: POINTS[dimensions] }) : parseAxis(text);
  });
  return axes as unknown as Grid;
}

/** Models that lie outside the ranges: they are on the plane, and not in its picture. */
export const outside = ({ markers }: Plane, grid: Grid): string[] =>
  markers
    .filter(({ coordinates }) => coordinates.some((c, k) => !(c >= grid[k]!.from && c <= grid[k]!.to)))
    .map(
      ({ name, coordinates }) =>
        `${name} lies at (${coordinates.map((c) => Number(c.toPrecision(3))).join(", ")}), outside the ranges ${grid.map(({ from, to }) => `${from} to ${to}`).join(" and ")}`,
    );

export interface Asked {
  readonly subject: Subject;
  readonly minus?: Subject;
  readonly plane: Plane;
  readonly grid: Grid;
  readonly options: Options;
  readonly batchNorm: BatchNormPolicy;
  readonly count: number;
}

/** What a landscape is of, for people and for files. */
export function factsOf({ subject, minus, plane, grid, options, batchNorm, count }: Asked): JsonObject {
  const { loaded, point, layout } = subject;
  return {
    model: subject.name,
    ...(minus && { minus: minus.name, minusCentre: fingerprintOf(minus.point.parameters).slice(0, 12) }),
    task: loaded.task.name,
    architecture: loaded.task.architecture,
    parameters: layout.size,
    centre: fingerprintOf(point.parameters).slice(0, 12),
    plane: plane.description,
    axes: [...plane.family.labels],
    grid: grid.map(({ from, to, points }) => `${from}:${to}:${points}`),
    data: loaded.dataset.name,
    set: options.set,
    examples: count,
    seed: options.seed,
    batchNorm: layout.bufferSegments.length > 0 ? batchNorm : "none",
    mode: batchNorm === "batch" ? "training" : "evaluation",
    date: new Date().toISOString().slice(0, 10),
  };
}
