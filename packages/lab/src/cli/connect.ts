/** `thalweg connect FROM TO`: whether a low road leads from one model to another: the straight line, and a curve that is trained. */
import { type NpyArray, serializeNpz } from "@thalweg/data";
import {
  barrierOf,
  type CurveHeights,
  type CurveKind,
  CurveMeter,
  curveKinds,
  type Examples,
  evenly,
  meanAlong,
  sampleExamples,
  straightCurve,
  type TrainedCurve,
  trainCurve,
} from "@thalweg/landscape";
import { parseSchedules, withHyper, writeRule } from "@thalweg/optim";
import { type Evaluation, type JsonObject, segmentOf, serializeSafetensors } from "@thalweg/train";
import type { Command } from "commander";
import { schedulesFor } from "../compare/learner.ts";
import { examplesOf } from "../curvature/place.ts";
import { keptTraining } from "../landscape/kept-training.ts";
import { fingerprintOf, loadSubject, type Subject } from "../landscape/subject.ts";
import { readRuleSpec } from "../rules/index.ts";
import { finiteNumber, oneOf, setting, wholeNumber } from "./arguments.ts";
import { Failure, fromUser, fromUserLater, UsageError } from "./errors.ts";
import { writeBytes } from "./files.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { checkPicture, PICTURES, writePicture } from "./landscape-files.ts";
import { columns, printJson } from "./print.ts";
import { defineTaskOptions, type TaskOptions } from "./task-options.ts";

interface Options extends TaskOptions {
  task?: string;
  curve: CurveKind;
  bends: number;
  rule: string;
  set?: Record<string, number>;
  schedule: string;
  steps: number;
  weightDecay: number;
  part: "train" | "test";
  examples?: number;
  points: number;
  seed: number;
  plot?: string;
  out?: string;
  bend?: string;
  folder?: string;
  json?: boolean;
}

const EXAMPLES = 2_000;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Connect two models: the loss along the straight line between them, and along a curve whose bends are trained to keep it low.",
    )
    .argument("<from>", "a run's folder, a task, model.onnx or model.ts with --data, or weights.safetensors")
    .argument("<to>", "another of the same model")
    .option("--task <task>", "the task or file that weights belong to")
    .option("--curve <kind>", curveKinds.join(" or "), oneOf("--curve", ...curveKinds), "bezier")
    .option("--bends <n>", "points between the ends that are trained", wholeNumber("--bends", 1, 20), 1)
    .option("--rule <rule>", "what trains them; see thalweg rules", "momentum")
    .option("--set <name=value>", "a hyperparameter of the rule; repeat for more", setting)
    .option("--schedule <spec>", "of lr, or 'lr=…; momentum=…'", "cosine")
    .option("--steps <n>", "of training", wholeNumber("--steps", 1), 600)
    .option("--weight-decay <λ>", "of every point of the curve", finiteNumber("--weight-decay"), 0)
    .option(
      "--part <part>",
      "the data that is measured: train or test",
      oneOf("--part", "train", "test"),
      "train",
    )
    .option(
      "--examples <n>",
      `that every point is measured on (default: ${EXAMPLES}, or all)`,
      wholeNumber("--examples", 1),
    )
    .option("--points <n>", "places that are measured", wholeNumber("--points", 3), 61)
    .option("--seed <n>", "draws batches, places and examples", wholeNumber("--seed", 0), 1)
    .option("--plot <file>", `draw both as ${PICTURES.join(" or ")}`)
    .option("--out <file>", "write the losses and the curve's points as NPZ")
    .option("--bend <file>", "write the middle bend as safetensors: a model to draw a plane through")
    .option(
      "--folder <folder>",
      "where the training is kept, and gone on with after a stop (default: landscapes/connect-<id>)",
    )
    .option("--json", "print JSON");
  defineTaskOptions(command);
  command
    .addHelpText(
      "after",
      `
A barrier is how far the loss rises above the straight line between the losses at the ends.
Running statistics of normalisation are measured anew at every place.

Examples:
  $ thalweg connect runs/digits-mlp-sgd-1f0c9a2b runs/digits-mlp-adamw-77aa01c3 --plot road.svg
  $ thalweg connect runs/a runs/b --curve chain --bends 3 --set lr=0.05 --part test
  $ thalweg connect runs/a runs/b --bend bend.safetensors
  $ thalweg landscape runs/a --task digits-mlp --with runs/b --with bend.safetensors`,
    )
    .action((from: string, to: string, options: Options) => run(from, to, options, io));
}

async function run(from: string, to: string, options: Options, io: Io): Promise<void> {
  const { curve: kind, bends, steps, seed, weightDecay } = options;
  const say = (line: string) => io.stderr.write(`${line}\n`);
  if (options.plot !== undefined) checkPicture(options.plot);
  const rule = fromUser(() => withHyper(readRuleSpec(options.rule).rule, options.set ?? {}));
  const schedules = fromUser(() => schedulesFor(rule, parseSchedules(options.schedule, steps), steps));
  if (!(weightDecay >= 0)) {
    throw new UsageError(
      `Cannot connect with --weight-decay as it must be at least 0: current value is ${weightDecay}`,
    );
  }
  const load = { say, env: io.env };
  const given = { ...options, seed: 1 };
  const [a, b] = [
    await fromUserLater(() => loadSubject(from, given, load)),
    await fromUserLater(() => loadSubject(to, { ...given, task: options.task ?? from }, load)),
  ];
  fromUser(() => requireSameModel(a, b));
  const measured = fromUser(() => chooseExamples(a, options));
  const [start, end] = [a.point.parameters, b.point.parameters];
  const line = fromUser(() => straightCurve("chain", start, end, 0));
  const { model, loaded } = a;
  const { batchSize } = loaded.task;
  const { split, normalization, among } = examplesOf(loaded, "train");
  const config = {
    ...{ kind: "connection", version: 1, curve: kind, bends, steps, seed, weightDecay, batchSize },
    from: fingerprintOf(start, a.point.buffers),
    to: fingerprintOf(end),
    model: a.layout.segments.map(({ name, shape }) => `${name} [${shape}]`),
    data: loaded.dataset.fingerprint,
    ...{ rule: writeRule(rule) as unknown as JsonObject, schedule: options.schedule },
  };
  const kept = await fromUserLater(async () => keptTraining("connect", config, options.folder));
  const goesOn = kept.from > 0 ? `, going on at ${kept.from}` : "";
  say(
    `Training a ${kind} with ${bends} bend${bends === 1 ? "" : "s"} by ${rule.name}, ${steps} steps${goesOn}, in ${kept.folder}`,
  );
  const trained = await interruptible(
    io,
    "Stopping after the step at hand; Ctrl-C again ends at once.",
    (signal) =>
      fromUserLater(() =>
        trainCurve({
          ...{ model, from: start, to: end, kind, bends, steps, rule, schedules, weightDecay, seed, signal },
          examples: { split, normalization, indices: among! },
          ...{ batchSize, run: kept.run },
          onEvaluation: (evaluation) => {
            if (io.stderr.isTTY) say(progress(evaluation));
          },
        }),
      ),
  );
  const { result } = trained;
  if (result.end === "interrupted") {
    throw new Failure(
      `Interrupted at step ${result.step}. To go on, ask for the same again: it is kept in ${kept.folder}`,
    );
  }
  if (result.end === "diverged") {
    throw new Failure(`The curve diverged: ${result.reason}; give a smaller rate, as by --set lr=…`);
  }
  const meter = await CurveMeter.create({ model, examples: measured });
  try {
    const at = evenly(options.points);
    await report(
      { a, b, trained, line: await meter.measure(line, at), curve: await meter.measure(trained.curve, at) },
      measured,
      options,
      io,
    );
  } finally {
    await meter.release();
  }
}

interface Connection {
  readonly a: Subject;
  readonly b: Subject;
  readonly trained: TrainedCurve;
  readonly line: CurveHeights;
  readonly curve: CurveHeights;
}

async function report(
  connection: Connection,
  { indices }: Examples,
  options: Options,
  io: Io,
): Promise<void> {
  const { a, b, trained, line, curve } = connection;
  const { curve: kind, bends, part, seed, steps } = options;
  const facts = {
    from: a.name,
    to: b.name,
    fingerprint: fingerprintOf(a.point.parameters, b.point.parameters).slice(0, 12),
    ...{ kind, bends, rule: options.rule, steps, seed, part, examples: indices.length },
  };
  const title = `From ${a.name} to ${b.name}`;
  const subtitle = `${indices.length} ${part} examples · ${bends} bend${bends === 1 ? "" : "s"}, ${steps} steps, seed ${seed} · models ${facts.fingerprint}`;
  if (options.plot !== undefined) {
    const { connectionFigure } = await import("../figures/connection-figure.ts");
    const drawing = { title, subtitle, from: a.name, to: b.name, line, curve, kind };
    await writePicture(options.plot, connectionFigure(drawing), `${title} · ${subtitle}`, io);
  }
  if (options.out !== undefined) await writeBytes(options.out, archive(connection), io);
  if (options.bend !== undefined) {
    const { points } = trained.curve;
    await writeBytes(options.bend, weightsOf(a, points[points.length >> 1]!), io);
  }
  const summary = (heights: CurveHeights) => ({
    highest: Math.max(...heights.loss),
    barrier: barrierOf(heights),
    mean: meanAlong(heights),
    length: heights.lengths.at(-1)!,
  });
  if (options.json) {
    printJson(io.stdout, {
      ...facts,
      line: { ...summary(line), ...line },
      curve: { ...summary(curve), ...curve },
    });
    return;
  }
  const row = (name: string, heights: CurveHeights) => {
    const { highest, barrier, mean, length } = summary(heights);
    const place = barrier.height === 0 ? "" : `at ${barrier.at.toFixed(2)}`;
    return [name, ...[highest, barrier.height].map(brief), place, ...[mean, length].map(brief)];
  };
  io.stdout.write(
    `${title}, ${subtitle}\n\n${columns(
      [
        ["", "highest loss", "barrier", "", "mean loss", "length"],
        row("straight line", line),
        row(kind === "bezier" ? "Bézier curve" : "chain", curve),
      ],
      new Set([1, 2, 4, 5]),
    )}\nLoss at the ends: ${brief(line.loss[0]!)} and ${brief(line.loss.at(-1)!)}\n`,
  );
}

/** Raises RangeError where the tensors of the two are others. */
function requireSameModel(a: Subject, b: Subject): void {
  const tensors = ({ layout }: Subject) => layout.segments.map(({ name, shape }) => `${name} [${shape}]`);
  const [ours, theirs] = [tensors(a), tensors(b)];
  const at = ours.findIndex((tensor, i) => tensor !== theirs[i]);
  if (at < 0 && ours.length === theirs.length) return;
  const place = at < 0 ? ours.length : at;
  throw new RangeError(
    `Cannot connect ${a.name} to ${b.name} as both must be the same model: tensor ${place + 1} is ${ours[place] ?? "missing"} in one and ${theirs[place] ?? "missing"} in the other`,
  );
}

function chooseExamples({ loaded }: Subject, { part, examples, seed }: Options): Examples {
  const { split, normalization, among } = examplesOf(loaded, part);
  const count = examples ?? Math.min(EXAMPLES, among?.length ?? split.count);
  return { split, normalization, indices: sampleExamples(split, { count, seed, ...(among && { among }) }) };
}

/** t, and for line and curve what was measured there; then the points of the curve. */
function archive({ line, curve, trained: { curve: trained } }: Connection): Uint8Array {
  const numbers = (values: readonly number[]) => ({
    shape: [values.length],
    data: Float64Array.from(values),
  });
  const heights = (name: string, { loss, others, lengths }: CurveHeights) => [
    [`${name}_loss`, numbers(loss)] as const,
    ...Object.entries(others).map(([measure, values]) => [`${name}_${measure}`, numbers(values)] as const),
    [`${name}_length`, numbers(lengths)] as const,
  ];
  const points = trained.points.map(
    (point, i) => [`point_${i}`, { shape: [point.length], data: point }] as const,
  );
  return serializeNpz(
    new Map<string, NpyArray>([
      ["t", numbers(line.at)],
      ...heights("line", line),
      ...heights("curve", curve),
      ...points,
    ]),
  );
}

/** The model's tensors at a point, with the buffers of the first model. */
function weightsOf({ layout, point: { buffers } }: Subject, parameters: Float32Array): Uint8Array {
  const tensors = (segments: Subject["layout"]["bufferSegments"], values: Float32Array) =>
    segments.map(
      (segment) => [segment.name, { shape: segment.shape, data: segmentOf(values, segment) }] as const,
    );
  return serializeSafetensors(
    new Map([...tensors(layout.segments, parameters), ...tensors(layout.bufferSegments, buffers)]),
  );
}

const brief = (value: number) => (Number.isNaN(value) ? "–" : String(Number(value.toPrecision(4))));

const progress = ({ step, highestLoss, barrier }: Evaluation) =>
  `  step ${step}: highest loss ${brief(highestLoss!)}, barrier ${brief(barrier!)}`;
