/**
 * The fused engine: each stage of a program is one WebAssembly function that passes over memory once. Kernels are
 * cached by their text, so the same formula is compiled once per process, whatever the rule is called.
 */
import type { ScalarEvaluator } from "../scalars.ts";
import type { Stage } from "../stages.ts";
import type { Engine, Pass, TensorSlots } from "../update.ts";
import { assemble } from "./assembler.ts";
import { emitStage, operandSlots, SCRATCH } from "./emit.ts";
import type { FlatMemory } from "./memory.ts";

type PassFunction = (count: number, ...pointers: number[]) => void;

const modules = new Map<string, WebAssembly.Module>();

/** How many different kernels this process has compiled. */
export const compiledKernelCount = (): number => modules.size;

function compile(text: string): WebAssembly.Module {
  const known = modules.get(text);
  if (known !== undefined) return known;
  const compiled = assemble(text);
  modules.set(text, compiled);
  return compiled;
}

/** The engine whose tensors lie in `memory`; every slot must be a view of it. */
export function fused(memory: FlatMemory): Engine<Float32Array> {
  const { buffer } = memory.memory;
  const scalarNumbers = new Float32Array(buffer, SCRATCH.scalars, (SCRATCH.results - SCRATCH.scalars) / 4);
  const scalarMasks = new Int32Array(buffer, SCRATCH.scalars, scalarNumbers.length);
  const resultNumbers = new Float64Array(buffer, SCRATCH.results, (SCRATCH.tails - SCRATCH.results) / 8);
  const functions = new Map<Stage, PassFunction>();

  const instantiate = (stage: Stage): PassFunction => {
    const known = functions.get(stage);
    if (known !== undefined) return known;
    const instance = new WebAssembly.Instance(compile(emitStage(stage)), {
      thalweg: { memory: memory.memory },
    });
    const pass = instance.exports.pass as PassFunction;
    functions.set(stage, pass);
    return pass;
  };

  const bindPass = (stage: Stage, tensor: TensorSlots<Float32Array>): Pass => {
    const pass = instantiate(stage);
    const pointers = operandSlots(stage).map((slot) => pointer(tensor, slot, buffer));
    const isLogical = stage.scalars.map(({ type }) => type === "logical");
    return (scalars: ScalarEvaluator, results: Float64Array) => {
      for (let i = 0; i < isLogical.length; i++) {
        if (isLogical[i]) scalarMasks[i] = scalars.value(i) === 0 ? 0 : -1;
        else scalarNumbers[i] = scalars.value(i);
      }
      pass(tensor.size, ...pointers);
      for (let r = 0; r < stage.reductions.length; r++) results[r] = resultNumbers[r]!;
    };
  };

  const merge: Engine<Float32Array>["merge"] = (tensors, slots) => {
    for (const tensor of tensors) for (const slot of slots) pointer(tensor, slot, buffer);
    return mergeNeighbours(tensors, slots);
  };

  return { name: "wasm", bindPass, merge };
}

/** The address of a slot. Raises TypeError when it is missing, of another length, or elsewhere. */
function pointer(tensor: TensorSlots<Float32Array>, slot: string, buffer: ArrayBufferLike): number {
  const view = tensor.slots[slot];
  if (view === undefined || view.buffer !== buffer || view.length !== tensor.size) {
    throw new TypeError(
      `Cannot bind ${tensor.name} as its slot "${slot}" must be a view of ${tensor.size} float32 values in the kernel's memory`,
    );
  }
  return view.byteOffset;
}

/** Join tensors whose slots all lie end to end: one call of the kernel then covers them. */
function mergeNeighbours(
  tensors: readonly TensorSlots<Float32Array>[],
  slots: readonly string[],
): TensorSlots<Float32Array>[] {
  const merged: TensorSlots<Float32Array>[] = [];
  for (const tensor of tensors) {
    const last = merged.at(-1);
    if (last !== undefined && slots.every((slot) => touches(last.slots[slot]!, tensor.slots[slot]!))) {
      merged[merged.length - 1] = join(last, tensor, slots);
    } else merged.push(tensor);
  }
  return merged;
}

const touches = (a: Float32Array, b: Float32Array) => b.byteOffset === a.byteOffset + a.byteLength;

function join(
  a: TensorSlots<Float32Array>,
  b: TensorSlots<Float32Array>,
  slots: readonly string[],
): TensorSlots<Float32Array> {
  const size = a.size + b.size;
  const view = (slot: string) => new Float32Array(a.slots[slot]!.buffer, a.slots[slot]!.byteOffset, size);
  return {
    name: `${a.name} … ${b.name}`,
    shape: [size],
    size,
    slots: Object.fromEntries(slots.map((slot) => [slot, view(slot)])),
  };
}
