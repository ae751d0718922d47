/**
 * The state of an optimizer in PyTorch's naming, so that a run goes on elsewhere: named tensors as in a flattened
 * `state_dict`, `state.<parameter>.<name>`, keyed by the parameter's name instead of its number.
 *
 *   state.0.weight.exp_avg      ↔  slot m of adam        state.0.weight.step  ↔  steps taken, a float32 scalar
 *   state.0.weight.exp_avg_sq   ↔  slot v
 *
 * Hyperparameters are not part of it. Only rules in torch's own form have a counterpart there.
 *
 * Source  torch.optim's classes, PyTorch 1.13 to 2.x; key form of torch.distributed.checkpoint.state_dict with
 *         flatten_optimizer_state_dict
 */
import { type FloatArray, nearest } from "@thalweg/formula";
import type { GroupDescription, Optimizer } from "./optimizer.ts";
import type { OptimizerState } from "./optimizer-state.ts";
import type { Link, Rule } from "./rule.ts";

/** One array of a state; any typed array on reading, since torch counts steps in several types. */
export interface NamedTensor<T = ArrayLike<number | bigint>> {
  readonly shape: readonly number[];
  readonly data: T;
}

interface Counterpart {
  /** The class in torch.optim. */
  torch: string;
  /** Our slot → torch's name. */
  slots: Readonly<Record<string, string>>;
  /** SGD and Muon do not keep the step: it makes no difference after the first. */
  countsSteps: boolean;
  /** What torch keeps and we compute anew: name → value from the hyperparameters and the step. */
  derived?: Readonly<Record<string, (hyper: Readonly<Record<string, number>>, t: number) => number>>;
}

const MOMENTS = { m: "exp_avg", v: "exp_avg_sq" };
const adamLike = (torch: string, more: Readonly<Record<string, string>> = {}): Counterpart => ({
  torch,
  slots: { ...MOMENTS, ...more },
  countsSteps: true,
});
const sgdLike = (slots: Readonly<Record<string, string>>): Counterpart => ({
  torch: "SGD",
  slots,
  countsSteps: false,
});

/** Our rule → its class in torch, and what each calls the same. */
export const TORCH_COUNTERPARTS: Readonly<Record<string, Counterpart>> = {
  sgd: sgdLike({}),
  momentum: sgdLike({ b: "momentum_buffer" }),
  nesterov: sgdLike({ b: "momentum_buffer" }),
  asgd: {
    torch: "ASGD",
    slots: { a: "ax" },
    countsSteps: true,
    derived: {
      eta: ({ lr, lambda, power }, t) => lr! / (1 + lambda! * lr! * t) ** power!,
      mu: ({ t0 }, t) => 1 / Math.max(1, t - t0!),
    },
  },
  rprop: { torch: "Rprop", slots: { gOld: "prev", s: "step_size" }, countsSteps: true },
  adagrad: { torch: "Adagrad", slots: { s: "sum" }, countsSteps: true },
  adadelta: { torch: "Adadelta", slots: { v: "square_avg", u: "acc_delta" }, countsSteps: true },
  rmsprop: {
    torch: "RMSprop",
    slots: { v: "square_avg", b: "momentum_buffer", m: "grad_avg" },
    countsSteps: true,
  },
  adam: adamLike("Adam"),
  adamw: adamLike("AdamW"),
  amsgrad: adamLike("Adam(amsgrad=True)", { v_hat: "max_exp_avg_sq" }),
  adamax: { torch: "Adamax", slots: { m: "exp_avg", u: "exp_inf" }, countsSteps: true },
  nadam: adamLike("NAdam", { P: "mu_product" }),
  nadamw: adamLike("NAdam(decoupled_weight_decay=True)", { P: "mu_product" }),
  muon: { torch: "Muon", slots: { b: "momentum_buffer" }, countsSteps: false },
  radam: adamLike("RAdam"),
  radamw: adamLike("RAdam(decoupled_weight_decay=True)"),
};

/**
 * The optimizer's state as torch would keep it. Empty before the first step, and for rules without state. Raises
 * RangeError for rules that torch does not have, and for chains whose other links keep state too.
 */
export function toTorchState<A extends FloatArray>(
  optimizer: Optimizer<A>,
): Map<string, NamedTensor<A | Float32Array>> {
  const tensors = new Map<string, NamedTensor<A | Float32Array>>();
  const { parameters: saved } = optimizer.state();
  for (const group of optimizer.describe()) {
    const counterpart = counterpartOf(group.rule);
    for (const { segment, theta } of group.parameters) {
      const { step, slots, scalars } = saved[segment.name]!;
      const put = (name: string, shape: readonly number[], data: A | Float32Array) =>
        tensors.set(stateKey(segment.name, name), { shape, data });
      const one = (name: string, value: number) => put(name, [], like(theta, [value]));
      if (step === 0) continue;
      for (const [slot, data] of Object.entries(slots)) put(counterpart.slots[slot]!, segment.shape, data);
      for (const [slot, value] of Object.entries(scalars)) one(counterpart.slots[slot]!, value);
      for (const [name, value] of Object.entries(counterpart.derived ?? {}))
        one(name, value(group.hyper, step));
      if (counterpart.countsSteps) put("step", [], Float32Array.of(step));
    }
  }
  return tensors;
}

/**
 * A torch state for this optimizer, to be given to `load`. Other keys than `state.…` are left alone.
 *
 * `step` is for SGD and Muon, which do not keep it: any positive number does, since only the first step differs; schedules
 * have their own count. Raises RangeError for rules that torch does not have, tensors that are missing or of
 * another size, and parameters that are not optimised here.
 *
 * @example optimizer.load(fromTorchState(optimizer, parseSafetensors(bytes, "state.safetensors").tensors));
 */
export function fromTorchState<A extends FloatArray>(
  optimizer: Optimizer<A>,
  tensors: ReadonlyMap<string, NamedTensor>,
  { step = 1 }: { step?: number } = {},
): OptimizerState<A> {
  const groups = optimizer.describe();
  checkParameters(groups, tensors);
  const { shared } = optimizer.state();
  const parameters = groups.flatMap((group) => {
    const counterpart = counterpartOf(group.rule);
    const { state, program, name } = group.rule;
    return group.parameters.map(({ segment, theta }) => {
      const numbers = (key: string, size: number) =>
        like(theta, read(tensors, stateKey(segment.name, key), size));
      const slots = state.map((slot) => [slot, numbers(counterpart.slots[slot]!, segment.size)] as const);
      const scalars = program.scalars.map(
        (scalar) => [scalar.name, numbers(counterpart.slots[scalar.name]!, 1)[0]!] as const,
      );
      const taken = counterpart.countsSteps
        ? Number(read(tensors, stateKey(segment.name, "step"), 1)[0])
        : step;
      const saved = {
        rule: name,
        step: taken,
        shape: [...segment.shape],
        slots: Object.fromEntries(slots),
        scalars: Object.fromEntries(scalars),
      };
      return [segment.name, saved] as const;
    });
  });
  return { version: 1, parameters: Object.fromEntries(parameters), shared };
}

const stateKey = (parameter: string, name: string) => `state.${parameter}.${name}`;

/** Numbers in the precision of a vector, whatever they were stored as. */
function like<A extends FloatArray>(vector: A, numbers: readonly number[]): A {
  return new (vector.constructor as new (values: readonly number[]) => A)(numbers);
}

function read(tensors: ReadonlyMap<string, NamedTensor>, key: string, size: number): number[] {
  const found = tensors.get(key);
  if (found?.data.length === size) return Array.from(found.data, Number);
  const close = nearest(key, [...tensors.keys()]);
  const what =
    found === undefined
      ? `there is none${close === undefined ? "" : `; the nearest is "${close}"`}`
      : `it has ${found.data.length}`;
  throw new RangeError(`Cannot read a torch state as "${key}" must have ${size} numbers: ${what}`);
}

/** Every `state.…` key belongs to a parameter that is optimised here. */
function checkParameters<A extends FloatArray>(
  groups: readonly GroupDescription<A>[],
  tensors: ReadonlyMap<string, NamedTensor>,
): void {
  const names = groups.flatMap(({ parameters }) => parameters.map(({ segment }) => segment.name));
  const known = new Set(names);
  for (const key of tensors.keys()) {
    if (!key.startsWith("state.")) continue;
    const name = key.slice("state.".length, key.lastIndexOf("."));
    if (known.has(name)) continue;
    const close = nearest(name, names);
    const hint = close === undefined ? "" : `; the nearest is "${close}"`;
    throw new RangeError(
      `Cannot read a torch state as it holds "${key}", and "${name}" is not optimised here${hint}`,
    );
  }
}

/** What torch calls the parts of a rule's state. */
function counterpartOf(rule: Rule): Counterpart {
  const stateful = rule.links.filter(({ state }) => Object.keys(state).length > 0);
  const other = stateful.find(({ kind }) => kind !== "rule");
  if (other !== undefined) {
    throw new RangeError(
      `Cannot exchange the state of ${rule.name} with torch as ${other.name} keeps state too, which torch's state_dict has no place for: use state() and load()`,
    );
  }
  const [link, ...more] = rule.links.filter(({ kind }) => kind === "rule");
  const counterpart = link === undefined ? undefined : TORCH_COUNTERPARTS[link.name];
  if (counterpart !== undefined && more.length === 0 && isTorchForm(link!)) return counterpart;
  const known = Object.keys(TORCH_COUNTERPARTS).join(", ");
  throw new RangeError(
    `Cannot exchange the state of ${rule.name} with torch as it must be a rule in torch's form: ${known}`,
  );
}

/** Forms of other libraries keep other numbers under the same letters; each names its reference code. */
const isTorchForm = ({ source }: Link): boolean => /torch(\.optim|'s)/.test(source);
