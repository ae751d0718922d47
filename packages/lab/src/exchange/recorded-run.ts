/**
 * A run as it is exchanged: what every program that records training knows about one, and no more. Writers of other people's formats
 * take these, readers give them; runs and studies of our own are read from their folders here.
 */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { canonicalJson, type JsonObject, type RunLine, type RunRecord, readRun } from "@thalweg/train";
import type { Configuration } from "../samplers/index.ts";
import type { PlannedTrial, Setting } from "../study/plan.ts";
import { readStudy } from "../study/read-study.ts";
import type { TrialEnd } from "../study/result.ts";
import type { StudyData } from "../study/study-data.ts";

export interface RecordedRun extends Setting {
  /** A relative path with forward slashes: what tells it from the others. */
  name: string;
  seed: number;
  /** Values that the rule ran with, all or those that were searched. */
  hyper: Configuration;
  evaluations: readonly RecordedEvaluation[];
  /** "running" where it has not ended. */
  end: TrialEnd | "running";
  /** Seconds since 1970 when it began, as well as is known. */
  startedAt: number;
  /** Its place in a study. */
  place?: Pick<PlannedTrial, "replicate" | "phase" | "number">;
}

export interface RecordedEvaluation {
  /** Finished updates. */
  step: number;
  /** Time spent in training so far; 0 where it is not known. */
  seconds: number;
  /** `trainLoss`, `validationLoss`, `testAccuracy` …; may be NaN or infinite. */
  measures: Readonly<Record<string, number>>;
}

/** Sixteen hex digits of all that a run depends on but its seed: runs that are repetitions of each other have the same. */
export function configurationHash({ task, rule, schedule, batchSize, steps, hyper }: RecordedRun): string {
  const text = canonicalJson({ task, rule, schedule, batchSize, steps, hyper: finite(hyper) });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

const finite = (values: Configuration): JsonObject =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    ]),
  );

/**
 * The runs below a folder: of a study, in the order of its plan; else of every run's folder that is found, by path.
 *
 * Errors    RangeError where there are none.
 */
export function recordedRuns(folder: string): RecordedRun[] {
  const study = studyIn(folder);
  const runs = study === undefined ? runsBelow(folder) : runsOfStudy(study, folder);
  if (runs.length > 0) return runs;
  throw new RangeError(
    `Cannot read runs in ${folder} as it must hold a study or runs: there is no plan.jsonl, and no config.json with a run.jsonl`,
  );
}

function studyIn(folder: string): StudyData | undefined {
  return isThere(join(folder, "plan.jsonl")) ? readStudy(folder) : undefined;
}

/** The runs of a study that have a folder: those that came to an end, in the order of the plan. */
export function runsOfStudy({ trials, results }: StudyData, folder: string): RecordedRun[] {
  const runs = new Map<string, RecordedRun>();
  for (const trial of trials) {
    const result = results.get(trial.id);
    if (result === undefined || result.folder === "") continue;
    const record = readRun(join(folder, result.folder));
    const { task, rule, schedule, batchSize, steps, seed, replicate, phase, number } = trial;
    // parts of a trial, where a pruner looked, are one run: the last part tells of all
    const key = JSON.stringify([task, rule, schedule, batchSize, steps, seed, replicate, phase, number]);
    runs.set(key, {
      ...{ task, rule, schedule, batchSize, steps, seed },
      name: result.folder,
      hyper: result.hyper,
      evaluations: record === undefined ? [] : record.lines.flatMap(evaluationOf),
      end: result.end,
      startedAt: startOf(join(folder, result.folder)),
      place: { replicate, phase, number },
    });
  }
  return [...runs.values()];
}

/** Every run's folder below another, which may be one itself. */
function runsBelow(folder: string): RecordedRun[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === "run.jsonl")
    .map(({ parentPath }) => parentPath)
    .sort();
  return found.flatMap((place) => {
    const record = readRun(place);
    const name = relative(folder, place).split(sep).join("/");
    return record === undefined ? [] : [recordedRun(record, name === "" ? basename(place) : name)];
  });
}

/** A run as `thalweg train` records it. What other kinds of runs do not say stands as "", 0 or nothing. */
export function recordedRun(record: RunRecord, name: string): RecordedRun {
  const { config, lines, end } = record;
  const text = (key: string) => (typeof config[key] === "string" ? (config[key] as string) : "");
  const number = (key: string) => (typeof config[key] === "number" ? (config[key] as number) : 0);
  return {
    name,
    task: text("task"),
    rule: text("rule"),
    schedule: text("schedule"),
    batchSize: number("batchSize"),
    steps: number("steps"),
    seed: number("seed"),
    hyper: (config.hyper ?? {}) as Configuration,
    evaluations: lines.flatMap(evaluationOf),
    end: end?.end === "finished" || end?.end === "diverged" ? end.end : "running",
    startedAt: startOf(record.folder),
  };
}

/** What is in a line of a run's log besides measures. */
const CIRCUMSTANCES: ReadonlySet<string> = new Set(["step", "seconds", "gradients"]);

/** A line of run.jsonl as an evaluation; nothing where it is another kind of line. */
export function evaluationOf(line: RunLine): RecordedEvaluation[] {
  if (typeof line.step !== "number" || line.end !== undefined) return [];
  const measures = Object.entries(line).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && !CIRCUMSTANCES.has(entry[0]),
  );
  const seconds = typeof line.seconds === "number" ? line.seconds : 0;
  return [{ step: line.step, seconds, measures: Object.fromEntries(measures) }];
}

/** When a run began: its configuration is written first, and never again. */
function startOf(folder: string): number {
  const there = statSync(join(folder, "config.json"), { throwIfNoEntry: false });
  return there === undefined ? 0 : there.mtimeMs / 1000;
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
