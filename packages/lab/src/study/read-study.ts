/** A study from its folder, done or half done, for those who read: the report, claims, the pages. It reads files alone and writes none. */
import { isImported, readImported } from "../exchange/imported.ts";
import { readPlan } from "./plan-file.ts";
import type { TrialResult } from "./result.ts";
import { Results } from "./results.ts";
import type { StudyData } from "./study-data.ts";

/** Raises StudyError where there is no study, or its plan is not as it was written. */
export function readStudy(folder: string): StudyData {
  if (isImported(folder)) return readImported(folder);
  const { name, hash, seed, tasks, rules, trials, machine, command, startedAt } = readPlan(folder);
  const read = new Results(folder);
  const results = new Map<number, TrialResult>(read.look());
  const finishedAt = trials.every(({ id }) => results.has(id)) ? read.lastEndedAt : null;
  return { name, hash, seed, tasks, rules, trials, results, machine, command, startedAt, finishedAt };
}
