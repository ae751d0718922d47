/**
 * For tests: one program run over the same numbers on both engines. The fused engine's vectors lie between guard zones
 * and at odd addresses, so whatever writes beyond an end is found.
 */
import type { Scope } from "../functions.ts";
import { reference } from "../reference.ts";
import type { UpdateProgram } from "../resolve.ts";
import { resolve } from "../resolve.ts";
import type { StateDeclaration } from "../state.ts";
import { bindUpdate, type Engine, type FloatArray, type TensorGroup } from "../update.ts";
import { fused } from "../wasm/kernel.ts";
import { FlatMemory } from "../wasm/memory.ts";

/** A parameter tensor with the numbers of its slots, rounded to float32 before either engine sees them. */
export interface TestTensor {
  shape: readonly number[];
  slots: Record<string, ArrayLike<number>>;
}

export interface TestGroup {
  hyper: Record<string, number>;
  tensors: readonly TestTensor[];
}

export interface RunOptions {
  /** Steps to run, from t = 1. */
  steps?: number;
  /** Neighbours lie end to end, so that the fused engine may merge them. */
  dense?: boolean;
}

/**
 * What the slots of every tensor hold after the run: `result[group][tensor].theta[i]`. State that is one number stands there
 * too, as a list of one; where all tensors share it, each of them has it.
 */
export type Result = Record<string, number[]>[][];

/** A program from text; `theta` is what it assigns. */
export function program(
  update: string,
  hyper: readonly string[] = [],
  state: StateDeclaration = [],
): UpdateProgram {
  return resolve([{ name: "test", update, hyper, state, assigns: ["theta"] }]);
}

const slotsOf = ({ state, noise }: UpdateProgram) => ["theta", "g", ...state, ...(noise ? ["noise"] : [])];

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

export function runReference(
  update: UpdateProgram,
  groups: readonly TestGroup[],
  options: RunOptions = {},
): Result {
  const place = (values: ArrayLike<number>) => Float64Array.from(values, Math.fround);
  return run(update, groups, reference, place, place, options);
}

const GUARD = 24; // floats; more than a block of the kernel
const GUARD_VALUE = Math.fround(-7.7777e33);

/** Raises when a guard zone was touched. */
export function runFused(
  update: UpdateProgram,
  groups: readonly TestGroup[],
  options: RunOptions = {},
): Result {
  const slots = slotsOf(update);
  const tensors = groups.flatMap((group) => group.tensors);
  const perSlot = tensors.reduce((sum, { shape }) => sum + sizeOf(shape) + 2 * GUARD + 1, 2 * GUARD);
  const memory = new FlatMemory(slots.length * FlatMemory.bytesFor(perSlot));
  const vectors = new Map(slots.map((slot) => [slot, memory.allocate(perSlot).fill(GUARD_VALUE)]));
  const taken = new Map(slots.map((slot) => [slot, GUARD]));
  const place = (values: ArrayLike<number>, slot: string) => {
    const from = taken.get(slot)!;
    const view = vectors.get(slot)!.subarray(from, from + values.length);
    view.set(Array.from(values));
    taken.set(slot, from + values.length + (options.dense ? 0 : GUARD + 1));
    return view;
  };
  const result = run(update, groups, fused(memory), place, (values) => Float32Array.from(values), options);

  for (const [slot, vector] of vectors) {
    let end = 0;
    const views = tensors.map(({ shape }) => sizeOf(shape));
    let from = GUARD;
    for (const size of views) {
      for (let i = end; i < from; i++) checkGuard(slot, i, vector[i]!);
      end = from + size;
      from = end + (options.dense ? 0 : GUARD + 1);
    }
    for (let i = end; i < vector.length; i++) checkGuard(slot, i, vector[i]!);
  }
  return result;
}

function checkGuard(slot: string, index: number, value: number): void {
  if (value !== GUARD_VALUE) throw new Error(`guard of ${slot} at ${index} was overwritten with ${value}`);
}

function run<A extends FloatArray>(
  update: UpdateProgram,
  groups: readonly TestGroup[],
  engine: Engine<A>,
  place: (values: ArrayLike<number>, slot: string) => A,
  matrix: (values: ArrayLike<number>) => A,
  { steps = 1 }: RunOptions,
): Result {
  const names = slotsOf(update);
  const numbers = (scope: Scope) =>
    Object.fromEntries(update.scalars.filter((slot) => slot.scope === scope).map(({ name }) => [name, 0]));
  const shared = numbers("all");
  const bound = groups.map(
    ({ hyper, tensors }, i): TensorGroup<A> => ({
      hyper,
      t: 0,
      tensors: tensors.map(({ shape, slots }, j) => ({
        name: `tensor ${i}.${j}`,
        shape,
        size: sizeOf(shape),
        slots: Object.fromEntries([
          ...names.map((slot) => [slot, place(slots[slot] ?? new Float64Array(sizeOf(shape)), slot)]),
          ...matricesOf(update, shape).map(([slot, size]) => [
            slot,
            matrix(slots[slot] ?? new Float64Array(size)),
          ]),
        ]),
        scalars: numbers("tensor"),
      })),
    }),
  );
  const ready = bindUpdate(update, bound, engine, shared);
  ready.initialise();
  for (let step = 1; step <= steps; step++) {
    for (const group of bound) group.t = step;
    ready.run();
  }
  return bound.map(({ tensors }) =>
    tensors.map(({ slots, scalars }) =>
      Object.fromEntries([
        ...Object.entries(slots).map(([slot, values]) => [slot, Array.from(values)]),
        ...Object.entries({ ...scalars, ...shared }).map(([name, value]) => [name, [value]]),
      ]),
    ),
  );
}

/** Matrices of another shape than the parameter's, with their sizes. */
function matricesOf({ matrices }: UpdateProgram, shape: readonly number[]): [name: string, size: number][] {
  const side = { "1": 1, R: shape[0] ?? 1, C: sizeOf(shape.slice(1)) };
  return matrices.map(({ name, extent: [rows, cols] }) => [name, side[rows] * side[cols]]);
}

/** n numbers in [low, high), the same ones for the same seed: a linear congruential generator (Numerical Recipes). */
export function numbers(n: number, seed: number, low = -2, high = 2): number[] {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.fround(low + ((high - low) * state) / 2 ** 32);
  });
}

/** A tensor of random theta, g and further slots. */
export function randomTensor(
  shape: readonly number[],
  seed: number,
  slots: readonly string[] = ["theta", "g"],
): TestTensor {
  return {
    shape,
    slots: Object.fromEntries(slots.map((slot, i) => [slot, numbers(sizeOf(shape), 100 * seed + i)])),
  };
}
