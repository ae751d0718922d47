/**
 * `results/<worker>.jsonl`: what came of each trial, appended by the worker that did it. One writer a file and whole lines only, so many processes
 * can write at once, on a network's file system too, and reading never fails on account of a writer: half a last line does not count.
 *
 * A trial may have several results, where a claim was taken from a worker that was only slow. They have the same numbers; the one of the latest
 * claim counts, so that "timed out" and "failed" are not undone by a latecomer.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { appendWhole, codeOf, makeFolder } from "@thalweg/train/files";
import { StudyError } from "./error.ts";
import { resultsFolder } from "./layout.ts";
import type { TrialResult } from "./result.ts";

/** A line of the file. */
export interface ResultLine extends TrialResult {
  /** Of the claim that it was done under, from 0. */
  attempt: number;
  /** By the clock of the machine that did it, ISO 8601. */
  endedAt: string;
}

/** The only writer of a file. */
export class ResultsWriter {
  private readonly path: string;

  constructor(folder: string, worker: string) {
    makeFolder(resultsFolder(folder));
    this.path = join(resultsFolder(folder), `${worker}.jsonl`);
  }

  /** Append a line: all of it, or after an error nothing. Raises Node's errors. */
  append(line: ResultLine): void {
    appendWhole(this.path, Buffer.from(`${JSON.stringify(line)}\n`));
  }
}

/** The results of a study, as they come: each look reads what was appended since the last one. */
export class Results {
  private readonly folder: string;
  private readonly ends = new Map<string, number>();
  private readonly known = new Map<number, ResultLine>();
  /** When the last one came, by the clocks of those who wrote them. */
  lastEndedAt = "";

  constructor(folder: string) {
    this.folder = resultsFolder(folder);
  }

  /** Read on, and give back the result of each trial that has one. */
  look(): ReadonlyMap<number, ResultLine> {
    for (const name of filesIn(this.folder)) this.readOn(join(this.folder, name));
    return this.known;
  }

  private readOn(path: string): void {
    const begin = this.ends.get(path) ?? 0;
    const bytes = tail(path, begin);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end === 0) return;
    this.ends.set(path, begin + end);
    for (const text of bytes.toString("utf8", 0, end).split("\n")) {
      if (text !== "") this.add(parse(path, text));
    }
  }

  private add(line: ResultLine): void {
    const there = this.known.get(line.id);
    if (there === undefined || line.attempt > there.attempt) this.known.set(line.id, line);
    if (line.endedAt > this.lastEndedAt) this.lastEndedAt = line.endedAt;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** A file from a byte on. */
function tail(path: string, begin: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - begin));
    let read = 0;
    while (read < bytes.length) {
      const more = readSync(file, bytes, read, bytes.length - read, begin + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

function parse(path: string, text: string): ResultLine {
  try {
    return JSON.parse(text) as ResultLine;
  } catch (error) {
    throw new StudyError(
      `Cannot read ${path} as this line is no JSON: ${text.slice(0, 80)}; delete the file, its results are made again from the runs`,
      { cause: error },
    );
  }
}
