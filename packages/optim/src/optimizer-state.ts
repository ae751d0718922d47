/**
 * The state of an optimizer as data, keyed by parameter name: what a checkpoint keeps, and what continues bit for bit.
 */
import { type FloatArray, nearest, type UpdateProgram } from "@thalweg/formula";
import { type Group, savedSlots } from "./groups.ts";

/** What has to be kept to continue. Tensors have the parameter's shape; numbers are float64. */
export interface OptimizerState<A extends FloatArray> {
  version: 1;
  parameters: Record<string, ParameterState<A>>;
  /** By rule: state that is one number for all its parameters. A second rule of one name is called `name#2`. */
  shared: Record<string, Record<string, number>>;
}

export interface ParameterState<A extends FloatArray> {
  rule: string;
  /** Steps taken. */
  step: number;
  /** Of the parameter. Matrices among the slots depend on it, and so does what a rule makes of the others. */
  shape: readonly number[];
  slots: Record<string, A>;
  /** State that is one number for this parameter. */
  scalars: Record<string, number>;
}

/** What the shared numbers of each rule are filed under; groups that differ in hyperparameters only have them together. */
export function sharedKeys(groups: readonly Pick<Group<FloatArray>, "rule">[]): Map<UpdateProgram, string> {
  const keys = new Map<UpdateProgram, string>();
  const uses = new Map<string, number>();
  for (const { rule } of groups) {
    if (keys.has(rule.program)) continue;
    const count = (uses.get(rule.name) ?? 0) + 1;
    uses.set(rule.name, count);
    keys.set(rule.program, count === 1 ? rule.name : `${rule.name}#${count}`);
  }
  return keys;
}

/** Raises RangeError when a state belongs to other parameters, rules, shapes or versions. */
export function checkState<A extends FloatArray>(
  state: OptimizerState<A>,
  groups: readonly Group<A>[],
): void {
  if (state.version !== 1) {
    throw new RangeError(
      `Cannot load an optimizer state as its version must be 1: current value is ${state.version}`,
    );
  }
  const keys = sharedKeys(groups);
  const expected = new Map(
    groups.flatMap((group) => group.tensors.map((tensor) => [tensor.name, { group, tensor }])),
  );
  for (const name of Object.keys(state.parameters)) {
    if (expected.has(name)) continue;
    const close = nearest(name, [...expected.keys()]);
    const hint = close === undefined ? "" : `; the nearest is "${close}"`;
    throw new RangeError(
      `Cannot load an optimizer state as it holds "${name}", which is not optimised here${hint}`,
    );
  }
  for (const [name, { group, tensor }] of expected) {
    if (!Object.hasOwn(state.parameters, name)) {
      throw new RangeError(`Cannot load an optimizer state as it lacks the parameter "${name}"`);
    }
    const saved = state.parameters[name]!;
    if (saved.rule !== group.rule.name) {
      throw new RangeError(
        `Cannot load an optimizer state as "${name}" is updated by ${group.rule.name}: the state was saved by ${saved.rule}`,
      );
    }
    if (!Number.isSafeInteger(saved.step) || saved.step < 0) {
      throw new RangeError(
        `Cannot load an optimizer state as the step of "${name}" must be a count: it is ${saved.step}`,
      );
    }
    if (String(saved.shape) !== String(tensor.shape)) {
      throw new RangeError(
        `Cannot load an optimizer state as "${name}" has the shape [${tensor.shape}]: the state was saved for [${saved.shape}]`,
      );
    }
    const [first] = group.tensors;
    const { step } = state.parameters[first!.name]!;
    if (saved.step !== step) {
      throw new RangeError(
        `Cannot load an optimizer state as parameters of one group must have taken equally many steps: "${first!.name}" took ${step} and "${name}" ${saved.step}: give them groups of their own`,
      );
    }
    for (const { name: slot, scope } of group.rule.program.scalars) {
      const numbers = scope === "tensor" ? saved.scalars : state.shared[keys.get(group.rule.program)!];
      if (typeof numbers?.[slot] === "number") continue;
      throw new RangeError(`Cannot load an optimizer state as it lacks the number "${slot}" of "${name}"`);
    }
    for (const slot of savedSlots(group.rule)) {
      const length = saved.slots[slot]?.length;
      const needed = tensor.slots[slot]!.length;
      if (length === needed) continue;
      throw new RangeError(
        `Cannot load an optimizer state as slot "${slot}" of "${name}" must have ${needed} elements: ${length === undefined ? "it is missing" : `it has ${length}`}`,
      );
    }
  }
}
