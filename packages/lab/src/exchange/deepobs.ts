/**
 * DeepOBS's output, the form of the published results of "Descending through a Crowded Valley" too: a JSON file per run,
 *
 *   <testproblem>/<optimizer>/num_epochs__100__batch_size__128__beta1__9.e-01__…/random_seed__42__2020-01-18-13-00-40.json
 *
 * with losses and accuracies before training and after each epoch. Numbers in names have ten decimals without trailing zeros. Where a run was not
 * evaluated by epochs, the time between two evaluations is written as one, and `training_params.steps_per_epoch` tells its length.
 *
 * Their learning_rate and epsilon are lr and eps here; other names stay. A published run of quadratic_deep is not one task with the next: the k-th
 * problem of a process has another Hessian, so its initial loss tells which task it is (see `namedByStart`).
 *
 * Source   fsschneider/DeepOBS 1.2.0-beta, runner output; SirRob1997/Crowded-Valley---Results.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { z } from "zod";
import type { Configuration, Value } from "../samplers/index.ts";
import type { RecordedEvaluation, RecordedRun } from "./recorded-run.ts";
import { asFolder } from "./tensorboard/write.ts";

const SPLITS = { train: "train", valid: "validation", test: "test" } as const;
const MEASURES = { losses: "Loss", accuracies: "Accuracy" } as const;
/** Their lists by our measures: train_losses is trainLoss. */
const LISTS = Object.entries(SPLITS).flatMap(([split, ours]) =>
  Object.entries(MEASURES).map(([list, measure]) => [`${split}_${list}`, `${ours}${measure}`] as const),
);
const NAMES: Readonly<Record<string, string>> = { lr: "learning_rate", eps: "epsilon" };

/** A number in a folder's name, as their `float2str` has it: 0.9 is 9.e-01. */
export function deepobsNumber(value: number): string {
  const [mantissa = "", exponent = "0"] = value.toExponential(10).split("e");
  const digits = exponent.replace(/^[+-]/, "").padStart(2, "0");
  return `${mantissa.replace(/0+$/, "")}e${exponent.startsWith("-") ? "-" : "+"}${digits}`;
}

/** Whole numbers from 2 are counts and stand as they are, words as Python writes them; all else is a float there. */
function shown(value: Value): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return value;
  return Number.isInteger(value) && Math.abs(value) >= 2 ? String(value) : deepobsNumber(value);
}

const theirNames = (hyper: Configuration): [string, Value][] =>
  Object.entries(hyper)
    .map(([name, value]): [string, Value] => [NAMES[name] ?? name, value])
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Where a run's file lies, below the folder of results. */
export function deepobsPath(run: RecordedRun): string {
  const hyper = theirNames(run.hyper).map(([name, value]) => `__${name}__${shown(value)}`);
  const settings = `num_epochs__${run.evaluations.length - 1}__batch_size__${run.batchSize}${hyper.join("")}`;
  const time = new Date(run.startedAt * 1000).toISOString().slice(0, 19).replaceAll(/[T:]/g, "-");
  const file = `random_seed__${run.seed}__${time}.json`;
  return [asFolder(run.task), asFolder(run.rule), asFolder(settings), file].join("/");
}

/** The content of a run's file. JSON has no NaN; Python's does, and writes it so. */
export function deepobsJson(run: RecordedRun): string {
  const { evaluations, task, batchSize, seed, rule, hyper, schedule, steps } = run;
  const lists = LISTS.map(
    ([list, measure]) => [list, evaluations.map(({ measures }) => measures[measure])] as const,
  );
  const perEpoch = steps / Math.max(1, evaluations.length - 1);
  return python({
    testproblem: task,
    batch_size: batchSize,
    num_epochs: evaluations.length - 1,
    random_seed: seed,
    l2_reg: null,
    optimizer_name: rule,
    optimizer_hyperparams: Object.fromEntries(theirNames(hyper)),
    training_params: { schedule, steps_per_epoch: perEpoch },
    ...Object.fromEntries(lists.filter(([, values]) => values.every((value) => value !== undefined))),
    minibatch_train_losses: [],
  });
}

const MARK = "\u0000";
/** JSON with the words that Python's json module writes and reads for what JSON lacks. */
const python = (value: unknown): string =>
  `${JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === "number" && !Number.isFinite(part) ? `${MARK}${part}` : part),
    4,
  ).replaceAll(/"\\u0000(NaN|-?Infinity)"/g, "$1")}\n`;

/** Write a file per run below a folder; gives back their paths. Raises Node's errors. */
export function writeDeepobs(runs: readonly RecordedRun[], folder: string): string[] {
  return runs.map((run) => {
    const path = join(folder, deepobsPath(run));
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, deepobsJson(run));
    return path;
  });
}

const schema = z.looseObject({
  testproblem: z.string(),
  batch_size: z.number(),
  num_epochs: z.number(),
  random_seed: z.number(),
  optimizer_name: z.string(),
  optimizer_hyperparams: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  training_params: z.looseObject({}).optional(),
});

/** Steps of an epoch where they are known: quadratic_deep has 1000 points and drops the rest of its batches of 128. */
const STEPS_PER_EPOCH: Readonly<Record<string, number>> = { quadratic_deep: 7 };
/** The schedules of the Crowded Valley are folders above the test problem's. */
const SCHEDULES: Readonly<Record<string, string>> = {
  none: "constant",
  cosine: "cosine",
  cosine_wr: "cosine-warm-restarts",
  ltr: "trapezoid",
};

/**
 * The run of a file's text. An epoch counts as one step where nothing says how many steps it has.
 *
 * Errors    RangeError naming the file and what it lacks.
 */
export function parseDeepobs(text: string, path: string): RecordedRun {
  const parsed = schema.safeParse(fromPython(text, path));
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    throw new RangeError(
      `Cannot read ${path} as DeepOBS's output as ${at.join(".")} does not fit: ${message}`,
    );
  }
  const {
    testproblem,
    batch_size,
    num_epochs,
    random_seed,
    optimizer_name,
    optimizer_hyperparams,
    training_params = {},
  } = parsed.data;
  const perEpoch =
    typeof training_params.steps_per_epoch === "number"
      ? training_params.steps_per_epoch
      : (STEPS_PER_EPOCH[testproblem] ?? 1);
  const lists = LISTS.flatMap(([list, measure]) => {
    const values = parsed.data[list];
    return values === undefined ? [] : [[measure, listOf(values, list, path)] as const];
  });
  const length = Math.max(0, ...lists.map(([, values]) => values.length));
  const evaluations = Array.from({ length }, (_, epoch): RecordedEvaluation => {
    const measures = lists.flatMap(([measure, values]) =>
      epoch < values.length ? [[measure, values[epoch]!] as const] : [],
    );
    return { step: Math.round(epoch * perEpoch), seconds: 0, measures: Object.fromEntries(measures) };
  });
  return {
    name: path,
    task: testproblem,
    rule: optimizer_name,
    schedule: scheduleOf(path, training_params),
    batchSize: batch_size,
    steps: Math.round(num_epochs * perEpoch),
    seed: random_seed,
    hyper: ourNames(optimizer_hyperparams),
    evaluations,
    end: endOf(evaluations, num_epochs),
    startedAt: startOf(path),
  };
}

const fromPython = (text: string, path: string): unknown => {
  const json = text.replaceAll(
    /(?<=[[,:\s])(NaN|-?Infinity)(?=[\],}\s])/g,
    `"${MARK.replace("\u0000", "\\u0000")}$1"`,
  );
  try {
    return JSON.parse(json, (_, part: unknown) =>
      typeof part === "string" && part.startsWith(MARK) ? Number(part.slice(1)) : part,
    );
  } catch (cause) {
    throw new RangeError(`Cannot read ${path} as it must be JSON: ${(cause as Error).message}`, { cause });
  }
};

function listOf(value: unknown, list: string, path: string): number[] {
  const isNumber = (one: unknown): one is number => typeof one === "number";
  if (Array.isArray(value) && value.every((one) => one === null || isNumber(one)))
    return value.map((one) => one ?? Number.NaN);
  throw new RangeError(
    `Cannot read ${path} as ${list} must be a list of numbers: it begins ${JSON.stringify(value).slice(0, 40)}`,
  );
}

const ourNames = (hyper: Readonly<Record<string, Value | null>>): Configuration => {
  const ours = Object.fromEntries(Object.entries(NAMES).map(([own, theirs]) => [theirs, own]));
  return Object.fromEntries(
    Object.entries(hyper).flatMap(([name, value]) => (value === null ? [] : [[ours[name] ?? name, value]])),
  );
};

function scheduleOf(
  path: string,
  { schedule, lr_sched_epochs: epochs, lr_sched_factors: factors }: Record<string, unknown>,
): string {
  if (typeof schedule === "string") return schedule;
  const folder = path.split("/").findLast((part) => Object.hasOwn(SCHEDULES, part));
  if (folder !== undefined) return SCHEDULES[folder]!;
  return Array.isArray(epochs) && epochs.length > 0
    ? `factors ${JSON.stringify(factors)} from epochs ${JSON.stringify(epochs)}`
    : "constant";
}

/** A run whose loss is no number any more, or that stops early, diverged. */
function endOf(evaluations: readonly RecordedEvaluation[], epochs: number): RecordedRun["end"] {
  const last = evaluations.at(-1);
  const finite = last !== undefined && Object.values(last.measures).every(Number.isFinite);
  return finite && evaluations.length === epochs + 1 ? "finished" : "diverged";
}

function startOf(path: string): number {
  const [, date, time] = /__(\d{4}-\d{2}-\d{2})-(\d{2}-\d{2}-\d{2})\.json$/.exec(path) ?? [];
  return date === undefined ? 0 : Date.parse(`${date}T${time!.replaceAll("-", ":")}Z`) / 1000;
}

/** Every run below a folder of results, in the order of their paths. */
export function readDeepobs(folder: string): RecordedRun[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^random_seed__.*\.json$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => parseDeepobs(readFileSync(path, "utf8"), relative(folder, path).split(sep).join("/")));
}
