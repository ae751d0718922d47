/**
 * The training loop: batch → loss and gradient → schedules → optimizer → a line in the run's log at evaluations.
 *
 * What an experiment can meet is a result, not an exception: a run ends as "finished", "diverged" with a reason, or
 * "interrupted" by its signal. A run with a folder resumes from its checkpoint and then gives the same bits as an
 * undisturbed one; it may be stopped at any step, also by kill -9.
 *
 * Several ranks may train together: each runs this loop with its part of the batches, and the communicator keeps them in step. Rank 0
 * writes the run's folder; the others only read it.
 */
import type { GradientKind } from "@thalweg/formula";
import type { Optimizer, Phase, Schedule } from "@thalweg/optim";
import { loadCheckpoint, type Progress, saveCheckpoint } from "./checkpoint.ts";
import type { Observer } from "./observe/observer.ts";
import { alone, type Communicator } from "./parallel/communicator.ts";
import type { ParameterVector } from "./parameter-vector.ts";
import type { Batch, TrainingProgram } from "./program.ts";
import type { RunFolder, RunRecord } from "./run-folder.ts";

/** What training asks of an optimizer. One that is spread over ranks brings its state together before a checkpoint. */
export type Updates = Pick<
  Optimizer<Float32Array>,
  "phasesDue" | "prepare" | "step" | "hasView" | "writeView" | "state" | "load"
> & { gather?(): Promise<void> };

export interface FitOptions {
  vector: ParameterVector;
  /** What computes loss and gradient: one program, or one for each batch size. */
  program: Pick<TrainingProgram, "batch" | "run">;
  optimizer: Updates;
  /** Factors of base hyperparameters over the run, by name: usually one, for `lr`. */
  schedules?: Readonly<Record<string, Schedule>>;
  /** The measure that a plateau in a schedule observes at evaluations; "trainLoss" by default. */
  watch?: string;
  /**
   * Gradients besides that of the step's batch, for rules that ask for them: each writes ∇θ of what its name says into the
   * parameter vector, and returns what that cost in gradients of a batch. See `otherGradients`.
   */
  gradients?: Readonly<Partial<Record<GradientKind, (step: number) => Promise<number>>>>;
  /** Put the batch of a step, counted from 0, into the program's memory. */
  fill(step: number, batch: Batch): void;
  /** Length of the run. */
  steps: number;
  /** Leave the run after this step as if interrupted there, to be gone on with another time. */
  until?: number;
  /** Steps between evaluations; the start and the end are evaluated too. */
  evaluateEvery: number;
  /** Measures on data that is not trained on, by name. */
  evaluate(): Promise<Readonly<Record<string, number>>>;
  /** Where to keep config, log and checkpoint. A run that has ended there is not run again. */
  run?: RunFolder;
  /** Steps between checkpoints, or seconds; the end has one too. 10 seconds by default. */
  checkpoint?: { everySteps?: number; everySeconds?: number };
  /** Ends the run cleanly after the step at hand, with a checkpoint; heard by one rank it ends the run on all. */
  signal?: AbortSignal;
  /** The ranks that train together; the program averages over them. One process alone by default. */
  communicator?: Communicator;
  /** What watches the run from step to step. */
  observers?: readonly Observer[];
  /** Told of each evaluation. */
  onEvaluation?(evaluation: Evaluation): void;
}

/** One line of a run: where it stands, and what was measured there. */
export interface Evaluation {
  [measure: string]: number;
  /** Finished steps. */
  step: number;
  /** Gradients of a batch evaluated so far: one a step, and more for rules that look around before they move. */
  gradients: number;
  /** Mean loss of the batches trained on since the last evaluation; NaN at the start. */
  trainLoss: number;
  /** Time spent in training steps so far. */
  seconds: number;
}

export interface FitResult {
  end: "finished" | "diverged" | "interrupted";
  /** Why it diverged. */
  reason?: string;
  step: number;
  /** Gradients of a batch that it took. */
  gradients: number;
  seconds: number;
  evaluations: Evaluation[];
}

/** A loss this many times the initial one, at so many evaluations in a row, is divergence; so is any that is not finite. */
const DIVERGENCE = { factor: 1e3, evaluations: 3 };

/** Train. Raises RangeError for settings that cannot work, RunFolderError when the run cannot be written. */
export async function fit(options: FitOptions): Promise<FitResult> {
  checkOptions(options);
  const { run } = options;
  const ended = run === undefined ? undefined : readResult(run);
  if (ended !== undefined) return ended;
  const trainer = new Trainer(options);
  return trainer.train();
}

/** The result of a run that has ended in its folder, else undefined. */
export function readResult(run: RunFolder): FitResult | undefined {
  const { lines, end } = run.read();
  if (end === undefined) return undefined;
  const { step, gradients, seconds, reason } = end as unknown as Omit<FitResult, "evaluations">;
  return {
    end: end.end as FitResult["end"],
    ...(reason === undefined ? {} : { reason }),
    step,
    gradients,
    seconds,
    evaluations: readEvaluations(lines),
  };
}

/** The measures in a run's lines, without what was scheduled. */
function readEvaluations(lines: RunRecord["lines"]): Evaluation[] {
  return lines.map(({ scheduled: _, ...measures }) => measures as unknown as Evaluation);
}

function checkOptions({ steps, evaluateEvery }: FitOptions): void {
  for (const [name, value] of Object.entries({ steps, evaluateEvery })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new RangeError(
        `Cannot fit as ${name} must be a whole number, at least 1: current value is ${value}`,
      );
    }
  }
}

class Trainer {
  private readonly options: FitOptions;
  private schedules: readonly (readonly [string, Schedule])[];
  private readonly factors: Record<string, number> = {};
  private readonly evaluations: Evaluation[] = [];
  private progress: Progress = {
    step: 0,
    gradients: 0,
    lossSum: 0,
    lossCount: 0,
    initialLoss: Number.NaN,
    strikes: 0,
    seconds: 0,
  };
  private lastCheckpoint = performance.now();
  private readonly communicator: Communicator;
  private readonly observers: readonly Observer[];
  /** The folder, for the one rank that writes it. */
  private readonly writable: RunFolder | undefined;

  constructor(options: FitOptions) {
    this.options = options;
    this.communicator = options.communicator ?? alone;
    this.observers = options.observers ?? [];
    this.writable = this.communicator.rank === 0 ? options.run : undefined;
    this.schedules = Object.entries(options.schedules ?? {});
  }

  async train(): Promise<FitResult> {
    const { steps, evaluateEvery, until = steps } = this.options;
    await this.resume();
    const { progress } = this;
    for (const observer of this.observers) await observer.begin?.(progress.step);
    if (progress.step === 0 && this.evaluations.length === 0) await this.evaluate();
    let { stop } = await this.agree();
    while (progress.step < steps) {
      if (stop || progress.step >= until) return this.interrupt();
      const loss = await this.step();
      if (!Number.isFinite(loss)) return this.end("diverged", `the loss of step ${progress.step} is ${loss}`);
      if (progress.step % evaluateEvery === 0 || progress.step === steps) {
        await this.evaluate();
        if (progress.strikes >= DIVERGENCE.evaluations) {
          const reason = `the training loss stayed above ${DIVERGENCE.factor} times the initial ${progress.initialLoss} for ${DIVERGENCE.evaluations} evaluations`;
          return this.end("diverged", reason);
        }
      }
      const wishes = await this.agree();
      if (wishes.save) await this.save();
      stop = wishes.stop;
    }
    return this.end("finished");
  }

  /** Whether to stop, and whether to write a checkpoint: on all ranks, if one of them wants to. */
  private async agree(): Promise<{ stop: boolean; save: boolean }> {
    const wishes = Int32Array.of(
      Number(this.options.signal?.aborted ?? false),
      Number(this.checkpointIsDue()),
    );
    await this.communicator.allReduce(wishes, "max");
    return { stop: wishes[0] === 1, save: wishes[1] === 1 };
  }

  /** Continue from the folder's checkpoint, and forget lines that were written after it. */
  private async resume(): Promise<void> {
    const { run, vector, optimizer } = this.options;
    if (run === undefined) return;
    const progress = loadCheckpoint(run, vector, optimizer);
    this.writable?.truncateAfter(progress?.step ?? -1);
    await this.communicator.barrier();
    if (progress === undefined) return;
    this.progress = progress;
    this.evaluations.push(...readEvaluations(run.read().lines));
    for (const evaluation of this.evaluations) this.observe(evaluation); // so a checkpoint needs the step alone
  }

  /** One update; the loss is that of the batch before it. */
  private async step(): Promise<number> {
    const { program, optimizer, fill } = this.options;
    const { progress, factors } = this;
    for (const observer of this.observers) await observer.beforeStep?.(progress.step);
    const start = performance.now();
    for (const [name, schedule] of this.schedules) factors[name] = schedule.at(progress.step);
    fill(progress.step, program.batch);
    const before = await this.prepare();
    const after = await program.run(progress.step);
    const loss = before ?? after;
    const pause = performance.now();
    for (const observer of this.observers) await observer.beforeUpdate?.(progress.step, loss);
    const watched = performance.now() - pause;
    await optimizer.step(factors);
    progress.seconds += (performance.now() - start - watched) / 1e3;
    if (progress.step === 0) progress.initialLoss = loss;
    progress.step++;
    progress.gradients++;
    progress.lossSum += loss;
    progress.lossCount++;
    for (const observer of this.observers) await observer.afterUpdate?.(progress.step, loss);
    return loss;
  }

  /** What the rule does before its update; the loss of the batch if that took its gradient. */
  private async prepare(): Promise<number | undefined> {
    const { optimizer, program } = this.options;
    const { step } = this.progress;
    let loss: number | undefined;
    for (const phase of optimizer.phasesDue()) {
      if (phase.gradient === "batch") {
        const found = await program.run(step);
        loss ??= found;
        this.progress.gradients++;
      } else this.progress.gradients += await this.otherGradient(phase, step);
      await optimizer.prepare(phase, this.factors);
    }
    return loss;
  }

  private async otherGradient({ gradient }: Phase, step: number): Promise<number> {
    const evaluate = this.options.gradients?.[gradient];
    if (evaluate === undefined) {
      throw new RangeError(
        `Cannot train as the rule asks for a gradient of the kind "${gradient}", which this task does not give: choose another rule`,
      );
    }
    return evaluate(step);
  }

  /** The same measures on all ranks, as schedules may learn from them: those of rank 0. */
  private async measure(): Promise<Readonly<Record<string, number>>> {
    const measures = Object.entries(await this.measureView());
    const values = Float64Array.from(measures, ([, value]) => value);
    await this.communicator.broadcast(values);
    return Object.fromEntries(measures.map(([name], i) => [name, values[i]!]));
  }

  /** Evaluate with the parameters that the rule evaluates with, which may be an average of those it trains. */
  private async measureView(): Promise<Readonly<Record<string, number>>> {
    const { optimizer, vector, evaluate } = this.options;
    if (!optimizer.hasView) return evaluate();
    const trained = vector.parameters.slice();
    await optimizer.writeView(vector.parameters);
    try {
      return await evaluate();
    } finally {
      vector.parameters.set(trained);
    }
  }

  private async evaluate(): Promise<void> {
    const { onEvaluation } = this.options;
    const { progress } = this;
    const trainLoss = progress.lossSum / progress.lossCount;
    const evaluation: Evaluation = {
      step: progress.step,
      gradients: progress.gradients,
      trainLoss,
      ...(await this.measure()),
      seconds: progress.seconds,
    };
    progress.lossSum = 0;
    progress.lossCount = 0;
    progress.strikes = trainLoss > DIVERGENCE.factor * progress.initialLoss ? progress.strikes + 1 : 0;
    const scheduled = this.scheduled();
    this.evaluations.push(evaluation);
    this.observe(evaluation);
    this.writable?.appendLine({ ...evaluation, ...scheduled });
    onEvaluation?.(evaluation);
  }

  /**
   * The factor that each schedule gave each step since the last evaluation. A schedule changes at evaluations only, so
   * these are the factors that were used, also when a part of the steps was taken before the run was resumed.
   */
  private scheduled(): { scheduled?: Record<string, number[]> } {
    const since = this.evaluations.at(-1)?.step ?? 0;
    const count = this.progress.step - since;
    if (count === 0 || this.schedules.length === 0) return {};
    const factors = this.schedules.map(([name, schedule]) => [
      name,
      Array.from({ length: count }, (_, k) => schedule.at(since + k)),
    ]);
    return { scheduled: Object.fromEntries(factors) };
  }

  /** Show an evaluation to the schedules; only a plateau learns from it, and nothing from the untrained start. */
  private observe(evaluation: Evaluation): void {
    const { watch = "trainLoss" } = this.options;
    const metric = evaluation[watch];
    if (metric === undefined) {
      throw new RangeError(
        `Cannot watch ${watch} as no evaluation measures it: there are ${Object.keys(evaluation).join(", ")}`,
      );
    }
    if (evaluation.step === 0) return;
    this.schedules = this.schedules.map(([name, schedule]) => [
      name,
      schedule.after(evaluation.step, metric),
    ]);
  }

  private checkpointIsDue(): boolean {
    const { everySteps, everySeconds = everySteps === undefined ? 10 : Number.POSITIVE_INFINITY } =
      this.options.checkpoint ?? {};
    if (everySteps !== undefined && this.progress.step % everySteps === 0) return true;
    return performance.now() - this.lastCheckpoint >= everySeconds * 1e3;
  }

  private async save(): Promise<void> {
    const { run, vector, optimizer } = this.options;
    if (run === undefined) return;
    await optimizer.gather?.();
    if (this.writable !== undefined) saveCheckpoint(this.writable, vector, optimizer, this.progress);
    this.lastCheckpoint = performance.now();
  }

  private async interrupt(): Promise<FitResult> {
    await this.save();
    return this.result("interrupted");
  }

  /**
   * A finished run has its last checkpoint before its last line, so that the line promises the weights. A diverged one
   * has the line first: resumed from the checkpoint it would take a step more, and end for another reason.
   */
  private async end(end: "finished" | "diverged", reason?: string): Promise<FitResult> {
    const { step, gradients, seconds } = this.progress;
    const why = reason === undefined ? {} : { reason };
    const line = { end, ...why, step, gradients, seconds, ...this.scheduled() };
    if (end === "finished") await this.save();
    this.writable?.appendLine(line);
    if (end === "diverged") await this.save();
    return this.result(end, reason);
  }

  private result(end: FitResult["end"], reason?: string): FitResult {
    const { step, gradients, seconds } = this.progress;
    const why = reason === undefined ? {} : { reason };
    return { end, ...why, step, gradients, seconds, evaluations: this.evaluations };
  }
}
