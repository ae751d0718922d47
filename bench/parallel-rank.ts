/**
 * One rank of parallel.ts: does one measurement together with the others, and rank 0 prints it as a line of JSON.
 *
 *   allreduce FLOATS REPEATS      medians in ms: our call, the blocking call through the same library, and our call in four pieces
 *   resnet20 BATCH STEPS          ms of each training step at this local batch
 *   batch-norm BATCH STEPS        the same, step by step with statistics per rank and with those of all ranks, in one process
 *   logging STEPS                 ms of training steps between two evaluations, and of what rank 0 writes for one
 *   memory MILLIONS ZERO          bytes of optimizer state, and of resident memory it added, of the rank that has most
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cifarResnet, flatten, linear, relu, sequential } from "@thalweg/nn";
import { adamw, momentum, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import {
  classifier,
  createRun,
  joinRanks,
  ParameterVector,
  PartedProgram,
  partBounds,
  ShardedOptimizer,
  SynchronisedProgram,
  TrainingProgram,
} from "@thalweg/train";
import { findLaunch } from "../packages/train/src/parallel/launcher.ts";
import { loadMpiLibrary } from "../packages/train/src/parallel/mpi-library.ts";
import { labels, SEED, uniform } from "./workload.ts";

const communicator = joinRanks();
const { rank, size } = communicator;
const [mode, ...words] = process.argv.slice(2);
const [first = 0, second = 0] = words.map(Number);

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!;

/** The largest over the ranks. */
async function largest(value: number): Promise<number> {
  const values = Float64Array.of(value);
  await communicator.allReduce(values, "max");
  return values[0]!;
}

async function allreduce(floats: number, repeats: number) {
  const { functions, handles, inPlace } = loadMpiLibrary(findLaunch(process.env)!.libraries);
  const values = new Float32Array(floats);
  const quarters = partBounds(floats, 4);
  const pieces = quarters.slice(1).map((end, i) => values.subarray(quarters[i], end));
  const { float32, sum, world } = handles;
  const ways = {
    ours: () => communicator.allReduce(values, "sum"),
    blocking: async () => void functions.MPI_Allreduce(inPlace, values, floats, float32, sum, world),
    pieces: async () => {
      for (const piece of pieces) await communicator.allReduce(piece, "sum");
    },
  };
  const times: Record<string, number[]> = { ours: [], blocking: [], pieces: [] };
  for (let i = -5; i < repeats; i++) {
    for (const [name, way] of Object.entries(ways)) {
      functions.MPI_Barrier(world);
      const start = performance.now();
      await way();
      if (i >= 0) times[name]!.push(performance.now() - start);
    }
  }
  const medians: Record<string, number> = {};
  for (const [name, all] of Object.entries(times)) medians[name] = await largest(median(all));
  return medians;
}

async function resnet20(batchSize: number, steps: number) {
  const model = classifier(cifarResnet({ depth: 20 }), [3, 32, 32]);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(momentum) });
  vector.initialize(model.module, 0);
  const program = await TrainingProgram.create({ model, vector, batchSize, seed: 0, parts: size });
  const { segments, parameters, gradients, memory } = vector;
  const backend = wasmBackend(memory);
  const optimizer = new Optimizer({ backend, segments, parameters, gradients, rule: momentum });
  const { x, labels: wanted } = program.batch as { x: Float32Array; labels: Int32Array };
  x.set(uniform(SEED.x + rank, x.length, 0, 1));
  wanted.set(labels(SEED.labels + rank, batchSize, 10));
  const parted = new PartedProgram({ program, vector, communicator, fill: () => {} });
  const samplesMs: number[] = [];
  for (let step = -2; step < steps; step++) {
    const start = performance.now();
    await parted.run(step + 2);
    await optimizer.step();
    if (step >= 0) samplesMs.push(performance.now() - start);
  }
  return { samplesMs, parameters: vector.size };
}

async function batchNorm(batchSize: number, steps: number) {
  const model = classifier(cifarResnet({ depth: 20 }), [3, 32, 32]);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(momentum) });
  vector.initialize(model.module, 0);
  const { segments, parameters, gradients, memory } = vector;
  const optimizer = new Optimizer({
    ...{ segments, parameters, gradients, rule: momentum },
    backend: wasmBackend(memory),
  });
  const options = { model, vector, batchSize, seed: 0, parts: size };
  const programs = {
    perRank: await TrainingProgram.create(options),
    synchronised: await SynchronisedProgram.create({ ...options, communicator }),
  };
  const samplesMs: Record<keyof typeof programs, number[]> = { perRank: [], synchronised: [] };
  for (const program of Object.values(programs)) {
    const { x, labels: wanted } = program.batch as { x: Float32Array; labels: Int32Array };
    x.set(uniform(SEED.x + rank, x.length, 0, 1));
    wanted.set(labels(SEED.labels + rank, batchSize, 10));
  }
  for (let step = -2; step < steps; step++) {
    for (const [name, program] of Object.entries(programs)) {
      const parted = new PartedProgram({ program, vector, communicator, fill: () => {} });
      const start = performance.now();
      await parted.run(step + 2);
      await optimizer.step();
      if (step >= 0) samplesMs[name as keyof typeof programs].push(performance.now() - start);
    }
  }
  return samplesMs;
}

async function logging(steps: number) {
  const module = sequential(flatten(), linear(64, 64), relu(), linear(64, 32), relu(), linear(32, 10));
  const model = classifier(module, [1, 8, 8]);
  const vector = new ParameterVector(module, { stateSlots: stateSlotCount(adamw) });
  vector.initialize(module, 0);
  const program = await TrainingProgram.create({ model, vector, batchSize: 32 / size, seed: 0, parts: size });
  const { segments, parameters, gradients, memory } = vector;
  const optimizer = new Optimizer({
    ...{ segments, parameters, gradients, rule: adamw },
    backend: wasmBackend(memory),
  });
  const parted = new PartedProgram({ program, vector, communicator, fill: () => {} });
  const folder = mkdtempSync(join(tmpdir(), "thalweg-bench-"));
  const run = rank === 0 ? createRun(join(folder, "run"), {}) : undefined;
  const trainMs: number[] = [];
  const logMs: number[] = [];
  for (let round = 0; round < 20; round++) {
    const start = performance.now();
    for (let step = 0; step < steps; step++) {
      await parted.run(step);
      await optimizer.step();
    }
    const trained = performance.now();
    run?.appendLine({ step: round, trainLoss: 1.23456789, validationLoss: 1.2345678, seconds: trained });
    process.stderr.write(""); // where rank 0 shows its line
    logMs.push(performance.now() - trained);
    trainMs.push(trained - start);
  }
  rmSync(folder, { recursive: true });
  return { trainMs: median(trainMs), logMs: median(logMs) };
}

async function memory(millions: number, zero: boolean) {
  const module = linear(1000, 1000 * millions, { bias: false });
  const slots = stateSlotCount(adamw);
  const vector = new ParameterVector(module, {
    stateSlots: slots,
    ...(zero && { stateSize: Math.ceil((1e6 * millions) / size) }),
  });
  const { segments, parameters, gradients, memory } = vector;
  parameters.fill(1);
  gradients.fill(1);
  const before = process.memoryUsage.rss();
  const free = memory.bytesFree;
  const options = { ...{ segments, parameters, gradients, rule: adamw }, backend: wasmBackend(memory) };
  const optimizer = zero ? new ShardedOptimizer({ ...options, communicator }) : new Optimizer(options);
  await optimizer.step();
  const rss = process.memoryUsage.rss() - before;
  return { state: await largest(free - memory.bytesFree), rss: await largest(rss) };
}

const MODES: Readonly<Record<string, () => Promise<object>>> = {
  allreduce: () => allreduce(first, second),
  resnet20: () => resnet20(first, second),
  "batch-norm": () => batchNorm(first, second),
  logging: () => logging(first),
  memory: () => memory(first, second === 1),
};
const result = await MODES[mode!]!();
if (rank === 0) process.stdout.write(`${JSON.stringify(result)}\n`);
await communicator.leave();
