/**
 * Several rules train the same network: the same start, the same batches in the same order, each by its own fused kernel. Steps are taken in turn, so that all stand
 * at the same step whenever somebody looks.
 */
import { FlatMemory } from "@thalweg/formula";
import { Optimizer, type Rule, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import type { Racer } from "../race/racer.ts";
import type { Examples, Split } from "./examples.ts";
import type { Programs } from "./programs.ts";

export interface Evaluation {
  readonly step: number;
  readonly trainLoss: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
}

export interface Learner {
  readonly racer: Racer;
  /** The parameters as they are; for rules with an average, what they step. */
  readonly theta: Float32Array;
  readonly evaluations: Evaluation[];
  /** The parameters at some steps, from the start: what a landscape is drawn through. */
  readonly snapshots: Float32Array[];
  /** Why it does not train, or no longer; empty while it does. */
  problem: string;
  /** The parameters to evaluate with: an average where the rule keeps one. */
  view(): Float32Array;
}

interface Machine {
  readonly optimizer: Optimizer<Float32Array>;
  readonly gradient: Float32Array;
}

/** Snapshots per learner; beyond it every second is dropped. */
const MOST_SNAPSHOTS = 64;

export class Contest {
  readonly learners: readonly Learner[];
  readonly examples: Examples;
  readonly programs: Programs;
  step = 0;
  private readonly machines = new Map<Learner, Machine>();
  private readonly batchSize: number;
  private readonly seed: number;
  private readonly batch: Split;
  private order: ArrayLike<number> = [];
  private snapshotEvery = 1;

  constructor(
    examples: Examples,
    programs: Programs,
    racers: readonly Racer[],
    batchSize: number,
    seed: number,
  ) {
    this.examples = examples;
    this.programs = programs;
    this.batchSize = batchSize;
    this.seed = seed;
    const { dimension } = examples;
    this.batch = {
      x: new Float32Array(batchSize * dimension),
      labels: new Int32Array(batchSize),
      count: batchSize,
    };
    const start = programs.initialize(seed);
    this.learners = racers.map((racer) => this.enter(racer, start));
  }

  private enter(racer: Racer, start: Float32Array): Learner {
    const evaluations: Evaluation[] = [];
    const problem = racer.made === undefined ? racer.problem : whyNotHere(racer.made.rule);
    const idle = { racer, theta: start.slice(), evaluations, snapshots: [start.slice()], problem };
    if (racer.made === undefined || problem !== "") return { ...idle, view: () => idle.theta };
    const { rule } = racer.made;
    const { segments, size } = this.programs;
    try {
      const vectors = 4 + stateSlotCount(rule) * segments.length;
      const memory = new FlatMemory(vectors * FlatMemory.bytesFor(size) + 65_536);
      const [theta, gradient] = [memory.allocate(size), memory.allocate(size)];
      theta.set(start);
      const optimizer = new Optimizer({
        backend: wasmBackend(memory),
        segments,
        parameters: theta,
        gradients: gradient,
        rule,
        seed: this.seed,
      });
      const shown = new Float32Array(size);
      const learner: Learner = {
        ...idle,
        theta,
        view: () => {
          if (!optimizer.hasView || optimizer.stepCount === 0) return theta;
          void optimizer.writeView(shown);
          return shown;
        },
      };
      this.machines.set(learner, { optimizer, gradient });
      return learner;
    } catch (error) {
      return {
        ...idle,
        problem: error instanceof Error ? error.message : String(error),
        view: () => idle.theta,
      };
    }
  }

  /** One step of every learner. */
  async takeStep(): Promise<void> {
    this.fillBatch();
    for (const learner of this.learners) {
      const machine = this.machines.get(learner);
      if (machine === undefined || learner.problem !== "") continue;
      const { optimizer, gradient } = machine;
      const { schedule } = learner.racer.made!;
      const factors = schedule && { lr: schedule.at(this.step) };
      let loss = 0;
      for (const phase of optimizer.phasesDue()) {
        await this.programs.train(learner.theta, this.batch, gradient);
        await optimizer.prepare(phase, factors);
      }
      loss = await this.programs.train(learner.theta, this.batch, gradient);
      await optimizer.step(factors);
      if (!Number.isFinite(loss)) learner.problem = `diverged: the loss became ${loss} at step ${this.step}`;
    }
    this.step++;
    this.snapshot();
  }

  /** Loss and accuracy of every learner as it stands. */
  async evaluate(): Promise<void> {
    for (const learner of this.learners) {
      if (learner.problem !== "" || learner.evaluations.at(-1)?.step === this.step) continue;
      const theta = learner.view();
      const train = await this.programs.evaluate(theta, "train");
      const test = await this.programs.evaluate(theta, "test");
      learner.evaluations.push({
        step: this.step,
        trainLoss: train.loss,
        testLoss: test.loss,
        testAccuracy: test.accuracy,
      });
    }
  }

  /** The next batch of a fresh order in each epoch; what is left over at the end of one waits for no other. */
  private fillBatch(): void {
    const { train, dimension } = this.examples;
    const perEpoch = Math.max(1, Math.floor(train.count / this.batchSize));
    const at = this.step % perEpoch;
    if (at === 0)
      this.order = stream(this.seed, "order", Math.floor(this.step / perEpoch)).permutation(train.count);
    for (let i = 0; i < this.batchSize; i++) {
      const row = this.order[(at * this.batchSize + i) % train.count]!;
      this.batch.x.set(train.x.subarray(row * dimension, (row + 1) * dimension), i * dimension);
      this.batch.labels[i] = train.labels[row]!;
    }
  }

  private snapshot(): void {
    if (this.step % this.snapshotEvery !== 0) return;
    for (const { snapshots, theta, problem } of this.learners)
      if (problem === "") snapshots.push(theta.slice());
    if (Math.max(...this.learners.map(({ snapshots }) => snapshots.length)) <= MOST_SNAPSHOTS) return;
    this.snapshotEvery *= 2;
    for (const { snapshots } of this.learners) {
      const kept = snapshots.filter((_, i) => i % 2 === 0);
      snapshots.splice(0, snapshots.length, ...kept);
    }
  }
}

/** Why a rule cannot train here; empty when it can. */
function whyNotHere({ name, program }: Rule): string {
  const other = program.before.find(({ gradient }) => gradient !== "batch");
  if (other === undefined) return "";
  const what =
    other.gradient === "full" ? "the gradient of all data" : "gradients of labels drawn from the model";
  return `${name} asks for ${what}, which the page does not compute: train it by thalweg train`;
}
