/**
 * Diagnostics of a run while it trains, a line of JSON each time in a file of its folder. There are three instruments:
 *
 *   tensors    lengths of weights, gradients and updates, idle units, how numbers are spread, and how updates agree with earlier ones
 *   examples   gradients of single examples, of the step's batch where it is at hand, before the step and after: gradient tests, noise scale, and α
 *   curvature  λ₁, trace and TIC of the step's batch
 *
 * Each is timed where it runs, and runs again when all that it has cost, and as much as the last time once more, is within its part of the
 * budget: with a budget of a tenth, an
 * instrument that costs as much as two steps comes every sixty steps. So any network can be watched, and the run itself is the same, bit for bit.
 *
 * Examples are measured in the model's evaluation form: running means stand for those of a batch, and nothing is dropped.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dot, norm } from "@thalweg/optim";
import { type Batch, type Model, type Observer, type ParameterVector, replaceFile } from "@thalweg/train";
import type { Samples } from "../curvature/sampled-loss.ts";
import type { ParameterLayout } from "../directions/layout.ts";
import { cosine } from "../directions/orthogonalize.ts";
import { difference } from "../families/models.ts";
import { CurvatureProbe, type ProbedCurvature } from "./curvature-probe.ts";
import { ExampleGradientProgram, type ExampleGradients, firstOf } from "./example-gradients.ts";
import { type GradientTests, gradientTests } from "./gradient-tests.ts";
import { type JointHistogram, jointHistogram } from "./joint-histogram.ts";
import { stepQuality } from "./step-quality.ts";
import { type Magnitudes, magnitudes, type TensorStep, tensorSteps } from "./tensors.ts";

/** One line. Numbers that are none are null in the file. */
export interface Diagnosis {
  /** Finished steps. */
  readonly step: number;
  /** Of the step's batch, before it. */
  readonly loss: number;
  readonly tensors?: {
    readonly each: Readonly<Record<string, TensorStep>>;
    readonly weights: Magnitudes;
    readonly gradients: Magnitudes;
    /** Gradients by weights, now and then: each time a quarter of the steps before have passed again. */
    readonly joint?: JointHistogram;
    /** ‖Δθ‖ of all tensors. */
    readonly update: number;
    /** Since this instrument's last line: steps, distance, and the cosine between the two updates. */
    readonly since?: { readonly steps: number; readonly distance: number; readonly cosine: number };
  };
  readonly examples?: GradientTests & {
    readonly alpha: number;
    /** (1/B Σ‖gᵢ‖² − ‖ḡ‖²) / loss: times the learning rate, the batch size that CABS asks of plain SGD. */
    readonly cabsPerRate: number;
  };
  readonly curvature?: ProbedCurvature;
  /** Instruments that this model cannot have, and why; in the line where that was found. */
  readonly leftOut?: Readonly<Partial<Record<Instrument, string>>>;
  /** Time of each instrument so far, as a share of that of training. */
  readonly overhead: Readonly<Partial<Record<Instrument, number>>>;
}

export const instruments = ["tensors", "examples", "curvature"] as const;
export type Instrument = (typeof instruments)[number];

export interface MonitorOptions {
  readonly model: Model;
  readonly vector: ParameterVector;
  readonly layout: ParameterLayout;
  /** Examples of a step: those that it trains on, or others where they are not at hand. */
  readonly batch: (step: number) => Batch;
  readonly path: string;
  /** Examples of a batch whose gradients are taken one by one, at most: 16 by default, 0 for none. */
  readonly examples?: number;
  /** False leaves curvature out. */
  readonly curvature?: boolean;
  /** The largest stable curvature at a step, where it is known. */
  readonly stable?: (step: number) => number | undefined;
  /** Time for all instruments, as a share of training's: 0.1 by default. */
  readonly budget?: number;
}

const WARMING = 3;
/** Second derivatives take about so many times as long to compile as first ones did: no run that is over sooner pays for them. */
const COMPILING = 8;
/** A joint histogram is 2 000 numbers: one each time that the steps have grown by so much. */
const JOINT_GROWTH = 1.25;

export class Monitor implements Observer {
  private readonly options: MonitorOptions;
  private readonly program: ExampleGradientProgram | null;
  private probe: CurvatureProbe | null;
  private readonly share: number;
  /** Milliseconds. */
  private readonly spent: Record<Instrument, number> = { tensors: 0, examples: 0, curvature: 0 };
  /** Of the last look; before the first, of what it is expected to cost. */
  private readonly cost: Record<Instrument, number>;
  private due: Record<Instrument, boolean> = { tensors: false, examples: false, curvature: false };
  /** Of the look at hand. */
  private readonly look: Record<Instrument, number> = { tensors: 0, examples: 0, curvature: 0 };
  private trained = 0;
  private mark = Number.NaN;
  private before: Float32Array | undefined;
  private start: (ExampleGradients & { samples: Samples }) | undefined;
  private curvature: ProbedCurvature | undefined;
  private leftOut: Partial<Record<Instrument, string>> | undefined;
  private last: { step: number; point: Float32Array; update: Float32Array } | undefined;
  private lastJoint = 0;

  private constructor(options: MonitorOptions, program: ExampleGradientProgram | null, compiling: number) {
    const { model, vector, budget = 0.1, curvature = true } = options;
    this.options = options;
    this.program = program;
    this.probe = program !== null && curvature ? new CurvatureProbe({ model, vector }) : null;
    this.cost = { tensors: 0, examples: 0, curvature: COMPILING * compiling };
    this.share = budget / (1 + Number(program !== null) + Number(this.probe !== null));
  }

  /** Raises RangeError for a budget that is none. */
  static async create(options: MonitorOptions): Promise<Monitor> {
    const { model, vector, examples = 16, budget = 0.1 } = options;
    if (!(budget > 0 && budget < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `Cannot watch a run as its budget must be a share above 0 of training's time: current value is ${budget}`,
      );
    }
    const begin = performance.now();
    const program = examples === 0 ? null : await ExampleGradientProgram.create(model, vector);
    const compiling = performance.now() - begin;
    // what is slow once, such as buffers of ONNX Runtime, is no cost of a measurement
    const { parameters, gradients } = vector;
    for (let k = 0; k < WARMING; k++) {
      await program?.warm();
      tensorSteps(options.layout.segments, { before: parameters, after: parameters, gradients });
      magnitudes(parameters);
    }
    return new Monitor(options, program, compiling);
  }

  /** Forget lines after the step that the run goes on at. */
  begin(step: number): void {
    const { path } = this.options;
    if (existsSync(path)) {
      const lines = readDiagnoses(path).filter((line) => line.step <= step);
      replaceFile(path, Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
    }
  }

  beforeStep(): void {
    this.mark = performance.now();
  }

  async beforeUpdate(step: number): Promise<void> {
    this.pause();
    this.due = {
      tensors: this.isDue("tensors"),
      examples: this.program !== null && this.isDue("examples"),
      curvature: this.probe !== null && this.isDue("curvature"),
    };
    for (const instrument of instruments) this.look[instrument] = 0;
    const first = instruments.find((instrument) => this.due[instrument]);
    if (first !== undefined) {
      await this.timed(first, () => {
        this.before = this.options.vector.parameters.slice();
      });
    }
    if (this.due.examples) await this.timed("examples", () => this.takeGradients(step));
    if (this.due.curvature) await this.timed("curvature", () => this.probeCurvature(step));
    this.mark = performance.now();
  }

  async afterUpdate(step: number, loss: number): Promise<void> {
    this.pause();
    const { before, start, curvature, leftOut } = this;
    if (before !== undefined) {
      const update = difference(this.options.vector.parameters, before);
      const tensors =
        this.due.tensors && (await this.timed("tensors", () => this.tensors(step, before, update)));
      const examples =
        this.due.examples && start && (await this.timed("examples", () => this.examples(start, update)));
      const line: Diagnosis = {
        ...{ step, loss },
        ...(tensors && { tensors }),
        ...(examples && { examples }),
        ...(curvature && { curvature }),
        ...(leftOut && { leftOut }),
        overhead: this.overhead(),
      };
      appendFileSync(this.options.path, `${JSON.stringify(line)}\n`);
    }
    for (const instrument of instruments)
      if (this.due[instrument]) this.cost[instrument] = this.look[instrument];
    this.before = undefined;
    this.start = undefined;
    this.curvature = undefined;
    this.leftOut = undefined;
  }

  async release(): Promise<void> {
    await this.program?.release();
    await this.probe?.release();
  }

  /** Whether what it has cost so far, and what it is about to cost, is paid for. */
  private isDue(instrument: Instrument): boolean {
    return this.spent[instrument] + this.cost[instrument] <= this.share * this.trained;
  }

  private overhead(): Diagnosis["overhead"] {
    const { spent, trained, program, probe } = this;
    return {
      tensors: spent.tensors / trained,
      ...(program && { examples: spent.examples / trained }),
      ...((probe || spent.curvature > 0) && { curvature: spent.curvature / trained }),
    };
  }

  /** A step went on until now. */
  private pause(): void {
    this.trained += performance.now() - this.mark;
  }

  private async timed<T>(instrument: Instrument, measure: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await measure();
    const cost = performance.now() - start;
    this.spent[instrument] += cost;
    this.look[instrument] += cost;
    return result;
  }

  private async takeGradients(step: number): Promise<void> {
    const { model, vector, examples = 16, batch } = this.options;
    const samples = firstOf(model, batch(step), examples, vector.size);
    if (samples.count >= 2) this.start = { ...(await this.program!.of(samples)), samples };
  }

  private async probeCurvature(step: number): Promise<void> {
    if (this.start === undefined) await this.takeGradients(step);
    const found = this.start && gradientTests(this.start.gradients);
    const meanSquare = found && found.trace + found.squaredGradient; // 1/B Σ‖gᵢ‖²
    const { batch, stable } = this.options;
    try {
      this.curvature = await this.probe!.look(batch(step), meanSquare, stable?.(step));
    } catch (error) {
      // a model whose second derivatives nobody knows trains on, and says why it has none
      this.leftOut = { curvature: (error as Error).message };
      await this.probe!.release();
      this.probe = null;
    }
  }

  private tensors(step: number, before: Float32Array, update: Float32Array): Diagnosis["tensors"] {
    const { vector, layout } = this.options;
    const { parameters, gradients } = vector;
    const { last } = this;
    const since = last && {
      steps: step - last.step,
      distance: norm(difference(parameters, last.point)),
      cosine: cosine(update, last.update),
    };
    this.last = { step, point: parameters.slice(), update };
    const isJoint = step >= JOINT_GROWTH * this.lastJoint;
    if (isJoint) this.lastJoint = step;
    return {
      each: tensorSteps(layout.segments, { before, after: parameters, gradients }),
      weights: magnitudes(parameters),
      gradients: magnitudes(gradients),
      ...(isJoint && { joint: jointHistogram(gradients, before) }),
      update: norm(update),
      ...(since && { since }),
    };
  }

  private async examples(
    { gradients, losses, samples }: ExampleGradients & { samples: Samples },
    update: Float32Array,
  ): Promise<NonNullable<Diagnosis["examples"]>> {
    const length = norm(update);
    const slopesOf = (all: readonly Float32Array[]) => all.map((g) => dot(g, update) / length);
    const end = await this.program!.of(samples);
    const alpha =
      length === 0
        ? Number.NaN
        : stepQuality(
            { losses, slopes: slopesOf(gradients) },
            { losses: end.losses, slopes: slopesOf(end.gradients) },
            length,
          );
    const tests = gradientTests(gradients);
    const B = gradients.length;
    const loss = losses.reduce((sum, value) => sum + value, 0) / B;
    return { ...tests, alpha, cabsPerRate: (tests.trace * (B - 1)) / B / loss };
  }
}

/** The lines of a file; half a last one, of a run that was killed, is not there. */
export function readDiagnoses(path: string): Diagnosis[] {
  const text = readFileSync(path, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Diagnosis);
}
