/** `thalweg landscape RUN|TASK|FILE`: the loss along a line or over a plane through a model, with its standard error, as numbers and as a picture. */
import { extname, join } from "node:path";
import { batchNormPolicies, LEAST_SHARE, normalizations, projectCourse } from "@thalweg/landscape";
import { lookUp } from "@thalweg/optim";
import type { JsonObject } from "@thalweg/train";
import type { Command } from "commander";
import { type Plane, planes } from "../landscape/plane.ts";
import { rowLossOf } from "../landscape/row-loss.ts";
import { loadSubject, type Subject } from "../landscape/subject.ts";
import { planSurvey, runSurvey } from "../landscape/survey.ts";
import { taylorOf } from "../landscape/taylor.ts";
import { usualWorkers } from "../landscape/workers.ts";
import { finiteNumber, oneOf, repeated, wholeNumber } from "./arguments.ts";
import { Failure, fromUser, fromUserLater, UsageError } from "./errors.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { PICTURES, READERS, redraw, WRITERS } from "./landscape-files.ts";
import { meter, report } from "./landscape-report.ts";
import {
  checkOptions,
  chooseExamples,
  EXAMPLES,
  factsOf,
  gridOf,
  type Options,
  outside,
  TOLERANCE,
  trainedOn,
} from "./landscape-request.ts";
import { columns } from "./print.ts";
import { defineTaskOptions } from "./task-options.ts";

/** Examples that eigenvectors and gradients are of. */
const DERIVATIVES_OF = 1_000;

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
    .option(
      "--minus <model>",
      "subtract another model's landscape, of the same directions, example by example",
    )
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
      "--refine [contours]",
      `measure where the picture needs it, and interpolate the rest within so many contours (default: ${TOLERANCE})`,
      contours,
    )
    .option(
      "--batch-norm <policy>",
      `${batchNormPolicies.join(", ")} (default: recompute between models, else fixed)`,
      oneOf("--batch-norm", ...batchNormPolicies),
    )
    .option("--entropy", "measure the entropy of predictions, too")
    .option(
      "--taylor",
      "draw the parabola of the loss at the origin, too: the field taylor, and how far from it the loss is",
    )
    .option(
      "--workers <n>",
      "threads that evaluate; 0: this one (default: the cores, where that pays)",
      wholeNumber("--workers", 0, 64),
    )
    .option("--out <folder>", "where the numbers go, and are found again (default: landscapes/<name>-<id>)")
    .option(
      "--field <name>",
      "what is drawn and exported as height: loss, accuracy, loss/3, difference, standardError … (default: loss; difference with --minus)",
    )
    .option("--plot <file>", `draw it as ${PICTURES.join(" or ")}; repeat for more`, repeated)
    .option(
      "--export <file>",
      `write it as ${Object.keys(WRITERS).join(", ")} or .npz with directions; repeat for more`,
      repeated,
    )
    .option("--json", "print JSON");
  defineTaskOptions(command);
  command.addHelpText("after", help()).action((model: string, options: Options) => run(model, options, io));
}

/** A tolerance of refinement. */
function contours(text: string): number {
  const value = finiteNumber("--refine")(text);
  if (value > 0) return value;
  throw new UsageError(`Cannot use --refine as it must be above 0 contours: current value is ${text}`);
}

async function run(word: string, options: Options, io: Io): Promise<void> {
  const name = options.plane ?? (options.with === undefined ? "filter" : "models");
  checkOptions(options, name);
  if (Object.hasOwn(READERS, extname(word))) return redraw(word, options, io);
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const kind = fromUser(() => lookUp("plane", planes, name));
  const load = (model: string, own: Options = { ...options, task: options.task ?? word }) =>
    fromUserLater(() => loadSubject(model, own, { say, env: io.env }));
  const subject = await load(word, options);
  const others: Subject[] = [];
  for (const other of options.with ?? []) others.push(await load(other));
  const minus = options.minus === undefined ? undefined : await load(options.minus);
  const chosen = fromUser(() => chooseExamples(subject, options));
  const planeOf = (of: Subject): Promise<Plane> =>
    fromUserLater(async () =>
      kind.make(of, {
        dimensions: options.line ? 1 : 2,
        seed: options.seed,
        ...(options.norm && { norm: options.norm }),
        vectors: options.vectors ?? false,
        only: options.only ?? [],
        others: others.map(({ point }) => point),
        courses: [...others, of].flatMap(({ course }) => (course === undefined ? [] : [course])),
        derivativesOf: { count: Math.min(DERIVATIVES_OF, trainedOn(of).length), indices: trainedOn(of) },
      }),
    );
  const plane = await planeOf(subject);
  const otherPlane = minus && (await planeOf(minus));
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
  for (const notice of outside(plane, grid)) say(notice);
  const moves = subject.layout.bufferSegments.length > 0;
  const batchNorm = options.batchNorm ?? (moves && name === "models" ? "recompute" : "fixed");
  const asked = { subject, plane, grid, options, batchNorm, count: chosen.length };
  const facts = factsOf({ ...asked, ...(minus && { minus }) });
  const { refine } = options;
  const loss = await fromUserLater(() => rowLossOf(subject, options.set, chosen));
  const planned = fromUser(() =>
    planSurvey({
      ...{ subject, family: plane.family, grid, set: options.set, indices: chosen, batchNorm },
      loss,
      measures: options.entropy ? ["accuracy", "entropy"] : ["accuracy"],
      ...(otherPlane && { minus: { subject: minus!, family: otherPlane.family } }),
      ...(options.correct !== undefined && { wholeGridOn: options.examples ?? EXAMPLES }),
      ...(refine !== undefined && { tolerance: refine === true ? TOLERANCE : refine }),
    }),
  );
  const folder = options.out ?? join("landscapes", `${subject.name}-${planned.identity.slice(0, 8)}`);
  say(
    `Evaluating ${grid.map(({ points }) => points).join(" × ")} points on ${chosen.length} examples, into ${folder}`,
  );

  // before the work: Ctrl-C reaches the process that compiles TypeScript, too, and nothing can be imported after it
  await import("../figures/landscape-text.ts");
  if (options.plot !== undefined) await import("../figures/landscape-figure.ts");
  const overlay = { markers: plane.markers, paths, isEuclidean: plane.isEuclidean } as unknown as JsonObject;
  const { workers = usualWorkers(subject.layout, grid, chosen.length) } = options;
  const begin = performance.now();
  const farewell = "Stopping after the tiles at hand; Ctrl-C again ends at once.";
  const result = await interruptible(io, farewell, (signal) =>
    fromUserLater(() =>
      runSurvey(planned, subject, { folder, facts, overlay, workers, signal, onTile: meter(io) }),
    ),
  );
  const seconds = (performance.now() - begin) / 1000;
  const { plan } = planned;
  const isUsed = plan !== undefined && (result.end === "finished" || "tolerance" in plan);
  const taylor = options.taylor
    ? await fromUserLater(() => taylorOf(subject, plane.family, options.set, chosen))
    : undefined;
  const found = {
    ...{ folder, subject, plane, paths, facts, options, result, seconds },
    ...(taylor && { taylor }),
  };
  await report({ ...found, ...(isUsed && { plan }) }, io);
  if (result.end === "interrupted") {
    throw new Failure(
      `Interrupted: ${result.evaluated + result.kept} tiles are kept. To go on, ask for the same again: it is found in ${folder}`,
    );
  }
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
  $ thalweg landscape runs/a --minus runs/b --plot difference.png
  $ thalweg landscape surface.h5 --field accuracy --plot theirs.svg
  $ thalweg landscape resnet.onnx --data photos.npz --examples 500 --refine --export surface.glb`;
}
