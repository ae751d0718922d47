/**
 * A worker: takes the next trial of a study whose turn has come, does it, writes down what came of it, and goes on until nothing is left. Any number of
 * them work on one folder, on any machines that see it; they know of each other by the folder alone.
 *
 * The numbers do not depend on who does what: a trial's values follow from the plan and from the results it waits for, its run from its configuration.
 * A worker that dies leaves its claim; whoever finds that out goes on from the run's last checkpoint.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readRule, withHyper } from "@thalweg/optim";
import { codeOf, makeFolder, RunFolderError, TAKEN_OVER } from "@thalweg/train";
import { fitToTask } from "../compare/learner.ts";
import { engine } from "../compare/machine.ts";
import { scheduleOf } from "../compare/spaces.ts";
import { endedTrial, runTrial, type TrialConfig, trialConfig, trialFolder } from "../compare/trial.ts";
import type { Configuration } from "../samplers/index.ts";
import { type Claim, type ClaimState, Claims, type EndRecord } from "./claims.ts";
import { StudyError } from "./error.ts";
import { thisHolder } from "./holder.ts";
import { runOnRanks } from "./launch/ranked.ts";
import { claimsFolder } from "./layout.ts";
import { isReady, type PlannedTrial } from "./plan.ts";
import { type Plan, type PlannedRule, readPlan } from "./plan-file.ts";
import { Resolver } from "./resolve.ts";
import type { TrialResult } from "./result.ts";
import { type ResultLine, Results, ResultsWriter } from "./results.ts";
import { lostResult, type Ran, resultOf, runKey } from "./run-result.ts";
import { type KnownTask, StudyTasks } from "./study-tasks.ts";
import { Watchdog } from "./watchdog.ts";

export interface WorkOptions {
  folder: string;
  /** Ends the work after the step at hand, with a checkpoint. */
  signal?: AbortSignal;
  env?: Readonly<Record<string, string | undefined>>;
  /** Trials that this worker does first, before it helps with others: those whose number leaves the rest `index` when divided by `count`. */
  chunk?: { index: number; count: number };
  /** Told of what a person should know. */
  say?(line: string): void;
  onResult?(line: ResultLine): void;
  /** How long a worker on another machine may be silent. */
  patienceSeconds?: number;
}

/** How it ended: nothing is left to do, or its signal came. */
export type WorkEnd = "finished" | "interrupted";

/** A run whose program fails so often is not tried again. */
const CRASHES = 2;
/** One that is killed so often neither: from outside, or because it takes more memory than there is, which nobody can tell apart. */
const KILLS = 10;
const POLL_MS = 200;

/**
 * Work on a study until nothing is left. Raises StudyError where the plan is not as it was written, or this machine would compute something else;
 * RunFolderError or Node's errors where the folder cannot be written to: what was done by then is kept.
 */
export async function workOnStudy(options: WorkOptions): Promise<WorkEnd> {
  const worker = new StudyWorker(options);
  try {
    return await worker.work();
  } finally {
    await worker.close();
  }
}

interface Job extends Ran {
  key: string;
  task: KnownTask;
  rule: PlannedRule;
}

class StudyWorker {
  private readonly options: WorkOptions;
  private readonly plan: Plan;
  private readonly resolver: Resolver;
  private readonly claims: Claims;
  private readonly results: Results;
  private readonly writer: ResultsWriter;
  private readonly watchdog: Watchdog;
  private readonly tasks: StudyTasks;
  private readonly order: readonly PlannedTrial[];
  /** What trials whose turn has come do: it does not change any more. */
  private readonly jobs = new Map<number, Job | TrialResult>();

  constructor(options: WorkOptions) {
    const { folder, chunk, patienceSeconds, say = () => {}, env = process.env } = options;
    this.options = options;
    this.plan = readPlan(folder);
    if (this.plan.code !== engine) {
      throw new StudyError(
        `Cannot work on ${folder} as it was planned for ${this.plan.code} and this is ${engine}, which may round differently: go on with that one, or begin another study`,
      );
    }
    makeFolder(claimsFolder(folder));
    const holder = thisHolder(env);
    this.resolver = new Resolver(this.plan);
    this.claims = new Claims(folder, holder, patienceSeconds === undefined ? {} : { patienceSeconds });
    this.results = new Results(folder);
    this.writer = new ResultsWriter(folder, holder.id);
    this.watchdog = new Watchdog({ folder, holder });
    this.tasks = new StudyTasks(this.plan, { say, env });
    const { trials } = this.plan;
    const own = chunk === undefined ? trials : trials.filter(({ id }) => id % chunk.count === chunk.index);
    this.order = chunk === undefined ? trials : [...own, ...trials.filter((trial) => !own.includes(trial))];
  }

  async work(): Promise<WorkEnd> {
    const { signal } = this.options;
    for (;;) {
      if (signal?.aborted) return "interrupted";
      const results = this.results.look();
      if (results.size >= this.plan.trials.length) return "finished";
      const did = await this.doNext(results);
      if (!did) await sleep(POLL_MS, undefined, signal && { signal }).catch(() => {}); // others are at work
    }
  }

  close(): Promise<void> {
    return this.watchdog.close();
  }

  /** Do the first trial that is free; false if there is none. */
  private async doNext(results: ReadonlyMap<number, TrialResult>): Promise<boolean> {
    const claimed = this.claims.look();
    for (const trial of this.order) {
      if (results.has(trial.id) || !isReady(trial, results)) continue;
      const job = await this.jobOf(trial, results);
      const key = "key" in job ? job.key : job.folder.slice(job.folder.lastIndexOf("/") + 1);
      const there = claimed.get(key);
      const state = there === undefined ? undefined : this.claims.state(key);
      if (state !== undefined && !this.isFree(key, state, results)) continue;
      const claim = this.claims.take(key, (state?.attempt ?? -1) + 1, trial.id);
      if (claim === undefined) continue; // another was faster
      if (this.results.look().has(trial.id)) {
        this.claims.end(claim, { end: "released", reason: "another had just done it" });
        continue;
      }
      if ("key" in job) await this.doJob(job, claim, state?.ends ?? []);
      else this.write(job, claim);
      return true;
    }
    return false;
  }

  /** Whether the latest holder of a claim is done with it, or gone. */
  private isFree(
    key: string,
    { attempt, ends }: ClaimState,
    results: ReadonlyMap<number, TrialResult>,
  ): boolean {
    if (ends[attempt] !== undefined) return true;
    const claim: Claim = { key, attempt };
    const record = this.claims.read(claim);
    if (typeof record?.trial === "number" && results.has(record.trial)) return true;
    if (this.claims.lives(claim)) return false;
    this.claims.end(claim, { end: "killed", reason: "its process is gone" });
    return true;
  }

  private async jobOf(
    trial: PlannedTrial,
    results: ReadonlyMap<number, TrialResult>,
  ): Promise<Job | TrialResult> {
    const known = this.jobs.get(trial.id);
    if (known !== undefined) return known;
    const resolved = this.resolver.resolve(trial, results);
    const job = resolved.kind === "ended" ? resolved.as : await this.prepare(trial, resolved.hyper);
    this.jobs.set(trial.id, job);
    return job;
  }

  private async prepare(trial: PlannedTrial, hyper: Configuration): Promise<Job> {
    const task = await this.tasks.get(trial.task);
    const rule = this.plan.rules.find(({ name }) => name === trial.rule)!;
    const config = configOf(trial, hyper, task, rule, this.plan);
    return { trial, hyper, config, fingerprint: task.fingerprint, key: runKey(config), task, rule };
  }

  private async doJob(job: Job, claim: Claim, ends: readonly (EndRecord | undefined)[]): Promise<void> {
    const at = join(this.options.folder, trialFolder(job.config));
    const lost = verdict(ends);
    if (lost !== undefined && endedTrial(job.config, at) === undefined) {
      this.write(lostResult(job, lost.end, lost.reason), claim);
      return;
    }
    const { signal, env = process.env, folder } = this.options;
    const { until } = job.trial;
    const { secondsPerTrial } = (this.plan.spec as unknown as { limits: { secondsPerTrial: number } }).limits;
    const fence = { attempt: claim.attempt, holds: () => this.claims.holds(claim) };
    try {
      const result = await this.watchdog.during(claim, secondsPerTrial, () =>
        job.config.ranks === undefined
          ? runTrial(job.config, {
              ...{ task: job.task.task, dataset: job.task.dataset, folder: at, fence },
              ...(signal && { signal }),
              ...(until !== undefined && { until }),
            })
          : runOnRanks(job.config, {
              study: folder,
              folder: at,
              claim,
              fence,
              env,
              ...(signal && { signal }),
            }),
      );
      if (result.end === "interrupted" && result.step !== until) {
        this.claims.end(claim, { end: "released", reason: `interrupted at step ${result.step}` });
        return;
      }
      this.write(resultOf(job, result, job.task.task.metric), claim);
    } catch (error) {
      this.giveUp(error, job, claim);
    }
  }

  /** A failure of the folder ends the work; one of the trial is held against the trial. */
  private giveUp(error: unknown, { trial }: Job, claim: Claim): void {
    const code = codeOf(error);
    if (code === TAKEN_OVER) return; // another goes on with it
    if (error instanceof RunFolderError || error instanceof StudyError || isOfSystem(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    this.claims.end(claim, { end: "crashed", reason });
    this.options.say?.(`Trial ${trial.id} (${trial.rule} on ${trial.task}) failed: ${reason}`);
  }

  /** Unless the claim was taken by another, who will write the result. */
  private write(result: TrialResult, claim: Claim): void {
    if (!this.claims.holds(claim)) return;
    const line = { ...result, attempt: claim.attempt, endedAt: new Date().toISOString() };
    this.writer.append(line);
    this.options.onResult?.(line);
  }
}

/** An error of the file system, as a full disk; an error of a user's module has a code, too. */
const isOfSystem = (error: unknown): boolean => error instanceof Error && "syscall" in error;

/** What is said of a run without trying it once more; undefined if it may be tried. */
function verdict(
  ends: readonly (EndRecord | undefined)[],
): { end: "failed" | "timed-out"; reason: string } | undefined {
  const of = (end: EndRecord["end"]) => ends.filter((one) => one?.end === end);
  const [late] = of("time");
  if (late !== undefined) return { end: "timed-out", reason: late.reason };
  const crashes = of("crashed");
  if (crashes.length >= CRASHES) return { end: "failed", reason: crashes.at(-1)!.reason };
  const kills = of("killed").length;
  if (kills < KILLS) return undefined;
  return {
    end: "failed",
    reason: `its process was killed ${kills} times: it may need more memory than there is`,
  };
}

/** The configuration of a trial's run. */
export function configOf(
  { schedule, batchSize, steps, seed }: PlannedTrial,
  hyper: Configuration,
  { task, fingerprint }: KnownTask,
  { written, fixed }: PlannedRule,
  { spec }: Pick<Plan, "spec">,
): TrialConfig {
  const plain = readRule(written);
  const rule = withHyper(plain, {
    ...fitToTask(plain, { ...task, batchSize }, fixed),
    ...(hyper as Record<string, number>),
  });
  const { ranks } = spec as { ranks?: number };
  return trialConfig(task, fingerprint, {
    ...{ rule, schedule: scheduleOf(rule, schedule), batchSize, steps, seed, test: true },
    ...(ranks !== undefined && ranks > 1 && { ranks }),
  });
}
