/**
 * AlgoPerf's measurements: `<submission>/<study>/<workload>/<trial>/eval_measurements.csv`, a line per evaluation, columns in alphabetical order.
 * Their scoring takes `score`, the seconds of training until the evaluation, at the first one that reaches the target.
 *
 * A rule is a submission, a replicate a study, a task a workload, and a trial of the search a trial; hyperparameters stand beside in hparams.json. Runs
 * of winners on other seeds are trials after those of the search.
 *
 * Source   mlcommons/algorithmic-efficiency, scoring/utils.py; mlcommons/submissions_algorithms, logs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { parse } from "csv-parse/sync";
import type { Configuration } from "../samplers/index.ts";
import { csvText } from "./csv.ts";
import type { RecordedEvaluation, RecordedRun } from "./recorded-run.ts";
import { measureOf, tagOf } from "./tensorboard/tags.ts";
import { asFolder } from "./tensorboard/write.ts";

const FILE = "eval_measurements.csv";

/** The text of a run's file. */
export function algoperfCsv({ evaluations }: RecordedRun): string {
  const measures = [...new Set(evaluations.flatMap((one) => Object.keys(one.measures)))];
  const rows = evaluations.map(({ step, seconds, measures: values }) => ({
    accumulated_submission_time: seconds,
    global_step: step,
    preemption_count: 0,
    score: seconds,
    total_duration: seconds,
    ...Object.fromEntries(measures.map((measure) => [tagOf(measure), values[measure] ?? Number.NaN])),
  }));
  const columns = Object.keys(rows[0] ?? {}).sort((a, b) => (a < b ? -1 : 1));
  return csvText(columns, rows);
}

/** Write a folder per run; gives back the files' paths. Raises Node's errors. */
export function writeAlgoperf(runs: readonly RecordedRun[], folder: string): string[] {
  const counts = new Map<string, number>();
  return runs.map((run) => {
    const study = join(folder, asFolder(run.rule), `study_${run.place?.replicate ?? 0}`, asFolder(run.task));
    const number = (counts.get(study) ?? 0) + 1; // theirs count from 1
    counts.set(study, number);
    const place = join(study, `trial_${number}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, FILE), algoperfCsv(run));
    const { seed, schedule, batchSize, steps, hyper } = run;
    writeFileSync(
      join(place, "hparams.json"),
      `${JSON.stringify({ ...hyper, seed, schedule, batchSize, steps }, null, 1)}\n`,
    );
    return join(place, FILE);
  });
}

/**
 * The evaluations of a file.
 *
 * Errors    RangeError with file and line where a number is none, or a column is missing.
 */
export function parseAlgoperf(text: string, path: string): RecordedEvaluation[] {
  const rows = rowsOf(text, path);
  return rows.map((row, i) => {
    const number = (column: string): number => {
      const written = row[column];
      if (written === undefined) {
        throw new RangeError(
          `Cannot read ${path} as it must have a column ${column}: there are ${Object.keys(row).join(", ")}`,
        );
      }
      const value =
        written === "" || written === "nan"
          ? Number.NaN
          : Number(written.replace(/^(-?)inf$/i, "$1Infinity"));
      if (Number.isNaN(value) && written !== "" && !/^nan$/i.test(written)) {
        throw new RangeError(
          `Cannot read ${path} at line ${i + 2} as ${column} must be a number: current value is ${written}`,
        );
      }
      return value;
    };
    const tags = Object.keys(row).filter(
      (column) => /^(train|validation|test)\//.test(column) && !column.endsWith("/num_examples"),
    );
    return {
      step: number("global_step"),
      seconds: number("accumulated_submission_time"),
      measures: Object.fromEntries(tags.map((tag) => [measureOf(tag), number(tag)])),
    };
  });
}

function rowsOf(text: string, path: string): Record<string, string>[] {
  try {
    return parse(text, { columns: true, skip_empty_lines: true }) as Record<string, string>[];
  } catch (cause) {
    throw new RangeError(`Cannot read ${path} as it must be CSV: ${(cause as Error).message}`, { cause });
  }
}

/** Every run below a folder: of one submission or of several, each in its study, workload and trial. */
export function readAlgoperf(folder: string): RecordedRun[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === FILE)
    .map(({ parentPath }) => parentPath)
    .sort()
    .map((place) => runOf(place, relative(folder, place).split(sep).join("/")));
}

function runOf(place: string, name: string): RecordedRun {
  const evaluations = parseAlgoperf(readFileSync(join(place, FILE), "utf8"), join(name, FILE));
  const [trial = "", workload = name, study = "", submission = ""] = name.split("/").reverse();
  const { seed, schedule, batchSize, steps, ...hyper } = hparams(join(place, "hparams.json"));
  const number = Number(/\d+$/.exec(trial)?.[0] ?? 1) - 1;
  return {
    name,
    task: workload,
    rule: submission === "" ? "submission" : submission,
    schedule: String(schedule ?? "its own"),
    batchSize: Number(batchSize ?? 0),
    steps: Number(steps ?? evaluations.at(-1)?.step ?? 0),
    seed: Number(seed ?? number),
    hyper,
    evaluations,
    end: "finished",
    startedAt: 0,
    place: { replicate: Number(/\d+$/.exec(study)?.[0] ?? 0), phase: "tuning", number },
  };
}

function hparams(path: string): Configuration {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Configuration;
  } catch (cause) {
    throw new RangeError(`Cannot read ${path} as it must be JSON: ${(cause as Error).message}`, { cause });
  }
}
