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
import { type BoundUpdate, bindUpdate, type FloatArray } from "@thalweg/formula";
import { assignGroups, type Group, type OptimizerOptions, zeros } from "./groups.ts";
import { checkHyperparameter, checkHyperparameterName } from "./hyperparameters.ts";
import { checkState, type OptimizerState } from "./optimizer-state.ts";
import type { Rule } from "./rule.ts";

const NO_FACTORS: Readonly<Record<string, number>> = {};

export class Optimizer<A extends FloatArray> {
  private readonly groups: readonly Group<A>[];
  /** One for each program: groups that differ in hyperparameters only are updated together. */
  private readonly updates: readonly { rule: Rule; shared: Record<string, number>; update: BoundUpdate }[];

  /**
   * Raises RangeError or TypeError for values outside their domain, unknown names, segments that do not fit and groups
   * that match nothing, SyntaxError for a pattern that is none.
   */
  constructor(options: OptimizerOptions<A>) {
    this.groups = assignGroups(options);
    const first = new Map(this.groups.map(({ rule }) => [rule.program, rule]));
    this.updates = [...first].map(([program, rule]) => {
      const groups = this.groups.filter((group) => group.rule.program === program);
      const shared = zeros(rule, "all");
      return { rule, shared, update: bindUpdate(program, groups, options.backend.engine, shared) };
    });
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
    for (const { update } of this.updates) update.run();
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
      tensors.map(({ name, slots, scalars }) => {
        const copies = rule.state.map((slot) => [slot, slots[slot]!.slice() as A] as const);
        const saved = {
          rule: rule.name,
          step: t,
          slots: Object.fromEntries(copies),
          scalars: { ...scalars },
        };
        return [name, saved] as const;
      }),
    );
    const shared = this.updates.map(({ rule, shared }) => [rule.name, { ...shared }] as const);
    return { version: 1, parameters: Object.fromEntries(parameters), shared: Object.fromEntries(shared) };
  }

  /** Continue from a saved state. Raises RangeError when it belongs to other parameters, rules, shapes or versions. */
  load(state: OptimizerState<A>): void {
    checkState(state, this.groups);
    for (const group of this.groups) {
      for (const { name, slots, scalars } of group.tensors) {
        const saved = state.parameters[name]!;
        group.t = saved.step;
        for (const slot of group.rule.state) slots[slot]!.set(saved.slots[slot]!);
        Object.assign(scalars!, saved.scalars);
      }
    }
    for (const { rule, shared } of this.updates) Object.assign(shared, state.shared[rule.name]);
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
