/**
 * Scalars and HParams from folders of event files, whoever wrote them. A folder is a run, as TensorBoard has it; its files are read in the order of their
 * names, and what a later one says about a step counts, as after a restart.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import type { Configuration } from "../../samplers/index.ts";
import type { RecordedEvaluation, RecordedRun } from "../recorded-run.ts";
import { SESSION_END, SESSION_START, SESSION_STATUS } from "./events.ts";
import {
  type Event,
  EventSchema,
  HParamsPluginDataSchema,
  type Summary_Value,
} from "./generated/events_pb.js";
import { unframe } from "./records.ts";
import { measureOf, SECONDS } from "./tags.ts";

/** What the event files of one folder say. */
export interface EventLog {
  /** By tag, then by step. */
  scalars: Map<string, Map<number, number>>;
  /** When each step was written, in seconds since 1970; the first is that of the file's begin. */
  times: Map<number, number>;
  startedAt: number;
  hyper: Configuration;
  group: string | undefined;
  status: keyof typeof SESSION_STATUS | undefined;
}

const isEventFile = (name: string): boolean => name.includes("tfevents");

/** Errors    RangeError for a file that is damaged or none of TensorFlow's; Node's own errors. */
export function readEventLog(folder: string): EventLog {
  const log: EventLog = {
    scalars: new Map(),
    times: new Map(),
    startedAt: 0,
    hyper: {},
    group: undefined,
    status: undefined,
  };
  for (const name of readdirSync(folder).filter(isEventFile).sort()) {
    const path = join(folder, name);
    for (const [i, data] of unframe(readFileSync(path), path).entries()) {
      try {
        noteEvent(log, fromBinary(EventSchema, data));
      } catch (cause) {
        const reason = (cause as Error).message;
        throw new RangeError(`Cannot read ${path} as record ${i} must be an event: ${reason}`, { cause });
      }
    }
  }
  return log;
}

function noteEvent(log: EventLog, { wallTime, step, what }: Event): void {
  if (log.startedAt === 0) log.startedAt = wallTime;
  if (what.case !== "summary") return;
  for (const entry of what.value.value) note(log, entry, Number(step), wallTime);
}

function note(log: EventLog, entry: Summary_Value, step: number, wallTime: number): void {
  const { tag, metadata } = entry;
  if (tag === SESSION_START || tag === SESSION_END) {
    noteSession(log, metadata?.pluginData?.content ?? new Uint8Array());
    return;
  }
  const value = scalarOf(entry);
  if (value === undefined) return; // pictures, histograms, text
  const series = log.scalars.get(tag) ?? new Map<number, number>();
  series.set(step, value);
  log.scalars.set(tag, series);
  log.times.set(step, wallTime);
}

function noteSession(log: EventLog, content: Uint8Array): void {
  const { data } = fromBinary(HParamsPluginDataSchema, content);
  if (data.case === "sessionStartInfo") {
    log.group = data.value.groupName;
    for (const [name, { kind }] of Object.entries(data.value.hparams)) {
      if (kind.case === "numberValue" || kind.case === "stringValue" || kind.case === "boolValue")
        log.hyper[name] = kind.value;
    }
  } else if (data.case === "sessionEndInfo") {
    const { status } = data.value;
    const names = Object.keys(SESSION_STATUS) as (keyof typeof SESSION_STATUS)[];
    log.status = names.find((name) => SESSION_STATUS[name] === status);
  }
}

/** A number in any of the forms that scalars have: of TensorFlow 1, and as a tensor of one float or double, in a field or as bytes. */
function scalarOf({ value }: Summary_Value): number | undefined {
  if (value.case === "simpleValue") return value.value;
  if (value.case !== "tensor") return undefined;
  const { dtype, tensorShape, floatVal, doubleVal, tensorContent } = value.value;
  if ((tensorShape?.dim ?? []).some(({ size }) => size !== 1n)) return undefined;
  const view = new DataView(tensorContent.buffer, tensorContent.byteOffset, tensorContent.byteLength);
  if (dtype === 1) return floatVal[0] ?? (view.byteLength === 4 ? view.getFloat32(0, true) : undefined);
  if (dtype === 2) return doubleVal[0] ?? (view.byteLength === 8 ? view.getFloat64(0, true) : undefined);
  return undefined;
}

/** What our own files say about a run among its HParams; other people's say it elsewhere, or not. */
const FACTS = ["task", "rule", "schedule", "batchSize", "steps"] as const;

/** Every folder with event files below one, as a run. */
export function readTensorboard(folder: string): RecordedRun[] {
  const folders = new Set(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && isEventFile(entry.name))
      .map(({ parentPath }) => parentPath),
  );
  return [...folders].sort().map((place) => {
    const path = relative(folder, place).split(sep).join("/");
    return runOf(readEventLog(place), path === "" ? basename(place) : path);
  });
}

function runOf(log: EventLog, name: string): RecordedRun {
  const { scalars, hyper, startedAt, status } = log;
  const steps = [...new Set([...scalars.values()].flatMap((series) => [...series.keys()]))].sort(
    (a, b) => a - b,
  );
  const evaluations = steps.map((step): RecordedEvaluation => {
    const at = [...scalars].flatMap(([tag, series]) => {
      const value = series.get(step);
      return value === undefined || tag === SECONDS ? [] : [[measureOf(tag), value] as const];
    });
    const seconds = scalars.get(SECONDS)?.get(step) ?? (log.times.get(step) ?? startedAt) - startedAt;
    return { step, seconds, measures: Object.fromEntries(at) };
  });
  const own = Object.fromEntries(
    Object.entries(hyper).filter(([key]) => !(FACTS as readonly string[]).includes(key)),
  );
  const [first = name] = name.split("/");
  return {
    name,
    task: String(hyper.task ?? "unknown"),
    rule: String(hyper.rule ?? hyper.optimizer ?? first),
    schedule: String(hyper.schedule ?? "unknown"),
    batchSize: Number(hyper.batchSize ?? hyper.batch_size ?? 0),
    steps: Number(hyper.steps ?? steps.at(-1) ?? 0),
    seed: Number(hyper.seed ?? /seed[-_]?(\d+)/.exec(name)?.[1] ?? 0),
    hyper: own,
    evaluations,
    end: status === "success" ? "finished" : status === "failure" ? "diverged" : "running",
    startedAt,
  };
}
