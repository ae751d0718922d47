/**
 * `thalweg train TASK --rule NAME`: one run, a line per evaluation, a folder that it can be resumed from. A task is a built-in one, an
 * ONNX file to fine-tune, or a TypeScript file that builds a model.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  lookUp,
  parseSchedules,
  RATE_SCALINGS,
  type RateScaling,
  type Rule,
  rules,
  type Schedule,
  scaleRate,
  withHyper,
} from "@thalweg/optim";
import {
  alone,
  CHECKPOINTS,
  type Checkpoints,
  type Communicator,
  checkAgreement,
  checkShared,
  codeVersion,
  type Evaluation,
  type FitResult,
  parseBatchSchedule,
  readRun,
  runId,
} from "@thalweg/train";
import type { Command } from "commander";
import {
  checkBatchSizes,
  checkCheckpoints,
  checkParts,
  checkTrainable,
  fitToTask,
  schedulesFor,
} from "../compare/learner.ts";
import { planRun, runName, storedRequest, train } from "../compare/train.ts";
import { trainedTensors } from "../compare/trained.ts";
import type { TrialConfig, TrialRequest } from "../compare/trial.ts";
import { readRuleSpec } from "../rules/index.ts";
import { fenceOf } from "../study/launch/leash.ts";
import { exportModel } from "../tasks/export.ts";
import type { TaskFile } from "../tasks/from-file.ts";
import { type Task, tasks } from "../tasks/index.ts";
import { finiteNumber, oneOf, required, setting, wholeNumber } from "./arguments.ts";
import { ComeBack, Failure, fromUser, fromUserLater, UsageError } from "./errors.ts";
import { writeBytes } from "./files.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { printJson } from "./print.ts";
import { askedTask, defineTaskOptions, loadAsked, TASK_ARGUMENT, type TaskOptions } from "./task-options.ts";

interface Options extends TaskOptions {
  rule?: string;
  set?: Record<string, number>;
  schedule?: string;
  batches?: string;
  steps?: number;
  seed?: number;
  out?: string;
  resume?: string;
  export?: string;
  json?: boolean;
  checkpoint?: Checkpoints;
  accumulate?: number;
  localBatch?: number;
  scaleRate?: keyof typeof RATE_SCALINGS;
  zero?: "0" | "1";
  batchNorm?: "ranks" | "synchronised";
  trajectory?: number;
  diagnose?: number | true;
}

const DEFAULT_SCHEDULE = "constant";
const DEFAULT_SEED = 1;
const DIAGNOSIS_SHARE = 0.1;
const EXAMPLES = `
Examples:
  $ thalweg train digits-mlp --rule adamw --set lr=3e-3 --schedule 'warmup(50) > cosine'
  $ thalweg train digits-mlp --rule 'clipByGlobalNorm(maxNorm=1) > muon(scale=none)'
  $ thalweg train digits-mlp --rule my-rule.yaml
  $ thalweg train digits-mlp --rule sgd --set lr=0.1 --batches 'ramp(16, 128, examples=20000)'
  $ thalweg train resnet.onnx --data photos.npz --rule adamw --set lr=1e-4 --freeze 'layer1.*' --export tuned.onnx
  $ thalweg train model.ts --data mnist --rule muon
  $ thalweg train --resume runs/digits-mlp-adamw-1f0c9a2b
  $ mpirun -n 4 thalweg train mnist-cnn --rule adamw --out runs/on-four
  $ mpirun -n 4 thalweg train mnist-cnn --rule momentum --local-batch 128 --scale-rate linear`;

export function define(command: Command, io: Io): void {
  command
    .description(
      "Train a task's model once: losses and accuracies as they come, everything else in a folder.",
    )
    .argument("[task]", TASK_ARGUMENT)
    .option("--rule <rule>", "a name, a name with options, a chain, or a file; see thalweg rules")
    .option("--set <name=value>", "a hyperparameter of the rule; repeat for more", setting)
    .option("--schedule <spec>", `of lr, or 'lr=…; momentum=…' (default: ${DEFAULT_SCHEDULE})`)
    .option(
      "--batches <spec>",
      "batch sizes over the examples seen: constant, ramp, step, or parts joined by >",
    )
    .option("--steps <n>", "updates, instead of the task's", wholeNumber("--steps", 1))
    .option("--seed <n>", `draws parameters and batches (default: ${DEFAULT_SEED})`, wholeNumber("--seed", 0))
    .option("--out <folder>", "where the run goes (default: runs/<task>-<rule>-<id>)")
    .option("--resume <folder>", "continue the run in this folder, as it was asked for")
    .option("--export <file>", "write the trained model there, an ONNX file")
    .option(
      "--local-batch <n>",
      "examples that each rank computes at once; the batch is n × ranks × accumulate, instead of the task's",
      wholeNumber("--local-batch", 1),
    )
    .option(
      "--scale-rate <how>",
      `scale lr from the task's batch to that one: ${Object.keys(RATE_SCALINGS).join(", ")} (default: not)`,
      oneOf("--scale-rate", "linear", "sqrt"),
    )
    .option(
      "--accumulate <k>",
      "compute each rank's share of a batch in k parts, one after the other, in less memory",
      wholeNumber("--accumulate", 1),
    )
    .option(
      "--zero <stage>",
      "1: each rank keeps the optimizer's state of its slice of the parameters only",
      oneOf("--zero", "0", "1"),
    )
    .option(
      "--checkpoint <what>",
      "compute activations again in the backward pass rather than keep them, in less memory: blocks, or attention alone",
      oneOf("--checkpoint", ...CHECKPOINTS),
    )
    .option(
      "--batch-norm <whose>",
      "whose statistics normalise a batch: those of each rank's part (ranks, the default), or of all (synchronised)",
      oneOf("--batch-norm", "ranks", "synchronised"),
    )
    .option(
      "--trajectory <points>",
      "record the course: so many points at most, evenly spaced; thalweg landscape draws it",
      wholeNumber("--trajectory", 4),
    )
    .option(
      "--diagnose [share]",
      `keep diagnostics in the run's folder, at this share of the time of a step (default: ${DIAGNOSIS_SHARE})`,
      finiteNumber("--diagnose"),
    )
    .option("--json", "print the result as JSON at the end, instead of lines")
    .addHelpText("after", EXAMPLES)
    .action((task: string | undefined, options: Options) => run(task, options, io));
  defineTaskOptions(command);
}

async function run(task: string | undefined, options: Options, io: Io): Promise<void> {
  const { communicator = alone } = io;
  const { size: ranks } = communicator;
  const { source, fallBack, request, fixed } = fromUser(() =>
    options.resume === undefined ? asked(task, options, ranks) : resumed(task, options, ranks),
  );
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const load = { env: io.env, say, fallBack };
  if (communicator.rank > 0) await communicator.barrier(); // rank 0 fetches what is not there yet
  const loaded = await loadAsked(source, load);
  if (communicator.rank === 0) await communicator.barrier();
  const steps = request.steps ?? loaded.task.steps;
  const { accumulate = 1 } = request;
  const sharded = options.zero === "1";
  const batchSize =
    request.batchSize ?? ((options.localBatch ?? 0) * ranks * accumulate || loaded.task.batchSize);
  const { lr: schedule } = fromUser(() => {
    checkTrainable(request.rule, loaded.task, loaded.dataset);
    if (request.checkpoint !== undefined) {
      checkCheckpoints(request.rule, { ...loaded.task, checkpoint: request.checkpoint }, loaded.dataset);
    }
    if (request.batches !== undefined) {
      checkBatchSizes(parseBatchSchedule(request.batches), request.rule, loaded.task, loaded.dataset);
    }
    const schedules = parseSchedules(request.schedule, steps); // also when the fallback is shorter
    schedulesFor(request.rule, schedules, steps);
    checkParts(
      { ...request, ranks, accumulate, batchSize, sharded },
      request.rule,
      loaded.task,
      loaded.dataset,
    );
    return schedules;
  });
  const adapted = withHyper(request.rule, fitToTask(request.rule, { ...loaded.task, batchSize }, fixed));
  const rule = fromUser(() => scaled(adapted, options.scaleRate, loaded.task.batchSize, batchSize));
  const config = await planRun(loaded, { ...request, rule, batchSize, steps });
  const folder = options.resume ?? options.out ?? join("runs", runName(config));
  if (ranks > 1) await fromUserLater(() => checkRanks(communicator, config, folder));
  const together = ranks === 1 ? "" : ` on ${ranks} ranks (${communicator.engine})`;
  say(`Training ${config.task} by ${config.rule}, ${steps} steps${together}, into ${folder}`);

  const table = options.json ? undefined : lines(config, schedule, io);
  const fence = fenceOf(io.env);
  const farewell = "Stopping after the step at hand; Ctrl-C again ends at once.";
  const result = await interruptible(io, farewell, (signal) =>
    train({
      ...{ config, loaded, folder, signal, communicator, sharded },
      ...(table && { onEvaluation: table }),
      ...(fence && { fence }),
    }),
  );
  if (result.end === "interrupted") {
    if (readRun(folder) === undefined) {
      throw new Failure("Interrupted before the first step: nothing was written. Start it again as it was.");
    }
    throw new (ranks === 1 ? Failure : ComeBack)(
      `Interrupted at step ${result.step}: the run and a checkpoint are kept. To go on:\n  thalweg train --resume ${folder}`,
    );
  }
  if (options.export !== undefined && communicator.rank === 0) {
    if (result.end === "diverged") say(`Not written: ${options.export}, as the run diverged`);
    else
      await writeBytes(options.export, exportModel(loaded, await trainedTensors(config, loaded, folder)), io);
  }
  if (options.json) printJson(io.stdout, { folder, config, ...result });
  else io.stdout.write(`${summary(result, loaded.task.metric)}\n`);
}

/** Raises RangeError, on all ranks alike, where they would not do the same. */
async function checkRanks(communicator: Communicator, config: TrialConfig, folder: string): Promise<void> {
  const { taskFingerprint, ...asked } = config;
  await checkAgreement(communicator, {
    "run asked for": runId(asked).slice(0, 16),
    "data or model": taskFingerprint,
    "code of Thalweg": codeVersion(fileURLToPath(new URL("../../../", import.meta.url))),
  });
  await checkShared(communicator, folder);
}

/** The rule with its rate for another batch size. Raises RangeError for a rule without a learning rate. */
function scaled(rule: Rule, scaling: RateScaling | undefined, from: number, to: number): Rule {
  if (scaling === undefined) return rule;
  const { lr } = rule.hyper;
  if (lr !== undefined) return withHyper(rule, { lr: scaleRate(lr, from, to, scaling) });
  throw new RangeError(
    `Cannot scale the learning rate of ${rule.name} as it must have a hyperparameter lr: leave out --scale-rate`,
  );
}

interface Asked {
  source: Task | TaskFile;
  /** Whether another task may stand in when its data cannot be had. */
  fallBack: boolean;
  request: Omit<TrialRequest, "steps"> & { steps?: number };
  /** Hyperparameters that the task may not choose. */
  fixed: readonly string[];
}

function asked(task: string | undefined, options: Options, ranks: number): Asked {
  checkTogether(options, ranks);
  const { set: hyper = {}, schedule = DEFAULT_SCHEDULE, batches, steps, seed = DEFAULT_SEED } = options;
  const source = askedTask(task, options);
  const read = readRuleSpec(required("--rule", options.rule, Object.keys(rules)));
  const rule = withHyper(read.rule, hyper);
  const length = steps ?? ("steps" in source ? source.steps : undefined);
  if (length !== undefined) schedulesFor(rule, parseSchedules(schedule, length), length);
  if (batches !== undefined) parseBatchSchedule(batches);
  const { accumulate = 1 } = options;
  const given = {
    ...(steps === undefined ? {} : { steps }),
    ...(batches === undefined ? {} : { batches }),
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    ...(accumulate === 1 ? {} : { accumulate }),
    ...(ranks === 1 ? {} : { ranks }),
    ...(options.trajectory === undefined ? {} : { trajectory: options.trajectory }),
    ...(options.diagnose === undefined ? {} : { diagnostics: diagnosisShare(options.diagnose) }),
    ...(options.batchNorm === "synchronised" && { synchronised: true as const }),
  };
  const fixed = [...read.fixed, ...Object.keys(hyper)];
  return { source, fallBack: true, request: { rule, schedule, seed, test: true, ...given }, fixed };
}

function diagnosisShare(given: number | true): number {
  if (given === true) return DIAGNOSIS_SHARE;
  if (given > 0) return given;
  throw new UsageError(
    `Cannot train with --diagnose as it must be a share above 0 of a step's time: current value is ${given}`,
  );
}

/** What only makes sense together. */
function checkTogether(
  { batches, localBatch, scaleRate, batchNorm, checkpoint, zero }: Options,
  ranks: number,
): void {
  if (batchNorm === "synchronised" && checkpoint !== undefined) {
    throw new UsageError(
      "Cannot train with --batch-norm synchronised and --checkpoint as what is computed again would need the other ranks again: give one",
    );
  }
  if (batches !== undefined && localBatch !== undefined) {
    throw new UsageError(
      "Cannot train with --batches and --local-batch as both say how large batches are: give one",
    );
  }
  if (scaleRate !== undefined && localBatch === undefined) {
    throw new UsageError(
      "Cannot train with --scale-rate as it needs a batch size other than the task's: give --local-batch, too",
    );
  }
  if (batchNorm === "synchronised" && ranks === 1) {
    throw new UsageError(
      "Cannot train with --batch-norm synchronised as there is one rank, and nothing to synchronise: start with mpirun -n 2 thalweg train …, or leave it out",
    );
  }
  checkZero(zero, ranks);
}

function checkZero(zero: Options["zero"], ranks: number): void {
  if (zero !== "1" || ranks > 1) return;
  throw new UsageError(
    "Cannot train with --zero 1 as it divides the optimizer's state among ranks, and there is one: start with mpirun -n 2 thalweg train …, or leave it out",
  );
}

/** Nothing else may be given: a resumed run is the one that was asked for. */
function resumed(task: string | undefined, options: Options, ranks: number): Asked {
  const { resume, json: _, export: __, zero, ...others } = options;
  const given = [...(task === undefined ? [] : ["a task"]), ...Object.keys(others).map((key) => `--${key}`)];
  if (given.length > 0) {
    throw new UsageError(
      `Cannot resume ${resume} with ${given.join(", ")} as a run keeps its configuration: give --resume alone, or begin another run`,
    );
  }
  const { task: name, file, ...request } = storedRequest(resume!);
  const { ranks: needed = 1 } = request;
  if (needed !== ranks) {
    const launch = needed === 1 ? "without mpirun" : `with mpirun -n ${needed}`;
    throw new UsageError(
      `Cannot resume ${resume} on ${ranks} ${ranks === 1 ? "rank" : "ranks"} as a run must go on as it began, on ${needed}: start ${launch}`,
    );
  }
  checkZero(zero, ranks);
  const source = file ?? lookUp("task", tasks, name);
  return { source, fallBack: false, request, fixed: Object.keys(request.rule.hyper) };
}

const HEAD = ["  step", "train loss", "validation loss", "validation accuracy", "       lr", "seconds"];

/** A line per evaluation, as they come. The learning rate is that of the last update. */
function lines(
  { hyper }: TrialConfig,
  schedule: Schedule | undefined,
  io: Io,
): (evaluation: Evaluation) => void {
  const row = (cells: readonly string[]) =>
    io.stdout.write(`${cells.map((cell, i) => cell.padStart(HEAD[i]!.length + 2)).join("")}\n`);
  row(HEAD);
  return ({ step, trainLoss, validationLoss, validationAccuracy, seconds }) => {
    const lr = Number(hyper.lr ?? Number.NaN) * (schedule?.at(Math.max(0, step - 1)) ?? 1);
    const measured = [
      decimals(trainLoss, 4),
      decimals(validationLoss!, 4),
      percent(validationAccuracy ?? Number.NaN),
    ];
    row([
      String(step),
      ...measured,
      step === 0 || Number.isNaN(lr) ? "–" : lr.toPrecision(3),
      seconds.toFixed(1),
    ]);
  };
}

function summary(
  { end, reason, step, evaluations, reused }: FitResult & { reused: boolean },
  { measure, unit }: Task["metric"],
): string {
  const before = reused ? " (found from before)" : "";
  if (end === "diverged") return `Diverged at step ${step}: ${reason}${before}`;
  const last = evaluations.at(-1)!;
  const { testAccuracy, testLoss } = last;
  const isShown = measure === "testLoss" || measure === "testAccuracy" || last[measure] === undefined;
  const judged = isShown ? "" : `, ${measure} ${last[measure]!.toPrecision(4)} ${unit}`;
  if (testAccuracy === undefined) return `Test loss ${decimals(testLoss!, 6)}${judged}${before}`;
  return `Test accuracy ${percent(testAccuracy)}, test loss ${decimals(testLoss!, 4)} nat${judged}${before}`;
}

const decimals = (value: number, digits: number) => (Number.isNaN(value) ? "–" : value.toFixed(digits));
const percent = (share: number) => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`);
