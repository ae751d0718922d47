/**
 * The learning-rate test and the noise scale, measured on the page's own network: the same code that does it for `thalweg find-lr`, over programs that run in
 * the browser.
 */
import { FlatMemory } from "@thalweg/formula";
import { Optimizer, type Rule, stateSlotCount, wasmBackend, withHyper } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import {
  estimateNoiseScale,
  type NoiseSample,
  type NoiseScale,
  type ThereAndBack,
  thereAndBack,
} from "@thalweg/train/finder";
import type { Examples, Split } from "./examples.ts";
import type { Programs } from "./programs.ts";

interface Training {
  readonly optimizer: Optimizer<Float32Array>;
  readonly theta: Float32Array;
  readonly gradient: Float32Array;
  readonly batch: Split;
  /** The batch of a step. */
  fill(step: number): void;
  /** Examples drawn with replacement, as if there were no end of them. */
  draw(index: number): void;
}

/** Raises RangeError for a rule without a learning rate, or one that asks for other gradients. */
function prepare(
  examples: Examples,
  programs: Programs,
  rule: Rule,
  batchSize: number,
  seed: number,
): Training {
  if (rule.hyper.lr === undefined)
    throw new RangeError(`Cannot look for a learning rate as ${rule.name} has none`);
  if (rule.program.before.some(({ gradient }) => gradient !== "batch")) {
    throw new RangeError(
      `Cannot test ${rule.name} in the page as it asks for other gradients than a batch's: use thalweg find-lr`,
    );
  }
  const { size, segments } = programs;
  const memory = new FlatMemory(
    (4 + stateSlotCount(rule) * segments.length) * FlatMemory.bytesFor(size) + 65_536,
  );
  const [theta, gradient] = [memory.allocate(size), memory.allocate(size)];
  theta.set(programs.initialize(seed));
  const optimizer = new Optimizer({
    backend: wasmBackend(memory),
    segments,
    parameters: theta,
    gradients: gradient,
    rule: withHyper(rule, { lr: 1 }), // so that factors are rates
    seed,
  });
  const { train, dimension } = examples;
  const batch = {
    x: new Float32Array(batchSize * dimension),
    labels: new Int32Array(batchSize),
    count: batchSize,
  };
  const perEpoch = Math.max(1, Math.floor(train.count / batchSize));
  const take = (rowOf: (i: number) => number) => {
    for (let i = 0; i < batchSize; i++) {
      const row = rowOf(i);
      batch.x.set(train.x.subarray(row * dimension, (row + 1) * dimension), i * dimension);
      batch.labels[i] = train.labels[row]!;
    }
  };
  const fill = (step: number) => {
    const order = stream(seed, "order", Math.floor(step / perEpoch)).permutation(train.count);
    take((i) => order[((step % perEpoch) * batchSize + i) % train.count]!);
  };
  const draw = (index: number) => {
    const random = stream(seed, "noise scale", index);
    take(() => Math.floor(random.uniform() * train.count));
  };
  return { optimizer, theta, gradient, batch, fill, draw };
}

export interface RateTestOptions {
  readonly examples: Examples;
  readonly programs: Programs;
  readonly rule: Rule;
  readonly batchSize: number;
  readonly seed: number;
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
  /** Called now and then: a page draws between steps. */
  readonly breathe: () => Promise<void>;
}

/** One test, there and back. Raises as `prepare`. */
export async function testRate(options: RateTestOptions): Promise<ThereAndBack> {
  const { examples, programs, rule, batchSize, seed, steps, from, to, signal, breathe } = options;
  const { optimizer, theta, gradient, batch, fill } = prepare(examples, programs, rule, batchSize, seed);
  let deadline = performance.now() + 12;
  return thereAndBack({
    vector: { parameters: theta, gradients: gradient, buffers: new Float32Array(0) },
    program: {
      batch: {},
      run: async () => {
        if (performance.now() > deadline) {
          await breathe();
          deadline = performance.now() + 12;
        }
        return programs.train(theta, batch, gradient);
      },
    },
    optimizer,
    baseRate: 1,
    fill,
    steps,
    from,
    to,
    signal,
  });
}

export interface NoiseReading extends NoiseScale {
  /** Steps of training before it was measured. */
  readonly step: number;
  readonly loss: number;
}

/**
 * The noise scale along a training run: at each of the given steps, gradients of single batches beside that of all their examples together. Yields a reading as soon
 * as there is one. Raises as `prepare`.
 */
export async function* measureNoise(
  options: Omit<RateTestOptions, "steps" | "from" | "to"> & {
    readonly lr: number;
    readonly at: readonly number[];
  },
): AsyncGenerator<NoiseReading> {
  const { examples, programs, rule, batchSize, seed, lr, at, signal, breathe } = options;
  const { optimizer, theta, gradient, batch, fill, draw } = prepare(
    examples,
    programs,
    rule,
    batchSize,
    seed,
  );
  let step = 0;
  for (const goal of at) {
    for (; step < goal; step++) {
      if (signal.aborted) return;
      if (step % 10 === 0) await breathe();
      fill(step);
      for (const phase of optimizer.phasesDue()) {
        await programs.train(theta, batch, gradient);
        await optimizer.prepare(phase, { lr });
      }
      await programs.train(theta, batch, gradient);
      await optimizer.step({ lr });
    }
    const samples: NoiseSample[] = [];
    let loss = 0;
    const mean = new Float64Array(gradient.length);
    for (let s = 0; s < SAMPLES; s++) {
      if (signal.aborted) return;
      await breathe();
      mean.fill(0);
      let small = 0;
      for (let k = 0; k < PARTS; k++) {
        draw(s * PARTS + k);
        loss += (await programs.train(theta, batch, gradient)) / (SAMPLES * PARTS);
        small += squared(gradient) / PARTS;
        for (let i = 0; i < mean.length; i++) mean[i]! += gradient[i]! / PARTS;
      }
      samples.push({
        small: { batchSize, squaredNorm: small },
        big: { batchSize: batchSize * PARTS, squaredNorm: squared(mean) },
      });
    }
    yield { ...estimateNoiseScale(samples), step, loss };
  }
}

/** Samples per reading, and batches that make the large one of each. */
const SAMPLES = 40;
const PARTS = 16;

const squared = (vector: Float32Array | Float64Array): number => {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return sum;
};
