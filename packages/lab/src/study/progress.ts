/**
 * How far a study is while it runs. On a terminal: a bar for each task and one for all, with the time left; elsewhere a line whenever a search is
 * done with all its runs, so that a log stays readable.
 */
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { PlannedTrial } from "./plan.ts";
import type { TrialResult } from "./result.ts";

export interface StudyProgressOptions {
  trials: readonly PlannedTrial[];
  stream: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
}

export interface StudyProgress {
  /** All results so far. */
  update(results: ReadonlyMap<number, TrialResult>): void;
  /** Leave the screen as it is, and say no more. */
  stop(): void;
}

export function showStudyProgress(options: StudyProgressOptions): StudyProgress {
  const progress = options.stream.isTTY ? bars(options) : lines(options);
  let stopped = false;
  return {
    update: (results) => {
      if (!stopped) progress.update(results);
    },
    stop: () => {
      if (!stopped) progress.stop();
      stopped = true;
    },
  };
}

/** Trials by what they have in common, in the plan's order. */
function groups(trials: readonly PlannedTrial[], of: (trial: PlannedTrial) => string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const trial of trials) {
    const there = found.get(of(trial));
    if (there === undefined) found.set(of(trial), [trial.id]);
    else there.push(trial.id);
  }
  return found;
}

const settingOf = ({ task, rule, schedule, batchSize, steps }: PlannedTrial) =>
  `${rule} on ${task}, ${schedule}, batches of ${batchSize}, ${steps} steps`;

const bad = (ids: readonly number[], results: ReadonlyMap<number, TrialResult>): string =>
  (["diverged", "failed", "timed-out"] as const)
    .map((end) => [ids.filter((id) => results.get(id)?.end === end).length, end] as const)
    .filter(([count]) => count > 0)
    .map(([count, end]) => `, ${count} ${end}`)
    .join("");

function lines({ trials, stream }: StudyProgressOptions): StudyProgress {
  const waiting = groups(trials, settingOf);
  return {
    update(results) {
      for (const [name, ids] of waiting) {
        if (!ids.every((id) => results.has(id))) continue;
        waiting.delete(name);
        stream.write(
          `[${results.size}/${trials.length}] ${name}: ${ids.length} trials and runs done${bad(ids, results)}\n`,
        );
      }
    },
    stop() {},
  };
}

function bars({ trials, stream }: StudyProgressOptions): StudyProgress {
  const byTask = groups(trials, ({ task }) => task);
  const width = Math.max("total".length, ...[...byTask.keys()].map((task) => task.length));
  const multi = new MultiBar(
    {
      stream: stream as NodeJS.WriteStream, // it needs a terminal, which this one is
      format: "  {name} {bar} {what}",
      barCompleteChar: "━",
      barIncompleteChar: "┄",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: false,
      stopOnComplete: false,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  const made = [...byTask].map(([task, ids]): [readonly number[], SingleBar] => [
    ids,
    multi.create(ids.length, 0, { name: task.padEnd(width), what: "" }),
  ]);
  const all = trials.map(({ id }) => id);
  const total = multi.create(all.length, 0, { name: "total".padEnd(width), what: "" });
  const begun = performance.now();
  let first: number | undefined;
  return {
    update(results) {
      first ??= results.size; // found from before
      for (const [ids, bar] of made) {
        const done = ids.filter((id) => results.has(id)).length;
        bar.update(done, { what: `${done}/${ids.length}${bad(ids, results)}` });
      }
      const computed = results.size - first;
      const perTrial = (performance.now() - begun) / 1e3 / computed;
      const left = computed > 0 ? `, about ${duration((all.length - results.size) * perTrial)} left` : "";
      total.update(results.size, { what: `${results.size}/${all.length}${left}` });
    },
    stop() {
      multi.stop();
    },
  };
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
