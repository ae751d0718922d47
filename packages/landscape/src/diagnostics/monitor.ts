/**
 * Diagnostics of a run while it trains, a line of JSON each time in a file of its folder. There are two instruments:
 *
 *   tensors    lengths of weights, gradients and updates, idle units, how numbers are spread, and how updates agree with earlier ones
 *   examples   gradients of single examples, of the step's batch where it is at hand, before the step and after: gradient tests, noise scale, and α
 *
 * Each is timed where it runs, and runs again when all that it has cost is within its half of the budget: with a budget of a tenth, an
 * instrument that costs as much as two steps comes every forty steps. So any network can be watched, and the run itself is the same, bit for bit.
 *
 * Examples are measured in the model's evaluation form: running means stand for those of a batch, and nothing is dropped.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { BatchValues } from "@thalweg/data";
import { type Batch, type Model, type Observer, type ParameterVector, replaceFile } from "@thalweg/train";
import { FlatProgram } from "../curvature/flat-program.ts";
import { type Samples, samplesOf } from "../curvature/sampled-loss.ts";
import type { ParameterLayout } from "../directions/layout.ts";
import { cosine, dot, norm } from "../directions/orthogonalize.ts";
import { difference } from "../families/models.ts";
import { type GradientTests, gradientTests } from "./gradient-tests.ts";
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
    /** ‖Δθ‖ of all tensors. */
    readonly update: number;
    /** Since this instrument's last line: steps, distance, and the cosine between the two updates. */
    readonly since?: { readonly steps: number; readonly distance: number; readonly cosine: number };
  };
  readonly examples?: GradientTests & { readonly alpha: number };
  /** Time of each instrument so far, as a share of that of training. */
  readonly overhead: Readonly<Record<Instrument, number>>;
}

export const instruments = ["tensors", "examples"] as const;
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
  /** Time for all instruments, as a share of training's: 0.1 by default. */
  readonly budget?: number;
}

/** Numbers that all gradients of examples may have together: 64 MiB. */
const MOST_NUMBERS = 2 ** 24;
const WARMING = 3;

interface ExampleGradients {
  readonly gradients: Float32Array[];
  readonly losses: number[];
  readonly samples: Samples;
}

export class Monitor implements Observer {
  private readonly options: MonitorOptions;
  private readonly program: FlatProgram | null;
  private readonly share: number;
  /** Milliseconds. */
  private readonly spent: Record<Instrument, number> = { tensors: 0, examples: 0 };
  private due: Record<Instrument, boolean> = { tensors: false, examples: false };
  private trained = 0;
  private mark = Number.NaN;
  private before: Float32Array | undefined;
  private start: ExampleGradients | undefined;
  private last: { step: number; point: Float32Array; update: Float32Array } | undefined;

  private constructor(options: MonitorOptions, program: FlatProgram | null) {
    this.options = options;
    this.program = program;
    this.share = (options.budget ?? 0.1) / (program === null ? 1 : 2);
  }

  /** Raises RangeError for a budget that is none. */
  static async create(options: MonitorOptions): Promise<Monitor> {
    const { model, vector, examples = 16, budget = 0.1 } = options;
    if (!(budget > 0 && budget < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `Cannot watch a run as its budget must be a share above 0 of training's time: current value is ${budget}`,
      );
    }
    const program =
      examples === 0
        ? null
        : await FlatProgram.create({ model, vector, batchSize: 1, derivative: "gradient" });
    // what is slow once, such as buffers of ONNX Runtime, is no cost of a measurement
    const { parameters, gradients } = vector;
    for (let k = 0; k < WARMING; k++) {
      await program?.run();
      tensorSteps(options.layout.segments, { before: parameters, after: parameters, gradients });
      magnitudes(parameters);
    }
    return new Monitor(options, program);
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
    this.due = { tensors: this.isDue("tensors"), examples: this.program !== null && this.isDue("examples") };
    const { vector } = this.options;
    if (this.due.tensors || this.due.examples) {
      await this.timed(this.due.tensors ? "tensors" : "examples", () => {
        this.before = vector.parameters.slice();
      });
    }
    if (this.due.examples) {
      await this.timed("examples", async () => {
        const samples = this.samples(step);
        if (samples.count >= 2) this.start = { ...(await this.gradientsOf(samples)), samples };
      });
    }
    this.mark = performance.now();
  }

  async afterUpdate(step: number, loss: number): Promise<void> {
    this.pause();
    const { before, start } = this;
    if (before !== undefined) {
      const update = difference(this.options.vector.parameters, before);
      const tensors =
        this.due.tensors && (await this.timed("tensors", () => this.tensors(step, before, update)));
      const examples = start && (await this.timed("examples", () => this.examples(start, update)));
      const { spent, trained } = this;
      const overhead = { tensors: spent.tensors / trained, examples: spent.examples / trained };
      const line = { step, loss, ...(tensors && { tensors }), ...(examples && { examples }), overhead };
      appendFileSync(this.options.path, `${JSON.stringify(line satisfies Diagnosis)}\n`);
      this.before = undefined;
      this.start = undefined;
    }
  }

  async release(): Promise<void> {
    await this.program?.release();
  }

  /** Whether what it has cost so far is paid for. */
  private isDue(instrument: Instrument): boolean {
    return this.spent[instrument] <= this.share * this.trained;
  }

  /** A step went on until now. */
  private pause(): void {
    this.trained += performance.now() - this.mark;
  }

  private async timed<T>(instrument: Instrument, measure: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await measure();
    this.spent[instrument] += performance.now() - start;
    return result;
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
    return {
      each: tensorSteps(layout.segments, { before, after: parameters, gradients }),
      weights: magnitudes(parameters),
      gradients: magnitudes(gradients),
      update: norm(update),
      ...(since && { since }),
    };
  }

  private async examples(
    { gradients, losses, samples }: ExampleGradients,
    update: Float32Array,
  ): Promise<NonNullable<Diagnosis["examples"]>> {
    const length = norm(update);
    const slopesOf = (all: readonly Float32Array[]) => all.map((g) => dot(g, update) / length);
    const end = await this.gradientsOf(samples);
    const alpha =
      length === 0
        ? Number.NaN
        : stepQuality(
            { losses, slopes: slopesOf(gradients) },
            { losses: end.losses, slopes: slopesOf(end.gradients) },
            length,
          );
    return { ...gradientTests(gradients), alpha };
  }

  /** The first examples of the batch, as they are now. */
  private samples(step: number): Samples {
    const { model, vector, examples = 16 } = this.options;
    const batch = this.options.batch(step);
    const one = Object.entries(model.inputs(1)).map(
      ([name, { shape }]) => [name, shape.reduce((a, b) => a * b, 1)] as const,
    );
    const [[first, size]] = one as [readonly [string, number]];
    const fit = Math.floor(MOST_NUMBERS / vector.size);
    const count = Math.min(examples, Math.max(2, fit), batch[first]!.length / size);
    return samplesOf(
      Object.fromEntries(
        one.map(([name, size]) => [name, batch[name]!.slice(0, count * size) as BatchValues]),
      ),
      count,
    );
  }

  private async gradientsOf(samples: Samples): Promise<{ gradients: Float32Array[]; losses: number[] }> {
    const program = this.program!;
    const gradients: Float32Array[] = [];
    const losses: number[] = [];
    for (let i = 0; i < samples.count; i++) {
      samples.fill(i, 1, program.batch);
      gradients.push((await program.run()).slice());
      losses.push(program.loss);
    }
    return { gradients, losses };
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
