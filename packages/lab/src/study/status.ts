/**
 * How far a study is, from its files alone: what is done, what came of it, what is being done and by whom, and how long the rest will take.
 */
import { type ClaimRecord, Claims } from "./claims.ts";
import { thisHolder } from "./holder.ts";
import type { PlannedTrial } from "./plan.ts";
import { type Plan, readPlan } from "./plan-file.ts";
import type { TrialEnd } from "./result.ts";
import { type ResultLine, Results } from "./results.ts";

export type Ends = Readonly<Record<TrialEnd, number>>;

export interface SettingStatus
  extends Pick<PlannedTrial, "task" | "rule" | "schedule" | "batchSize" | "steps"> {
  trials: number;
  done: number;
  running: number;
  ends: Ends;
  /** Of training, over all trials that are done. */
  seconds: number;
}

export interface StudyStatus {
  name: string;
  hash: string;
  trials: number;
  done: number;
  running: number;
  ends: Ends;
  /** Of training, over all trials that are done. */
  seconds: number;
  /** Estimated, with as many workers as there are now; null where nothing is known, or nobody works. */
  secondsLeft: number | null;
  startedAt: string;
  /** When the last trial ended; null as long as there are others. */
  finishedAt: string | null;
  workers: WorkerStatus[];
  settings: SettingStatus[];
}

export interface WorkerStatus {
  host: string;
  pid: number;
  trial: number;
  since: string;
  slurm?: { job: string; restart: number };
}

/** Read a study's status. Raises StudyError where there is no study. */
export function studyStatus(folder: string): StudyStatus {
  const plan = readPlan(folder);
  const results = new Results(folder);
  const done = results.look();
  const running = runningTrials(folder, done);
  return {
    ...summarize(plan, done, running),
    finishedAt: done.size >= plan.trials.length ? results.lastEndedAt : null,
  };
}

/** Who is at work: claims that nobody has ended, of trials without a result, by holders that live as far as can be told. */
function runningTrials(folder: string, done: ReadonlyMap<number, ResultLine>): Map<number, WorkerStatus> {
  const claims = new Claims(folder, thisHolder());
  const finished = new Set(
    [...done.values()].map((line) => line.folder.slice(line.folder.lastIndexOf("/") + 1)),
  );
  const running = new Map<number, WorkerStatus>();
  for (const [key, { attempt, ended }] of claims.look()) {
    if (ended.has(attempt) || finished.has(key)) continue;
    const claim = { key, attempt };
    const record = claims.read(claim);
    if (typeof record?.trial !== "number" || done.has(record.trial) || !claims.lives(claim)) continue;
    running.set(record.trial, shown(record, record.trial));
  }
  return running;
}

const shown = ({ holder: { host, pid, slurm }, since }: ClaimRecord, trial: number): WorkerStatus => ({
  ...{ host, pid, trial, since },
  ...(slurm && { slurm }),
});

const NO_ENDS: Ends = { finished: 0, diverged: 0, pruned: 0, failed: 0, "timed-out": 0 };

function summarize(
  plan: Plan,
  done: ReadonlyMap<number, ResultLine>,
  running: ReadonlyMap<number, WorkerStatus>,
): Omit<StudyStatus, "finishedAt"> {
  const settings = new Map<string, SettingStatus>();
  let left = 0;
  const pace = paceOf(plan, done);
  for (const trial of plan.trials) {
    const { task, rule, schedule, batchSize, steps } = trial;
    const key = JSON.stringify([task, rule, schedule, batchSize, steps]);
    const setting = settings.get(key) ?? {
      ...{
        task,
        rule,
        schedule,
        batchSize,
        steps,
        trials: 0,
        done: 0,
        running: 0,
        ends: { ...NO_ENDS },
        seconds: 0,
      },
    };
    settings.set(key, setting);
    setting.trials++;
    const result = done.get(trial.id);
    if (running.has(trial.id)) setting.running++;
    if (result === undefined) {
      left += pace(trial);
      continue;
    }
    setting.done++;
    setting.seconds += result.seconds;
    (setting.ends as Record<TrialEnd, number>)[result.end]++;
  }
  const all = [...settings.values()];
  const sum = (of: (setting: SettingStatus) => number) =>
    all.reduce((total, setting) => total + of(setting), 0);
  const ends = Object.fromEntries(
    Object.keys(NO_ENDS).map((end) => [end, sum((setting) => setting.ends[end as TrialEnd])]),
  ) as unknown as Ends;
  const { name, hash, startedAt } = plan;
  const isKnown = running.size > 0 && Number.isFinite(left);
  return {
    ...{ name, hash, startedAt, ends },
    ...{
      trials: plan.trials.length,
      done: done.size,
      running: running.size,
      seconds: sum(({ seconds }) => seconds),
    },
    secondsLeft: done.size >= plan.trials.length ? 0 : isKnown ? left / running.size : null,
    workers: [...running.values()].sort((a, b) => a.trial - b.trial),
    settings: all,
  };
}

/** Seconds that a trial will take: the mean of those of its setting, else of its task, else of all; NaN where none is done. */
function paceOf(plan: Plan, done: ReadonlyMap<number, ResultLine>): (trial: PlannedTrial) => number {
  const means = new Map<string, { sum: number; count: number }>();
  const keys = ({ task, rule, steps }: PlannedTrial) => [JSON.stringify([task, rule, steps]), task, ""];
  for (const trial of plan.trials) {
    const result = done.get(trial.id);
    if (result === undefined) continue;
    for (const key of keys(trial)) {
      const mean = means.get(key) ?? { sum: 0, count: 0 };
      means.set(key, { sum: mean.sum + result.seconds, count: mean.count + 1 });
    }
  }
  return (trial) => {
    for (const key of keys(trial)) {
      const mean = means.get(key);
      if (mean !== undefined) return mean.sum / mean.count;
    }
    return Number.NaN;
  };
}
