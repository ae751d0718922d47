/** The part of `thalweg curvature` that trains: the sharpness every few steps against the edge of stability. */
import type { ModelForm } from "@thalweg/landscape";
import { parseSchedules, withHyper } from "@thalweg/optim";
import { checkTrainable, fitToTask, schedulesFor } from "../compare/learner.ts";
import {
  type Followed,
  followSharpness,
  measuredBatches,
  requireEdge,
  type SharpnessPoint,
  trainingCount,
} from "../curvature/follow.ts";
import type { MatrixName } from "../curvature/measure.ts";
import { readRuleSpec } from "../rules/index.ts";
import { Failure, fromUser, UsageError } from "./errors.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { checkPicture, writePicture } from "./landscape-files.ts";
import { printJson, settings } from "./print.ts";
import { askedTask, loadAsked, type TaskOptions } from "./task-options.ts";

export interface FollowRequest extends TaskOptions {
  rule: string;
  set?: Record<string, number>;
  schedule?: string;
  steps?: number;
  every?: number;
  batch?: number | "full";
  samples?: number;
  seed: number;
  matrix: MatrixName;
  form: ModelForm;
  plot?: string;
  json?: boolean;
}

/** Measurements of a run, where their distance is not said. */
const MEASUREMENTS = 50;
/** Examples to measure on, where it is not said and there are as many. */
const USUAL_SAMPLES = 1_000;

/** Train a task from its start, measuring. */
export async function follow(word: string, request: FollowRequest, io: Io): Promise<void> {
  const { set = {}, schedule: spec = "constant", seed, matrix, form } = request;
  if (request.plot !== undefined) checkPicture(request.plot);
  const source = fromUser(() => askedTask(word, request));
  const asked = fromUser(() => {
    const rule = withHyper(readRuleSpec(request.rule).rule, set);
    requireEdge(rule);
    return rule;
  });
  const loaded = await loadAsked(source, { say: (line) => io.stderr.write(`${line}\n`), env: io.env });
  const { task, dataset } = loaded;
  const available = trainingCount(loaded);
  const { steps = task.steps, samples = Math.min(USUAL_SAMPLES, available) } = request;
  const { every = Math.max(1, Math.ceil(steps / MEASUREMENTS)), batch = task.batchSize } = request;
  const batchSize = batch === "full" ? available : batch;
  for (const [option, value] of Object.entries({ "--samples": samples, "--batch": batchSize })) {
    if (value <= available) continue;
    throw new UsageError(
      `Cannot use ${option} ${value} as ${dataset.name} has ${available} examples to train on: give ${available}, or fewer`,
    );
  }
  const rule = withHyper(asked, fitToTask(asked, task, Object.keys(set)));
  const schedule = fromUser(() => {
    checkTrainable(rule, task, dataset);
    const schedules = parseSchedules(spec, steps);
    schedulesFor(rule, schedules, steps);
    const { lr, ...others } = schedules;
    if (lr !== undefined && Object.keys(others).length === 0) return lr;
    throw new RangeError(
      `Cannot follow the schedule ${spec} as the edge of stability is known where lr alone changes: schedule lr only`,
    );
  });

  const row = (cells: readonly string[]) =>
    io.stdout.write(`${cells.map((cell, k) => cell.padStart(HEAD[k]!.length + 2)).join("")}\n`);
  const batched = measuredBatches({ loaded, rule, samples, batchSize }) > 0;
  const onPoint = ({ step, loss, sharpness, threshold, ratio, turned, ofBatches }: SharpnessPoint) =>
    row([
      String(step),
      brief(loss),
      brief(sharpness),
      brief(threshold),
      ratio.toFixed(3),
      turned === undefined ? "–" : turned.toFixed(3),
      ...(ofBatches ? [`${brief(ofBatches.value)} ± ${ofBatches.standardError.toPrecision(2)}`] : []),
    ]);
  if (!request.json) row(batched ? HEAD : HEAD.slice(0, -1));
  const farewell = "Stopping after the step at hand; Ctrl-C again ends at once.";
  const followed = await interruptible(io, farewell, (signal) =>
    followSharpness({
      ...{ loaded, rule, schedule, steps, every, batchSize, samples, seed, matrix, form, signal },
      ...(request.json ? {} : { onPoint }),
    }),
  );

  const title = `Edge of stability: ${task.name} by ${rule.name}`;
  const size = batchSize === available ? `all ${available}` : String(batchSize);
  const subtitle = `${settings(rule.hyper)}, schedule ${spec} · batches of ${size} · ${matrix} on ${samples} examples, seed ${seed}`;
  try {
    if (request.plot !== undefined) await draw(request.plot, { title, subtitle }, followed, io);
  } finally {
    if (request.json) {
      const facts = {
        task: task.name,
        rule: rule.name,
        hyper: rule.hyper,
        schedule: spec,
        batchSize,
        samples,
        seed,
        matrix,
        form,
      };
      printJson(io.stdout, { ...facts, ...followed });
    } else io.stdout.write(`\n${summary(followed)}\n`);
  }
  if (followed.end === "interrupted")
    throw new Failure(`Interrupted at step ${followed.step}: nothing is kept.`);
}

async function draw(
  path: string,
  names: { title: string; subtitle: string },
  { points, formula }: Followed,
  io: Io,
) {
  if (points.length < 2) {
    throw new Failure(`Cannot draw ${path} as it needs 2 measurements or more: there are ${points.length}`);
  }
  const { edgeFigure } = await import("../figures/edge-figure.ts");
  await writePicture(
    path,
    edgeFigure({ ...names, points, formula }),
    `${names.title} · ${names.subtitle}`,
    io,
  );
}

const HEAD = [
  "step",
  "    loss",
  "sharpness",
  "stable below",
  "ratio",
  "|cos| to last",
  "         of batches",
];

function summary({ end, step, reason, points, formula, scaled }: Followed): string {
  const highest = points.reduce((best, { ratio }) => Math.max(best, ratio), Number.NEGATIVE_INFINITY);
  const coordinates = scaled ? ", in the rule's scaled coordinates" : "";
  const reached =
    points.length === 0 ? "" : ` Sharpness came to ${highest.toFixed(3)} of ${formula}${coordinates}.`;
  return end === "diverged"
    ? `Diverged at step ${step}: ${reason}.${reached}`
    : `Ended at step ${step}.${reached}`;
}

const brief = (value: number) => String(Number(value.toPrecision(4)));
