/**
 * Event files of runs: one beside a run while it trains (`RunEvents`), and a folder of them for runs that have ended (`writeTensorboard`). Each run is a
 * session of HParams whose group is the hash of its configuration without the seed, so TensorBoard averages over seeds.
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Evaluation } from "@thalweg/train";
import {
  configurationHash,
  evaluationOf,
  type RecordedEvaluation,
  type RecordedRun,
} from "../recorded-run.ts";
import { type ScalarForm, scalarRecord, sessionEnd, sessionStart, versionRecord } from "./events.ts";
import { SECONDS, tagOf } from "./tags.ts";

/** `events.out.tfevents.<seconds>.thalweg.<hash>`: TensorBoard finds files by the first three words, and wants ten digits. */
const fileName = (run: RecordedRun): string =>
  `events.out.tfevents.${String(Math.floor(run.startedAt)).padStart(10, "0")}.thalweg.${configurationHash(run)}.seed-${run.seed}`;

/** HParams of a run: what the rule ran with, and what its setting was. */
function sessionOf(run: RecordedRun): Uint8Array {
  const { task, rule, schedule, batchSize, steps, hyper, startedAt } = run;
  const facts = { ...hyper, task, rule, schedule, batchSize, steps };
  return sessionStart({ hyper: facts, group: configurationHash(run), startedAt }, startedAt);
}

function evaluationRecords(
  run: RecordedRun,
  { step, seconds, measures }: RecordedEvaluation,
  form?: ScalarForm,
): Uint8Array[] {
  const at = { step, wallTime: run.startedAt + seconds, ...(form && { form }) };
  return [
    ...Object.entries(measures).map(([measure, value]) => scalarRecord(tagOf(measure), value, at)),
    scalarRecord(SECONDS, seconds, at),
  ];
}

/** Diverged runs count as failed there: their last numbers are not what the configuration gives. */
function endRecord({ end, evaluations, startedAt }: RecordedRun): Uint8Array[] {
  if (end === "running") return [];
  return [
    sessionEnd(
      end === "finished" || end === "pruned" ? "success" : "failure",
      startedAt + (evaluations.at(-1)?.seconds ?? 0),
    ),
  ];
}

/** All records of a run. */
export function eventsOf(run: RecordedRun, form?: ScalarForm): Uint8Array {
  const records = run.evaluations.flatMap((evaluation) => evaluationRecords(run, evaluation, form));
  return Buffer.concat([versionRecord(run.startedAt), sessionOf(run), ...records, ...endRecord(run)]);
}

/** One folder per run, `<task>/<rule>/<hash>/seed-<seed>` below `folder`; gives back the files' paths. Raises Node's errors. */
export function writeTensorboard(runs: readonly RecordedRun[], folder: string, form?: ScalarForm): string[] {
  return runs.map((run) => {
    const phase = run.place === undefined ? "" : `-${run.place.phase}-${run.place.replicate}`;
    const place = join(
      folder,
      ...[run.task, run.rule, configurationHash(run)].map(asFolder),
      `seed-${run.seed}${phase}`,
    );
    mkdirSync(place, { recursive: true });
    const path = join(place, fileName(run));
    writeFileSync(path, eventsOf(run, form));
    return path;
  });
}

/** A name as a folder: slashes and what systems refuse become underscores. */
export const asFolder = (name: string): string =>
  name.replaceAll(/[^\w.()=,+-]+/g, "_").replace(/^\.+/, "_") || "_";

/**
 * The event file of a run that is under way, in its folder. It is made again from the run's log when the run goes on after an interruption, so that
 * no step stands in it twice; and only appended to from then on.
 */
export class RunEvents {
  private readonly path: string;
  private readonly run: RecordedRun;
  private readonly written: RecordedEvaluation[] = [];

  /** @param run  as `recordedRun` reads it from its folder */
  constructor(folder: string, run: RecordedRun) {
    this.path = join(folder, fileName(run));
    this.run = { ...run, end: "running" };
    this.written.push(...run.evaluations);
    this.writeAgain();
  }

  evaluation(evaluation: Evaluation): void {
    const [recorded] = evaluationOf(evaluation);
    const last = this.written.at(-1)?.step ?? -1;
    if (recorded!.step > last) {
      this.written.push(recorded!);
      appendFileSync(this.path, Buffer.concat(evaluationRecords(this.run, recorded!)));
      return;
    }
    this.written.splice(
      this.written.findIndex(({ step }) => step >= recorded!.step),
      this.written.length,
      recorded!,
    );
    this.writeAgain();
  }

  end(end: RecordedRun["end"]): void {
    appendFileSync(this.path, Buffer.concat(endRecord({ ...this.run, evaluations: this.written, end })));
  }

  private writeAgain(): void {
    writeFileSync(this.path, eventsOf({ ...this.run, evaluations: this.written }));
  }
}
