/**
 * The tables that SQL is asked over, as columns and rows; what fills a database with them is another file.
 *
 * trials       a line per planned trial of every study: what it was, and what came of it. study, id, task, rule, schedule, batch_size, steps,
 *              seed, hyper (a struct: hyper.lr), replicate, phase ('tuning', 'final'), number, until (where a pruner looked; null for the part that
 *              goes to the end, so "until is null" counts each trial once), status (null while it has not ended), reason, step, gradients, seconds,
 *              folder; then the measures at the end (test_loss, validation_accuracy …), and those of the best evaluation and of the first under
 *              best_… and initial_…
 * runs         a line per run's folder: folder, task, rule, schedule, batch_size, steps, seed, hyper, status, started_at, step, seconds, and
 *              the measures at the end
 * evaluations  a line per evaluation of every run: folder, task, rule, schedule, batch_size, steps, seed, hyper, step, seconds, and the measures
 *
 * Measures are those that occur, in lower case with underscores. What is not a number is null: SQL's means leave it out, so count the nulls.
 */
import { readdirSync, statSync } from "node:fs";
import { relative, sep } from "node:path";
import { readRun } from "@thalweg/train";
import { type RecordedRun, recordedRun } from "../exchange/recorded-run.ts";
import type { Configuration, Value } from "../samplers/index.ts";
import type { PlannedTrial } from "../study/plan.ts";
import { readStudy } from "../study/read-study.ts";
import type { TrialResult } from "../study/result.ts";

export type ColumnType = "VARCHAR" | "DOUBLE" | "BIGINT" | "BOOLEAN" | "TIMESTAMP";
export type Cell = Value | null | undefined;

export interface Table {
  /** In the order of columns; the struct `hyper` comes between those before it and those after. */
  columns: readonly (readonly [name: string, type: ColumnType])[];
  /** The fields of the struct `hyper`. */
  hyper: readonly (readonly [name: string, type: ColumnType])[];
  /** Made as they are read, and anew each time: all at once would take gigabytes. */
  rows: () => Iterable<Row>;
}

export interface Row {
  cells: Readonly<Record<string, Cell>>;
  hyper: Configuration;
}

export const TABLES: Readonly<Record<string, (found: Found) => Table>> = {
  trials: trialsTable,
  runs: runsTable,
  evaluations: evaluationsTable,
};

/** Folders of studies, and of runs, with the names that rows call them by. */
export interface Found {
  studies: readonly { folder: string; name: string }[];
  runs: readonly { folder: string; name: string }[];
}

/** What lies in some folders, or below them. Raises RangeError where there is nothing. */
export function findResults(folders: readonly string[]): Found {
  const studies: { folder: string; name: string }[] = [];
  const runs: { folder: string; name: string }[] = [];
  for (const root of folders) {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new RangeError(`Cannot query ${root} as it must be a folder with studies or runs: there is none`);
    }
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const { parentPath: folder, name: file } = entry;
      const inside = relative(root, folder).split(sep).join("/");
      const name = folders.length === 1 ? inside || "." : [root, inside].filter(Boolean).join("/");
      if (file === "plan.jsonl" || file === "imported.json") studies.push({ folder, name });
      else if (file === "run.jsonl") runs.push({ folder, name });
    }
  }
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  if (studies.length + runs.length > 0) return { studies: studies.sort(byName), runs: runs.sort(byName) };
  throw new RangeError(
    `Cannot query ${folders.join(", ")} as there must be studies or runs below: there are none`,
  );
}

/** `validationLoss` is validation_loss in SQL, which does not see capitals. */
function columnOf(measure: string): string {
  const known = COLUMNS.get(measure) ?? measure.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  COLUMNS.set(measure, known);
  return known;
}
const COLUMNS = new Map<string, string>();

const SETTING = [
  ["task", "VARCHAR"],
  ["rule", "VARCHAR"],
  ["schedule", "VARCHAR"],
  ["batch_size", "BIGINT"],
  ["steps", "BIGINT"],
  ["seed", "BIGINT"],
] as const;

function trialsTable({ studies }: Found): Table {
  const read = studies.map(({ folder, name }) => ({ study: name, data: readStudy(folder) }));
  const rows = function* (): Generator<Row> {
    for (const { study, data } of read) {
      for (const trial of data.trials) yield trialRow(study, trial, data.results.get(trial.id));
    }
  };
  const columns = [
    ["study", "VARCHAR"],
    ["id", "BIGINT"],
    ...SETTING,
    ["replicate", "BIGINT"],
    ["phase", "VARCHAR"],
    ["number", "BIGINT"],
    ["until", "BIGINT"],
    ["status", "VARCHAR"],
    ["reason", "VARCHAR"],
    ["step", "BIGINT"],
    ["gradients", "BIGINT"],
    ["seconds", "DOUBLE"],
    ["folder", "VARCHAR"],
  ] as const;
  return withMeasures(columns, rows);
}

function trialRow(study: string, trial: PlannedTrial, result: TrialResult | undefined): Row {
  const { id, task, rule, schedule, batchSize, steps, seed, replicate, phase, number, until } = trial;
  const setting = { study, id, task, rule, schedule, batch_size: batchSize, steps, seed };
  const measures = {
    ...prefixed("", result?.final),
    ...prefixed("best_", result?.best),
    ...prefixed("initial_", result?.initial),
  };
  const ended = result && {
    ...{ status: result.end, reason: result.reason, step: result.steps, gradients: result.gradients },
    ...{ seconds: result.seconds, folder: result.folder },
  };
  const cells = { ...measures, ...setting, replicate, phase, number, until, ...ended };
  return { cells, hyper: result?.hyper ?? trial.hyper ?? {} };
}

function runsTable(found: Found): Table {
  const runs = readRuns(found);
  const rowOf = (run: RecordedRun): Row => {
    const last = run.evaluations.at(-1);
    const status = run.end;
    const ended = {
      status,
      started_at: run.startedAt * 1000,
      step: last?.step ?? null,
      seconds: last?.seconds ?? null,
    };
    return { cells: { ...prefixed("", last?.measures), ...settingOf(run), ...ended }, hyper: run.hyper };
  };
  const rows = function* (): Generator<Row> {
    for (const run of runs) yield rowOf(run);
  };
  const columns = [
    ["folder", "VARCHAR"],
    ...SETTING,
    ["status", "VARCHAR"],
    ["started_at", "TIMESTAMP"],
    ["step", "BIGINT"],
    ["seconds", "DOUBLE"],
  ] as const;
  return withMeasures(columns, rows);
}

function evaluationsTable(found: Found): Table {
  const runs = readRuns(found);
  const rows = function* (): Generator<Row> {
    for (const run of runs) {
      for (const { step, seconds, measures } of run.evaluations) {
        yield { cells: { ...prefixed("", measures), ...settingOf(run), step, seconds }, hyper: run.hyper };
      }
    }
  };
  return withMeasures([["folder", "VARCHAR"], ...SETTING, ["step", "BIGINT"], ["seconds", "DOUBLE"]], rows);
}

const readRuns = ({ runs }: Found): RecordedRun[] =>
  runs.flatMap(({ folder, name }) => {
    const record = readRun(folder);
    return record === undefined ? [] : [recordedRun(record, name)];
  });

const settingOf = ({ name, task, rule, schedule, batchSize, steps, seed }: RecordedRun) => ({
  ...{ folder: name, task, rule, schedule, batch_size: batchSize, steps, seed },
});

const prefixed = (
  prefix: string,
  measures: Readonly<Record<string, number | null>> = {},
): Record<string, Cell> =>
  Object.fromEntries(
    Object.entries(measures).map(([name, value]) => [
      prefix + columnOf(name),
      Number.isNaN(value) ? null : value,
    ]),
  );

/** A table whose other columns are measures, and whose struct has the hyperparameters that occur. */
function withMeasures(columns: Table["columns"], rows: Table["rows"]): Table {
  const known = new Set(columns.map(([name]) => name));
  const measures = new Set<string>();
  const hyper = new Map<string, ColumnType>();
  for (const row of rows()) {
    for (const name of Object.keys(row.cells)) if (!known.has(name)) measures.add(name);
    for (const [name, value] of Object.entries(row.hyper)) {
      const type = HYPER_TYPES[typeof value] ?? "VARCHAR";
      const before = hyper.get(name) ?? type;
      hyper.set(name, before === type ? type : "VARCHAR");
    }
  }
  const ofMeasures = [...measures].sort(inOrder).map((name) => [name, "DOUBLE"] as const);
  return { columns: [...columns, ...ofMeasures], hyper: [...hyper], rows };
}

const HYPER_TYPES: Readonly<Record<string, ColumnType>> = { number: "DOUBLE", boolean: "BOOLEAN" };

/** Measures at the end first, then those of the best evaluation, then those before training. */
const inOrder = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : 1);
const rank = (name: string): number => (name.startsWith("best_") ? 1 : name.startsWith("initial_") ? 2 : 0);
