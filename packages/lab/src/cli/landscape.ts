/** `thalweg landscape RUN|TASK|FILE`: the loss along a line or over a plane through a model, with its standard error, as numbers and as a picture. */
import { extname, join } from "node:path";
import { holdOut } from "@thalweg/data";
import {
  type Axis,
  type BatchNormPolicy,
  batchNormPolicies,
  checkAxis,
  correctedMean,
  fieldOf,
  type Grid,
  type HeightField,
  heightField,
  LEAST_SHARE,
  type Normalization,
  normalizations,
  type ProjectedCourse,
  parseAxis,
  projectCourse,
  type SurveyResult,
  sampleExamples,
  serializeSurface,
  type TwoLevelPlan,
} from "@thalweg/landscape";
import { lookUp } from "@thalweg/optim";
import type { JsonObject } from "@thalweg/train";
import type { Command } from "commander";
import { type Plane, planes } from "../landscape/plane.ts";
import { fingerprintOf, loadSubject, type Subject } from "../landscape/subject.ts";
import { planSurvey, runSurvey } from "../landscape/survey.ts";
import { oneOf, repeated, wholeNumber } from "./arguments.ts";
import { Failure, fromUser, fromUserLater, UsageError } from "./errors.ts";
import { writeText } from "./files.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { READERS, redraw, WRITERS, writeContent } from "./landscape-files.ts";
import { columns, printJson } from "./print.ts";
import { defineTaskOptions, type TaskOptions } from "./task-options.ts";

interface Options extends TaskOptions {
  plane?: string;
  line?: boolean;
  with?: string[];
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
  batchNorm?: BatchNormPolicy;
  entropy?: boolean;
  workers: number;
  out?: string;
  plot?: string[];
  field: string;
  export?: string[];
  json?: boolean;
}

const EXAMPLES = 2_000;
/** Examples that eigenvectors and gradients are of. */
const DERIVATIVES_OF = 1_000;
const POINTS = { 1: 101, 2: 51 } as const;
/** Training holds validation examples out with this seed, whatever the run's own. */
const SPLIT_SEED = 0;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Show the loss around a model, along a line or over a plane: every point a mean over the same examples, with its standard error.",
    )
    .argument(
      "<model>",
      "a run's folder, a task, model.onnx or model.ts with --data, weights.safetensors with --task, or a surface: .npz, .h5, .csv",
    )
    .option(
      "--plane <name>",
      `${Object.keys(planes).join(", ")} (default: filter; models where --with is given)`,
    )
    .option("--line", "along the first direction only")
    .option("--with <model>", "another model, for models and pca; repeat for more", repeated)
    .option("--task <task>", "the task or file that weights belong to")
    .option(
      "--norm <name>",
      `length of directions: ${normalizations.join(", ")}`,
      oneOf("--norm", ...normalizations),
    )
    .option("--vectors", "let biases and scales move, too, in random directions")
    .option("--only <pattern>", "move these tensors only; * is any text; repeat for more", repeated)
    .option(
      "--seed <n>",
      "draws directions and examples, and the values of a model that is not trained",
      wholeNumber("--seed", 0),
      1,
    )
    .option(
      "--range <from:to:points>",
      "along both axes, or along x if --range-y is given (default: -1:1:51)",
    )
    .option("--range-y <from:to:points>", "along y")
    .option("--set <name>", "train or test", oneOf("--set", "train", "test"), "train")
    .option(
      "--examples <n>",
      `that every point is measured on (default: ${EXAMPLES}, or all)`,
      wholeNumber("--examples", 2),
    )
    .option(
      "--correct <n>",
      "correct the heights by a coarse grid on so many examples: a picture of all, for a part of the work",
      wholeNumber("--correct", 3),
    )
    .option(
      "--batch-norm <policy>",
      `${batchNormPolicies.join(", ")} (default: recompute between models, else fixed)`,
      oneOf("--batch-norm", ...batchNormPolicies),
    )
    .option("--entropy", "measure the entropy of predictions, too")
    .option("--workers <n>", "threads that evaluate; 0: this one", wholeNumber("--workers", 0, 64), 1)
    .option("--out <folder>", "where the numbers go, and are found again (default: landscapes/<name>-<id>)")
    .option("--field <name>", "what is drawn and exported as height: loss, accuracy, loss/3 …", "loss")
    .option("--plot <file>", "draw it as SVG; repeat for more", repeated)
    .option(
      "--export <file>",
      `write it as ${Object.keys(WRITERS).join(", ")} or .npz with directions; repeat for more`,
      repeated,
    )
    .option("--json", "print JSON");
  defineTaskOptions(command);
  command.addHelpText("after", help()).action((model: string, options: Options) => run(model, options, io));
}

async function run(word: string, options: Options, io: Io): Promise<void> {
  checkOptions(options);
  if (Object.hasOwn(READERS, extname(word))) return redraw(word, options, io);
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const load = { say, env: io.env };
  const name = options.plane ?? (options.with === undefined ? "filter" : "models");
  const kind = fromUser(() => lookUp("plane", planes, name));
  const subject = await fromUserLater(() => loadSubject(word, options, load));
  const others: Subject[] = [];
  for (const other of options.with ?? []) {
    others.push(
      await fromUserLater(() => loadSubject(other, { ...options, task: options.task ?? word }, load)),
    );
  }
  const chosen = fromUser(() => chooseExamples(subject, options));
  const plane = await fromUserLater(async () =>
    kind.make(subject, {
      dimensions: options.line ? 1 : 2,
      seed: options.seed,
      ...(options.norm && { norm: options.norm }),
      vectors: options.vectors ?? false,
      only: options.only ?? [],
      others: others.map(({ point }) => point),
      courses: [...others, subject].flatMap(({ course }) => (course === undefined ? [] : [course])),
      derivativesOf: {
        count: Math.min(DERIVATIVES_OF, trainedOn(subject).length),
        indices: trainedOn(subject),
      },
    }),
  );
  for (const notice of plane.notices) say(notice);
  const paths = [...others, subject].flatMap(({ name: run, course }) =>
    course === undefined ? [] : [{ name: run, ...projectCourse(plane.family, course) }],
  );
  for (const { name: run, capturedShare } of paths) {
    if (capturedShare >= LEAST_SHARE) continue;
    say(
      `Only ${(100 * capturedShare).toFixed(1)} % of the moves of ${run} lie in this plane: its path here is a shadow; see --plane pca`,
    );
  }
  const grid = fromUser(() => gridOf(plane, options));
  const moves = subject.layout.bufferSegments.length > 0;
  const batchNorm = options.batchNorm ?? (moves && name === "models" ? "recompute" : "fixed");
  const measures = options.entropy ? ["accuracy", "entropy"] : ["accuracy"];
  const facts = factsOf({ subject, plane, grid, options, batchNorm, count: chosen.length });
  const { family } = plane;
  const wholeGridOn = options.examples ?? EXAMPLES;
  const planned = planSurvey({
    ...{ subject, family, grid, set: options.set, indices: chosen, batchNorm, measures, facts },
    ...(options.correct !== undefined && { wholeGridOn }),
  });
  const { correction } = planned;
  const folder = options.out ?? join("landscapes", `${subject.name}-${planned.identity.slice(0, 8)}`);
  say(
    `Evaluating ${grid.map(({ points }) => points).join(" × ")} points on ${chosen.length} examples, into ${folder}`,
  );

  // before the work: Ctrl-C reaches the process that compiles TypeScript, too, and nothing can be imported after it
  const { landscapeText } = await import("../figures/landscape-text.ts");
  if (options.plot !== undefined) await import("../figures/landscape-figure.ts");
  const overlay = { markers: plane.markers, paths, isEuclidean: plane.isEuclidean } as unknown as JsonObject;
  const begin = performance.now();
  const result = await interruptible(
    io,
    "Stopping after the tiles at hand; Ctrl-C again ends at once.",
    (signal) =>
      fromUserLater(() =>
        runSurvey(planned, subject, {
          ...{ folder, facts, overlay, workers: options.workers, signal },
          onTile: meter(io),
        }),
      ),
  );
  const seconds = (performance.now() - begin) / 1000;
  const isCorrected = correction !== undefined && result.end === "finished";
  const landscape = heightField(result.surface, isCorrected ? correction : undefined);
  const bar = isCorrected ? correctedMean(result.surface, "loss", correction).bar : undefined;
  fromUser(() => fieldOf(landscape, options.field));
  const found = { landscape, result, plane, paths, facts, subject, options };
  await writeFiles({ ...found, ...(isCorrected && { correction }) }, io);
  if (options.json) {
    const field = fieldOf(landscape, options.field);
    printJson(io.stdout, {
      folder,
      ...facts,
      end: result.end,
      evaluated: result.evaluated,
      kept: result.kept,
      seconds,
      x: [...landscape.x],
      y: [...landscape.y],
      field: options.field,
      values: [...field],
      ...(bar !== undefined && { wholeGridOn, correctionBar: bar }),
      standardError: [...landscape.fields.get("standardError")!],
      markers: plane.markers,
      ...(paths.length > 0 && { paths }),
    });
  } else {
    const text =
      bar === undefined
        ? ""
        : `Heights of ${wholeGridOn} examples were wrong by ${brief(bar)}, before they were corrected.\n`;
    io.stdout.write(
      `${landscapeText(landscape, options.field)}${summary(landscape, result, seconds)}${text}`,
    );
  }
  if (result.end === "interrupted") {
    throw new Failure(
      `Interrupted: ${result.evaluated + result.kept} tiles are kept. To go on, ask for the same again: it is found in ${folder}`,
    );
  }
}

/** Before anything is evaluated: whether the options go together, and files can be of their kinds. */
function checkOptions({ plot = [], export: files = [], correct, examples = EXAMPLES }: Options): void {
  if (correct !== undefined && correct <= examples) {
    throw new UsageError(
      `Cannot correct heights of ${examples} examples by ${correct} as those must be more: raise --correct, or lower --examples`,
    );
  }
  for (const file of plot) {
    if (extname(file) === ".svg") continue;
    throw new UsageError(`Cannot draw ${file} as pictures are SVG: give it the extension .svg`);
  }
  for (const file of files) {
    if (Object.hasOwn(WRITERS, extname(file)) || extname(file) === ".npz") continue;
    throw new UsageError(
      `Cannot export ${file} as its extension must be one of ${[...Object.keys(WRITERS), ".npz"].join(", ")}: it is ${extname(file) || "none"}`,
    );
  }
}

/** Examples of the training split that training trains on. */
function trainedOn({ loaded: { task, dataset } }: Subject): Uint32Array {
  return holdOut(dataset.train, { count: task.validation, seed: SPLIT_SEED }).train;
}

function chooseExamples(subject: Subject, { set, examples, correct, seed }: Options): Uint32Array {
  const { dataset } = subject.loaded;
  const among = set === "train" ? trainedOn(subject) : undefined;
  const most = among?.length ?? dataset.test.count;
  return sampleExamples(dataset[set], {
    count: correct ?? examples ?? Math.min(EXAMPLES, most),
    seed,
    ...(among && { among }),
  });
}

function gridOf({ ranges }: Plane, { range, rangeY }: Options): Grid {
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

interface Asked {
  subject: Subject;
  plane: Plane;
  grid: Grid;
  options: Options;
  batchNorm: BatchNormPolicy;
  count: number;
}

function factsOf({ subject, plane, grid, options, batchNorm, count }: Asked): JsonObject {
  const { loaded, point, layout } = subject;
  return {
    model: subject.name,
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

/** One line that a picture carries. */
function provenance(facts: JsonObject): string {
  const {
    model,
    architecture,
    parameters,
    centre,
    plane,
    grid,
    data,
    set,
    examples,
    seed,
    batchNorm,
    mode,
    date,
  } = facts;
  return [
    `${model} (${architecture}, ${parameters} parameters, ${centre})`,
    `${data} ${set}, ${examples} examples, seed ${seed}`,
    String(plane),
    `range ${(grid as string[]).map((axis) => axis.replaceAll("-", "−")).join(" × ")}`,
    `batch normalisation ${batchNorm}, ${mode} mode`,
    String(date),
  ].join(" · ");
}

interface Found {
  landscape: HeightField;
  result: SurveyResult;
  plane: Plane;
  paths: readonly (ProjectedCourse & { name: string })[];
  facts: JsonObject;
  subject: Subject;
  options: Options;
  correction?: TwoLevelPlan;
}

async function writeFiles(
  { landscape, result, plane, paths, facts, subject, options, correction }: Found,
  io: Io,
): Promise<void> {
  const { field, plot = [], export: files = [] } = options;
  for (const file of files) {
    const writer = WRITERS[extname(file)];
    const content = writer
      ? await fromUserLater(async () => writer(landscape, field, options.set))
      : serializeSurface(result.surface, { family: plane.family, ...(correction && { correction }) });
    await writeContent(file, content, io);
  }
  if (plot.length === 0) return;
  const { landscapeFigure } = await import("../figures/landscape-figure.ts");
  const error = landscape.fields.get("standardError")!.filter(Number.isFinite).sort();
  const svg = landscapeFigure({
    landscape,
    field,
    title: `${field} around ${subject.name}`,
    subtitle: `${plane.description}${shown(paths)} · standard error ${brief(error[error.length >> 1] ?? Number.NaN)} (median)${result.end === "finished" ? "" : " · not finished"}`,
    provenance: provenance(facts),
    labels: plane.family.labels,
    markers: plane.markers,
    paths,
    isEuclidean: plane.isEuclidean,
  });
  for (const file of plot) await writeText(file, svg, io);
}

/** How much of the courses' moves the plane shows. */
const shown = (paths: Found["paths"]): string =>
  paths.length === 0
    ? ""
    : `, with ${paths.map(({ capturedShare }) => `${(100 * capturedShare).toFixed(0)} %`).join(", ")} of the moves`;

function summary(
  landscape: HeightField,
  { surface, evaluated, kept }: SurveyResult,
  seconds: number,
): string {
  const loss = fieldOf(landscape, "loss");
  const errors = fieldOf(landscape, "standardError");
  const finite = Array.from(loss.keys()).filter((at) => Number.isFinite(loss[at]));
  const lowest = finite.reduce((a, b) => (loss[b]! < loss[a]! ? b : a), finite[0] ?? 0);
  const highest = finite.reduce((a, b) => (loss[b]! > loss[a]! ? b : a), finite[0] ?? 0);
  const { x, y } = landscape;
  const place = (at: number) =>
    y.length === 0 ? brief(x[at]!) : `(${brief(x[at % x.length]!)}, ${brief(y[Math.floor(at / x.length)]!)})`;
  const row = (name: string, at: number) => [
    name,
    brief(loss[at]!),
    `± ${brief(errors[at]!)}`,
    `at ${place(at)}`,
  ];
  const broken = surface.brokenCount;
  return [
    columns([row("lowest loss", lowest), row("highest loss", highest)]),
    broken > 0 ? `${broken} points are not finite.\n` : "",
    `${evaluated} tiles in ${seconds.toFixed(1)} s${kept > 0 ? `, ${kept} found from before` : ""}.\n`,
  ].join("");
}

const brief = (value: number): string => String(Number(value.toPrecision(3)));

/** Progress on a terminal, a few times a second. */
function meter(io: Io): (progress: { done: number; tiles: number }) => void {
  const begin = performance.now();
  let last = begin;
  return ({ done, tiles }) => {
    const now = performance.now();
    if (!io.stderr.isTTY || (now - last < 200 && done < tiles)) return;
    last = now;
    const left = ((now - begin) / done) * (tiles - done);
    io.stderr.write(
      `\r${((100 * done) / tiles).toFixed(0)} %, ${(left / 1000).toFixed(0)} s left   ${done === tiles ? "\n" : ""}`,
    );
  };
}

function help(): string {
  const rows = Object.entries(planes).map(([name, { summary: text }]) => [`  ${name}`, text]);
  return `
Planes:
${columns(rows)}
A plane is a slice: the path that training took, and the sharpest directions, almost never lie in a random one.

Examples:
  $ thalweg landscape runs/mnist-mlp-adamw-1f0c9a2b --plot landscape.svg
  $ thalweg landscape runs/a --with runs/b --line --range -0.5:1.5:201 --plot barrier.svg
  $ thalweg landscape surface.h5 --field accuracy --plot theirs.svg
  $ thalweg landscape resnet.onnx --data photos.npz --examples 500 --workers 2 --export surface.glb`;
}
