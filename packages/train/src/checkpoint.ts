/**
 * A checkpoint: everything that the rest of a run depends on, in one safetensors file. Parameters and buffers keep their
 * names, so that other tools can read the weights; the optimizer's state lies beside them as `optimizer/<parameter>/<slot>`.
 * A run that continues from a checkpoint gives the same bits as one that was never interrupted.
 */
import type { Optimizer, OptimizerState, ParameterState } from "@thalweg/optim";
import { type ParameterVector, segmentOf } from "./parameter-vector.ts";
import type { RunFolder } from "./run-folder.ts";
import type { StoredTensor } from "./safetensors.ts";

/** Where a run stands, besides its tensors. */
export interface Progress {
  /** Finished steps. */
  step: number;
  /** Gradients evaluated so far. */
  gradients: number;
  /** Sum and count of the training losses since the last evaluation. */
  lossSum: number;
  lossCount: number;
  /** The training loss at the start, which divergence is judged by; NaN before the first step. */
  initialLoss: number;
  /** Evaluations in a row that looked like divergence. */
  strikes: number;
  /** Time spent in training steps so far. */
  seconds: number;
}

/** The part of an optimizer's state that is numbers, not tensors. */
interface Counters {
  parameters: Record<string, Omit<ParameterState<Float32Array>, "slots">>;
  shared: Record<string, Record<string, number>>;
}

/** JSON has no NaN and no infinities: they are written as text. */
const NON_FINITE = new Set<unknown>(["NaN", "Infinity", "-Infinity"]);
const isNonFinite = (value: unknown) => typeof value === "number" && !Number.isFinite(value);

const FORMAT = "thalweg checkpoint 1";

/** Write a run's checkpoint. Raises RunFolderError when the folder cannot be written to. */
export function saveCheckpoint(
  run: RunFolder,
  vector: ParameterVector,
  optimizer: Pick<Optimizer<Float32Array>, "state">,
  progress: Progress,
): void {
  const tensors = new Map<string, StoredTensor>();
  for (const segment of vector.segments) {
    tensors.set(segment.name, { shape: segment.shape, data: segmentOf(vector.parameters, segment) });
  }
  for (const segment of vector.bufferSegments) {
    tensors.set(segment.name, { shape: segment.shape, data: segmentOf(vector.buffers, segment) });
  }
  const { parameters, shared } = optimizer.state();
  const shapes = new Map(vector.segments.map(({ name, shape }) => [name, shape]));
  const counters: Counters = { parameters: {}, shared };
  for (const [name, { slots, ...counter }] of Object.entries(parameters)) {
    counters.parameters[name] = counter;
    for (const [slot, data] of Object.entries(slots)) {
      const shape = shapes.get(name)!;
      const size = shape.reduce((product, n) => product * n, 1);
      tensors.set(stateName(name, slot), { shape: data.length === size ? shape : [data.length], data });
    }
  }
  // numbers as text: the shortest form that reads back as the same float64
  const numbers = Object.entries(progress).map(([name, value]) => [name, String(value)]);
  run.writeCheckpoint(tensors, {
    ...Object.fromEntries(numbers),
    format: FORMAT,
    optimizer: JSON.stringify(counters, (_, value) => (isNonFinite(value) ? String(value) : value)),
  });
}

/**
 * Continue from a run's checkpoint: fills the vector and the optimizer, and says where the run stood; undefined when
 * there is none. Raises RangeError when the checkpoint belongs to another model or rule, or is damaged.
 */
export function loadCheckpoint(
  run: RunFolder,
  vector: ParameterVector,
  optimizer: Pick<Optimizer<Float32Array>, "load">,
): Progress | undefined {
  const stored = run.readCheckpoint();
  if (stored === undefined) return undefined;
  const { tensors, metadata } = stored;
  if (metadata.format !== FORMAT) {
    throw new RangeError(
      `Cannot resume ${run.folder} as its checkpoint must be of the form "${FORMAT}": it is ${JSON.stringify(metadata.format)}`,
    );
  }
  const values = (name: string, size: number): Float32Array => {
    const data = tensors.get(name)?.data;
    if (data instanceof Float32Array && data.length === size) return data;
    const found = data === undefined ? "it has none" : `it has a ${data.constructor.name} of ${data.length}`;
    throw new RangeError(
      `Cannot resume ${run.folder} as its checkpoint needs ${size} float32 values named ${name}: ${found}; was the model changed?`,
    );
  };
  for (const segment of vector.segments) {
    vector.parameters.set(values(segment.name, segment.size), segment.offset);
  }
  for (const segment of vector.bufferSegments) {
    vector.buffers.set(values(segment.name, segment.size), segment.offset);
  }
  const counters = JSON.parse(metadata.optimizer ?? "{}", (_, value) =>
    NON_FINITE.has(value) ? Number(value) : value,
  ) as Counters;
  const parameters: OptimizerState<Float32Array>["parameters"] = {};
  for (const [name, counter] of Object.entries(counters.parameters)) {
    const prefix = stateName(name, "");
    const slots = [...tensors].filter(([key]) => key.startsWith(prefix));
    const data = slots.map(([key, tensor]) => [key.slice(prefix.length), tensor.data as Float32Array]);
    parameters[name] = { ...counter, slots: Object.fromEntries(data) };
  }
  optimizer.load({ version: 1, parameters, shared: counters.shared });
  const number = (name: keyof Progress) => Number(metadata[name]);
  return {
    step: number("step"),
    gradients: number("gradients"),
    lossSum: number("lossSum"),
    lossCount: number("lossCount"),
    initialLoss: number("initialLoss"),
    strikes: number("strikes"),
    seconds: number("seconds"),
  };
}

const stateName = (parameter: string, slot: string) => `optimizer/${parameter}/${slot}`;
