/**
 * The optimizer: rules applied to the named segments of one flat parameter vector.
 *
 * Each segment belongs to one group; groups may differ in hyperparameters, in rule, or be frozen. State is allocated
 * once, keyed by parameter name when it is saved, and continues bit for bit when it is loaded. A step updates the
 * parameters in place and allocates nothing; the gradients are only read.
 *
 * Reductions over all parameters (`normAll` …) range over the segments that the same rule governs, across its groups,
 * whatever their hyperparameters. Frozen segments take no part.
 */
import {
  type BoundUpdate,
  bindUpdate,
  type FloatArray,
  nearest,
  type TensorGroup,
  type TensorSlots,
} from "@thalweg/formula";
import type { Backend } from "./backend.ts";
import { checkHyperparameter, checkHyperparameterName } from "./hyperparameters.ts";
import { checkHyper, type Rule } from "./rule.ts";

/** A named tensor inside a flat vector; offset and size count elements. */
export interface Segment {
  name: string;
  shape: readonly number[];
  offset: number;
  size: number;
}

/** Parameters that are treated alike. A segment joins the first group that matches its name. */
export interface ParameterGroup {
  /** A regular expression on the parameter's name (as text or object), or a predicate. */
  match: string | RegExp | ((segment: Segment) => boolean);
  /** Instead of the optimizer's rule, with its own defaults: the optimizer's `hyper` belongs to the optimizer's rule. */
  rule?: Rule;
  /** Instead of the values of the rule that the group uses, one by one. */
  hyper?: Readonly<Record<string, number>>;
  /** Neither moves nor decays. */
  frozen?: boolean;
}

export interface OptimizerOptions<A extends FloatArray> {
  backend: Backend<A>;
  segments: readonly Segment[];
  /** The flat parameter vector, updated in place. */
  parameters: A;
  /** The flat gradient vector, read at each step. */
  gradients: A;
  rule: Rule;
  /** Instead of the rule's defaults, one by one. */
  hyper?: Readonly<Record<string, number>>;
  groups?: readonly ParameterGroup[];
}

/** What has to be kept to continue: per parameter its rule, its step, and its slots. */
export interface OptimizerState<A extends FloatArray> {
  version: 1;
  parameters: Record<string, { rule: string; step: number; slots: Record<string, A> }>;
}

const NO_FACTORS: Readonly<Record<string, number>> = {};

interface Group<A extends FloatArray> extends TensorGroup<A> {
  rule: Rule;
  base: Readonly<Record<string, number>>;
}

export class Optimizer<A extends FloatArray> {
  private readonly groups: readonly Group<A>[];
  private readonly updates: readonly BoundUpdate[];

  /**
   * Raises RangeError or TypeError for values outside their domain, unknown names, segments that do not fit and groups
   * that match nothing, SyntaxError for a pattern that is none.
   */
  constructor(options: OptimizerOptions<A>) {
    checkSegments(options);
    this.groups = assignGroups(options);
    const programs = [...new Set(this.groups.map(({ rule }) => rule.program))];
    this.updates = programs.map((program) =>
      bindUpdate(
        program,
        this.groups.filter((group) => group.rule.program === program),
        options.backend.engine,
      ),
    );
  }

  /** Steps taken so far. */
  get stepCount(): number {
    return this.groups[0]?.t ?? 0;
  }

  /**
   * Update the parameters once. `factors` multiply base hyperparameters for this step only, as schedules give them:
   * `{ lr: 0.5 }` halves every group's learning rate, and a step without factors uses the base values again.
   * Raises RangeError, before anything changes, for a factor of a hyperparameter that no rule has, or one that leads
   * outside a hyperparameter's domain.
   */
  step(factors: Readonly<Record<string, number>> = NO_FACTORS): void {
    for (const name in factors) this.checkFactor(name, factors[name]!);
    for (const { base, hyper } of this.groups) {
      for (const name in base) {
        hyper[name] = Object.hasOwn(factors, name) ? base[name]! * factors[name]! : base[name]!;
      }
    }
    for (const group of this.groups) group.t++;
    for (const update of this.updates) update.run();
  }

  /** The hyperparameters that the last step used, group by group. */
  hyperparameters(): { rule: string; parameters: string[]; hyper: Record<string, number> }[] {
    return this.groups.map(({ rule, tensors, hyper }) => ({
      rule: rule.name,
      parameters: tensors.map(({ name }) => name),
      hyper: { ...hyper },
    }));
  }

  /** A copy of everything that the next step depends on, besides parameters and gradients. */
  state(): OptimizerState<A> {
    const parameters = this.groups.flatMap(({ rule, t, tensors }) =>
      tensors.map(({ name, slots }) => {
        const copies = rule.state.map((slot) => [slot, slots[slot]!.slice() as A] as const);
        return [name, { rule: rule.name, step: t, slots: Object.fromEntries(copies) }] as const;
      }),
    );
    return { version: 1, parameters: Object.fromEntries(parameters) };
  }

  /** Continue from a saved state. Raises RangeError when it belongs to other parameters, rules, shapes or versions. */
  load(state: OptimizerState<A>): void {
    checkState(state, this.groups);
    for (const group of this.groups) {
      for (const { name, slots } of group.tensors) {
        const saved = state.parameters[name]!;
        group.t = saved.step;
        for (const slot of group.rule.state) slots[slot]!.set(saved.slots[slot]!);
      }
    }
  }

  private checkFactor(name: string, factor: number): void {
    let used = false;
    for (const { rule, base } of this.groups) {
      if (!Object.hasOwn(base, name)) continue;
      checkHyperparameter(rule.name, name, base[name]! * factor);
      used = true;
    }
    if (used) return;
    const known = this.groups.flatMap(({ base }) => Object.keys(base));
    const names = [...new Set(this.groups.map(({ rule }) => rule.name))];
    checkHyperparameterName(names.join(" and ") || "an optimizer without parameters", name, known);
  }
}

/** float32 or float64 values of state that an optimizer for this rule will allocate, per parameter element. */
export const stateSlotCount = (rule: Rule): number => rule.state.length;

function checkSegments<A extends FloatArray>({ segments, parameters, gradients }: OptimizerOptions<A>): void {
  const names = new Set<string>();
  let end = 0;
  for (const { name, shape, offset, size } of [...segments].sort((a, b) => a.offset - b.offset)) {
    if (names.has(name)) {
      throw new TypeError(
        `Cannot optimise the parameter "${name}" twice: every segment needs a name of its own`,
      );
    }
    names.add(name);
    if (![offset, ...shape].every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw new RangeError(
        `Cannot optimise "${name}" as its offset and the sizes in its shape must be whole numbers, not negative: it starts at ${offset} and has shape [${shape}]`,
      );
    }
    const count = shape.reduce((product, n) => product * n, 1);
    if (count !== size) {
      throw new RangeError(
        `Cannot optimise "${name}" as a segment of shape [${shape}] must have ${count} elements: current size is ${size}`,
      );
    }
    if (!(offset >= end)) {
      throw new RangeError(
        `Cannot optimise "${name}" as segments must not overlap: it starts at ${offset}, inside the one before it, which ends at ${end}`,
      );
    }
    end = offset + size;
  }
  for (const [what, vector] of [
    ["parameters", parameters],
    ["gradients", gradients],
  ] as const) {
    if (vector.length < end) {
      throw new RangeError(
        `Cannot optimise as the flat vector of ${what} must hold all segments, ${end} elements: it has ${vector.length}`,
      );
    }
  }
}

function assignGroups<A extends FloatArray>(options: OptimizerOptions<A>): Group<A>[] {
  const { segments, rule, hyper = {}, groups = [] } = options;
  checkHyper(rule, hyper);
  for (const group of groups) checkHyper(group.rule ?? rule, group.hyper ?? {});
  const matchers = groups.map(matcher);
  const members = [...groups, undefined].map((): Segment[] => []); // the last are those that no group takes
  for (const segment of segments) {
    const first = matchers.findIndex((matches) => matches(segment));
    members.at(first)!.push(segment);
  }
  groups.forEach((group, i) => {
    if (members[i]!.length > 0) return;
    const names = segments.map(({ name }) => name).join(", ");
    throw new RangeError(
      `Cannot use parameter group ${i + 1} (${String(group.match)}) as it matches no parameter that an earlier group has not taken: the parameters are ${names}`,
    );
  });
  return [...groups, { rule, hyper, frozen: false }].flatMap((group, i): Group<A>[] => {
    if (group.frozen || members[i]!.length === 0) return [];
    const own = group.rule ?? rule;
    const base = { ...own.hyper, ...(group.rule === undefined ? hyper : {}), ...group.hyper };
    return [{ rule: own, base, hyper: { ...base }, t: 0, tensors: bindSlots(members[i]!, own, options) }];
  });
}

function matcher({ match }: ParameterGroup, i: number): (segment: Segment) => boolean {
  if (typeof match === "function") return match;
  try {
    const pattern = new RegExp(match);
    // search() starts at the beginning each time, where test() goes on from the last hit of a /g pattern
    return ({ name }) => name.search(pattern) >= 0;
  } catch (error) {
    throw new SyntaxError(`Cannot use parameter group ${i + 1}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** One vector per state slot, dense over the segments of a group. */
function bindSlots<A extends FloatArray>(
  segments: readonly Segment[],
  rule: Rule,
  { parameters, gradients, backend }: OptimizerOptions<A>,
): TensorSlots<A>[] {
  const total = segments.reduce((sum, { size }) => sum + size, 0);
  const state = rule.state.map((slot) => [slot, backend.allocate(total)] as const);
  const view = (vector: A, offset: number, size: number) => vector.subarray(offset, offset + size) as A;
  let used = 0;
  return segments.map(({ name, shape, offset, size }) => {
    const slots: Record<string, A> = {
      theta: view(parameters, offset, size),
      g: view(gradients, offset, size),
      ...Object.fromEntries(state.map(([slot, vector]) => [slot, view(vector, used, size)])),
    };
    used += size;
    return { name, shape, size, slots };
  });
}

function checkState<A extends FloatArray>(state: OptimizerState<A>, groups: readonly Group<A>[]): void {
  if (state.version !== 1) {
    throw new RangeError(
      `Cannot load an optimizer state as its version must be 1: current value is ${state.version}`,
    );
  }
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
    const [first] = group.tensors;
    const { step } = state.parameters[first!.name]!;
    if (saved.step !== step) {
      throw new RangeError(
        `Cannot load an optimizer state as parameters of one group must have taken equally many steps: "${first!.name}" took ${step} and "${name}" ${saved.step}: give them groups of their own`,
      );
    }
    for (const slot of group.rule.state) {
      const length = saved.slots[slot]?.length;
      if (length === tensor.size) continue;
      throw new RangeError(
        `Cannot load an optimizer state as slot "${slot}" of "${name}" must have ${tensor.size} elements: ${length === undefined ? "it is missing" : `it has ${length}`}`,
      );
    }
  }
}
