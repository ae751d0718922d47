/**
 * A process that trains a small network for a few steps and prints what it took, beside what `processMemory` says: started by the
 * slow test and the benchmark as `node --expose-gc --import tsx measure.ts MODEL BATCH [blocks]`, since memory can be told apart only by
 * process. Linux alone tells a process's own peak and lets it begin anew.
 *
 * The baseline is the process with everything loaded, traced and compiled, and no number computed; so what is measured is the
 * data: vectors, batch, activations, and what is copied.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cifarResnet, crossEntropy, gpt, type Module } from "@thalweg/nn";
import { adamw, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { ParameterVector } from "../parameter-vector.ts";
import { classifier, type Model, TrainingProgram } from "../program.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { plannable } from "./models.ts";
import { planMemory } from "./plan.ts";
import { processMemory } from "./process.ts";

export const measuredModels = {
  /** Six layers of width 128, four heads, 128 positions, 512 tokens: 1.3 million parameters. */
  gpt: () => languageModel(gpt({ vocabulary: 512, context: 128, layers: 6, heads: 4, width: 128 }), 128),
  resnet20: () => classifier(cifarResnet({ depth: 20 }), [3, 32, 32]),
} as const satisfies Readonly<Record<string, () => Model>>;

export interface Measurement {
  /** Bytes by which the resident memory grew at its peak. */
  readonly measured: number;
  /** What `processMemory` says. */
  readonly predicted: number;
  /** The lives of the tensors alone, with the vectors: what `planMemory` says. */
  readonly alive: number;
  readonly losses: readonly number[];
  /** Of processor time, in the step that took least. */
  readonly milliseconds: number;
}

const STEPS = 4;

function languageModel(module: Module, length: number): Model {
  const tokens = (batch: number) => ({ shape: [batch, length], dtype: "int32" }) as const;
  return {
    module,
    inputs: (batch) => ({ x: tokens(batch), labels: tokens(batch) }),
    measure: (context, { x, labels }) => ({ loss: crossEntropy(module.forward(x!, context), labels!) }),
  };
}

/** Resident bytes at the peak since the last `forget`. */
const peak = (): number =>
  1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]);
const forget = () => writeFileSync("/proc/self/clear_refs", "5");

async function measure(model: Model, batchSize: number, checkpoint?: Checkpoints): Promise<Measurement> {
  const marked = { ...model, ...(checkpoint && { checkpoint }) };
  const request = { model: plannable(model), batchSize, rule: adamw, ...(checkpoint && { checkpoint }) };
  const predicted = (await processMemory(request)).total;
  const alive = planMemory(request).total;
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(adamw) });
  const program = await TrainingProgram.create({ model: marked, vector, batchSize, seed: 1 });
  const { segments, parameters, gradients, memory } = vector;
  const backend = wasmBackend(memory);
  const optimizer = new Optimizer({ backend, segments, parameters, gradients, rule: adamw });
  const collect = (globalThis as { gc?: () => void }).gc!;
  for (let k = 0; k < 3; k++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20)); // pages are given back in the background
  }
  forget();
  const before = peak();
  vector.initialize(model.module, 1);
  collect(); // the starting values were drawn elsewhere and copied
  for (const values of Object.values(program.batch)) {
    for (let i = 0; i < values.length; i++) values[i] = values instanceof Float32Array ? Math.sin(i) : i % 10;
  }
  const losses: number[] = [];
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let step = 0; step < STEPS; step++) {
    const start = process.cpuUsage();
    losses.push(await program.run(step));
    await optimizer.step();
    const { user, system } = process.cpuUsage(start); // in µs
    milliseconds = Math.min(milliseconds, (user + system) / 1000);
  }
  return { measured: peak() - before, predicted, alive, losses, milliseconds };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name, batch, checkpoint] = process.argv as [
    string,
    string,
    keyof typeof measuredModels,
    string,
    Checkpoints?,
  ];
  console.log(JSON.stringify(await measure(measuredModels[name](), Number(batch), checkpoint)));
}
