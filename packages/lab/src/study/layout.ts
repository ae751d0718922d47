/**
 * Where things lie in a study's folder. Whatever is known about a study is known from these files, so any process on any machine that sees the
 * folder can work on it, watch it, or read its results.
 *
 *   study.yaml              what was asked for, as it was written
 *   plan.jsonl              what that comes down to: a header, then one trial a line; never changed after it was written
 *   claims/<run>.<n>.json   who does a run, for the n-th time: made exclusively, never changed; its mtime is the holder's heartbeat
 *   claims/<run>.<n>.end    that the holder is gone, and why; then the next may make <n + 1>
 *   runs/<run>/             the runs themselves, as `compare` and `train` make them: the truth
 *   results/<worker>.jsonl  what came of each trial, a line each; one writer a file, and lost ones are made again from the runs
 *   report/                 what was made of it
 */
import { join } from "node:path";

export const studyFile = (folder: string): string => join(folder, "study.yaml");
export const planFile = (folder: string): string => join(folder, "plan.jsonl");
export const claimsFolder = (folder: string): string => join(folder, "claims");
export const resultsFolder = (folder: string): string => join(folder, "results");
export const reportFolder = (folder: string): string => join(folder, "report");
