/**
 * A small world to try a rule in: named tensors in one flat vector, an optimizer over them on either engine, and
 * gradients as plain numbers. The tests of this package stand on it.
 */
import { FlatMemory, type FloatArray } from "@thalweg/formula";
import { type Backend, referenceBackend, wasmBackend } from "../src/backend.ts";
import type { OptimizerOptions, Segment } from "../src/groups.ts";
import { Optimizer } from "../src/optimizer.ts";
import type { Rule } from "../src/rule.ts";

export type EngineName = "reference" | "wasm";
export const ENGINES: readonly EngineName[] = ["reference", "wasm"];

export type Tensors = Readonly<Record<string, readonly number[]>>;

/** What a test may choose; the rest follows from the tensors. */
export type Choices = Partial<
  Pick<OptimizerOptions<FloatArray>, "hyper" | "groups" | "segments" | "seed" | "check">
>;

export type Gradients = readonly number[] | ((theta: FloatArray) => readonly number[]);

export interface World {
  optimizer: Optimizer<FloatArray>;
  parameters: FloatArray;
  gradients: FloatArray;
  /**
   * One step with these gradients, in the order of the tensors; phases before the update get the same, unless a function
   * finds the gradients where the parameters are by then.
   */
  step: (gradients: Gradients, factors?: Record<string, number>) => void;
}

/** Tensors as vectors, one after the other; as columns for a rule that takes no vectors. */
export function segmentsOf(tensors: Tensors, rank = 1): Segment[] {
  let offset = 0;
  return Object.entries(tensors).map(([name, { length: size }]) => {
    const segment = { name, shape: [size, 1].slice(0, rank), offset, size };
    offset += size;
    return segment;
  });
}

/** An optimizer for the rule over these tensors. */
export function setUp(engine: EngineName, rule: Rule, tensors: Tensors, choices: Choices = {}): World {
  const values = Object.values(tensors).flat();
  if (engine === "reference") return build(referenceBackend, values, rule, tensors, choices);
  return build(wasmBackend(new FlatMemory(1 << 20)), values, rule, tensors, choices);
}

function build<A extends FloatArray>(
  backend: Backend<A>,
  values: number[],
  rule: Rule,
  tensors: Tensors,
  choices: Choices,
): World {
  const parameters = backend.allocate(values.length);
  const gradients = backend.allocate(values.length);
  parameters.set(values);
  const segments = segmentsOf(tensors, rule.minimumRank > 1 ? 2 : 1);
  const optimizer = new Optimizer<A>({ segments, ...choices, backend, parameters, gradients, rule });
  const step: World["step"] = (given, factors) => {
    const find = () => gradients.set(typeof given === "function" ? given(parameters) : given);
    for (const phase of optimizer.phasesDue()) {
      find();
      optimizer.prepare(phase, factors);
    }
    find();
    optimizer.step(factors);
  };
  return { optimizer, parameters, gradients, step };
}

/** Numbers in [-1, 1), the same for the same seed: the generator of Numerical Recipes, good enough to shake a bowl. */
export function shaker(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
