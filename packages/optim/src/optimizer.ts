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
import { type BoundUpdate, bindUpdate, type FloatArray, type GradientKind, type Run } from "@thalweg/formula";
import { stream } from "@thalweg/random";
import { checkCoupling } from "./coupling.ts";
import { firstNonFinite, type NonFinite, NonFiniteGradientError } from "./finite.ts";
import {
  assignGroups,
  type Group,
  type OptimizerOptions,
  type Segment,
  savedSlots,
  vectorsOf,
  zeros,
} from "./groups.ts";
import { checkHyperparameter, checkHyperparameterName } from "./hyperparameters.ts";
import { checkState, type OptimizerState, sharedKeys } from "./optimizer-state.ts";
import type { Rule } from "./rule.ts";

const NO_FACTORS: Readonly<Record<string, number>> = {};

/** A part of a step that wants a gradient of its own before the update. */
export interface Phase {
  readonly gradient: GradientKind;
  readonly every: number;
}

/** Parameters that share a rule and its hyperparameters. */
export interface GroupDescription<A extends FloatArray> {
  rule: Rule;
  /** Hyperparameters before the schedule. */
  base: Readonly<Record<string, number>>;
  /** Hyperparameters as the last step used them. */
  hyper: Readonly<Record<string, number>>;
  parameters: readonly { segment: Segment; theta: A }[];
}

/** One program over its groups, and the numbers that these share, under the key that they are saved by. */
interface Update {
  rule: Rule;
  key: string;
  shared: Record<string, number>;
  update: BoundUpdate;
}

export class Optimizer<A extends FloatArray> {
  private readonly groups: readonly Group<A>[];
  private readonly parameters: A;
  private readonly offsets: ReadonlyMap<string, number>;
  private readonly phases: readonly Phase[];
  private readonly runs: ReadonlyMap<Phase, () => void>;
  private readonly seed: number;
  private readonly checksGradients: boolean;
  private initialised = false;
  /** How many of the phases that are due in the step at hand have been prepared. */
  private prepared = 0;
  /** The step whose noise is in the vectors. */
  private noiseOf = 0;
  /** One for each program: groups that differ in hyperparameters only are updated together. */
  private readonly updates: readonly Update[];

  /**
   * Raises RangeError or TypeError for values outside their domain, unknown names, segments that do not fit and groups
   * that match nothing, SyntaxError for a pattern that is none.
   */
  constructor(options: OptimizerOptions<A>) {
    this.groups = assignGroups(options);
    this.updates = [...sharedKeys(this.groups)].map(([program, key]) => {
      const groups = this.groups.filter((group) => group.rule.program === program);
      const { rule } = groups[0]!;
      checkCoupling(rule, groups);
      const shared = zeros(rule, "all");
      return { rule, key, shared, update: bindUpdate(program, groups, options.backend.engine, shared) };
    });
    this.parameters = options.parameters;
    this.seed = options.seed ?? 0;
    stream(this.seed, "noise"); // refuses a seed that is none before anything runs
    this.checksGradients = options.check === "finite";
    this.offsets = new Map(options.segments.map(({ name, offset }: Segment) => [name, offset]));
    this.runs = new Map(
      this.updates.flatMap(({ rule, update }) =>
        rule.program.before.map(({ gradient, every }, i): [Phase, () => void] => [
          { gradient, every },
          update.before[i]!,
        ]),
      ),
    );
    this.phases = [...this.runs.keys()];
  }

  /** Steps taken so far. */
  get stepCount(): number {
    return this.groups[0]?.t ?? 0;
  }

  /**
   * What comes before the update in the step at hand: for each entry the caller evaluates the gradient at the present
   * parameters and calls `prepare`. Most rules have none. A step costs one gradient more for each.
   */
  phasesDue(): Phase[] {
    return this.phases.filter(({ every }) => this.stepCount % every === 0);
  }

  /**
   * Apply a phase to the gradient that was evaluated for it. `factors` as in `step`. Raises RangeError, before anything
   * changes, for a phase that is not due, or not the next one.
   */
  prepare(phase: Phase, factors: Readonly<Record<string, number>> = NO_FACTORS): void | Promise<void> {
    this.checkTurn(phase);
    const start = this.begin(factors);
    this.prepared++;
    return inTurn([
      start,
      this.runs.get(phase)!,
      () => {
        for (const group of this.groups) group.t--;
      },
    ]);
  }

  /**
   * Update the parameters once. `factors` multiply base hyperparameters for this step only, as schedules give them:
   * `{ lr: 0.5 }` halves every group's learning rate, and a step without factors uses the base values again.
   * Raises RangeError, before anything changes, for a factor of a hyperparameter that no rule has, or one that leads
   * outside a hyperparameter's domain, or while a phase that is due has not been prepared; NonFiniteGradientError
   * likewise, where gradients are checked.
   *
   * Rules with matrices may finish later, when their products run elsewhere: then this is a promise.
   */
  step(factors: Readonly<Record<string, number>> = NO_FACTORS): void | Promise<void> {
    this.checkPrepared();
    const start = this.begin(factors);
    this.prepared = 0;
    return inTurn([start, ...this.updates.map(({ update }) => update.run)]);
  }

  /** The first element of the gradient vector that is not finite, among the parameters that are updated. */
  firstNonFinite(): NonFinite | undefined {
    return firstNonFinite(this.groups.flatMap(({ tensors }) => tensors));
  }

  /** Whether a step wants gradients before its update, now or in some steps. */
  get hasPhases(): boolean {
    return this.phases.length > 0;
  }

  /** Whether the parameters to evaluate with differ from those that are trained, as averages do. */
  get hasView(): boolean {
    return this.groups.some(({ rule }) => rule.program.view !== undefined);
  }

  /**
   * Write the parameters to evaluate with into a vector like the flat parameter vector. Parameters whose rule has no
   * view are copied. The parameters themselves do not change.
   */
  writeView(out: A): void | Promise<void> {
    out.set(this.parameters);
    if (this.stepCount === 0) return;
    return inTurn([...this.updates.map(({ update }) => update.writeView), () => this.copyViews(out)]);
  }

  private copyViews(out: A): void {
    for (const { tensors } of this.groups) {
      for (const { name, slots } of tensors) {
        if (slots.view !== undefined) out.set(slots.view, this.offsets.get(name)!);
      }
    }
  }

  /** The hyperparameters that the last step used, group by group. */
  hyperparameters(): { rule: string; parameters: string[]; hyper: Record<string, number> }[] {
    return this.groups.map(({ rule, tensors, hyper }) => ({
      rule: rule.name,
      parameters: tensors.map(({ name }) => name),
      hyper: { ...hyper },
    }));
  }

  /** Which rule and which hyperparameters before the schedule each parameter has; the values are views. */
  describe(): GroupDescription<A>[] {
    return this.groups.map(({ rule, base, hyper, segments, tensors }) => ({
      rule,
      base,
      hyper: { ...hyper },
      parameters: segments.map((segment, i) => ({ segment, theta: tensors[i]!.slots.theta! })),
    }));
  }

  /** A copy of everything that the next step depends on, besides parameters and gradients. */
  state(): OptimizerState<A> {
    const parameters = this.groups.flatMap(({ rule, t, tensors }) =>
      tensors.map(({ name, shape, slots, scalars }) => {
        const copies = savedSlots(rule).map((slot) => [slot, slots[slot]!.slice() as A] as const);
        const saved = {
          rule: rule.name,
          step: t,
          shape: [...shape],
          slots: Object.fromEntries(copies),
          scalars: { ...scalars },
        };
        return [name, saved] as const;
      }),
    );
    const shared = this.updates.map(({ key, shared }) => [key, { ...shared }] as const);
    return { version: 1, parameters: Object.fromEntries(parameters), shared: Object.fromEntries(shared) };
  }

  /** Continue from a saved state. Raises RangeError when it belongs to other parameters, rules, shapes or versions. */
  load(state: OptimizerState<A>): void {
    checkState(state, this.groups);
    for (const group of this.groups) {
      for (const { name, slots, scalars } of group.tensors) {
        const saved = state.parameters[name]!;
        group.t = saved.step;
        for (const slot of savedSlots(group.rule)) slots[slot]!.set(saved.slots[slot]!);
        Object.assign(scalars!, saved.scalars);
      }
    }
    this.initialised = this.stepCount > 0;
    this.prepared = 0;
    for (const { key, shared } of this.updates) Object.assign(shared, state.shared[key]);
  }

  /** Phases come one after the other, each once in a step. */
  private checkTurn(phase: Phase): void {
    const due = this.phasesDue();
    if (due[this.prepared] === phase) return;
    const next =
      this.prepared < due.length
        ? `phase ${this.prepared + 1} of ${due.length} is next`
        : `the ${due.length} that are due are done`;
    throw new RangeError(
      `Cannot prepare this phase in step ${this.stepCount + 1} as phases must come in the order of phasesDue(), each once: ${next}`,
    );
  }

  private checkPrepared(): void {
    if (this.phases.length === 0) return;
    const due = this.phasesDue().length;
    if (this.prepared === due) return;
    throw new RangeError(
      `Cannot take step ${this.stepCount + 1} as its update comes after ${due} ${due === 1 ? "phase" : "phases"} with gradients of their own, of which ${this.prepared} ${this.prepared === 1 ? "was" : "were"} prepared: for each of phasesDue() evaluate the gradient and call prepare()`,
    );
  }

  /** Enter the next step: this step's hyperparameters. Returns what remains: before the first step, the initial state. */
  private begin(factors: Readonly<Record<string, number>>): Run {
    for (const name in factors) this.checkFactor(name, factors[name]!);
    if (this.checksGradients) {
      const found = this.firstNonFinite();
      if (found !== undefined) throw new NonFiniteGradientError(this.stepCount + 1, found);
    }
    for (const group of this.groups) {
      const { base, hyper } = group;
      for (const name in base) {
        hyper[name] = Object.hasOwn(factors, name) ? base[name]! * factors[name]! : base[name]!;
      }
      group.t++;
    }
    if (this.noiseOf !== this.stepCount) this.makeNoise();
    if (this.initialised) return () => {};
    this.initialised = true;
    return () => inTurn(this.updates.map(({ update }) => update.initialise));
  }

  /** Standard normal numbers for rules that read noise: a pure function of seed, parameter and step, rounded to float32. */
  private makeNoise(): void {
    this.noiseOf = this.stepCount;
    for (const { rule, t, tensors } of this.groups) {
      if (!rule.program.noise) continue;
      for (const { name, slots } of tensors) {
        const random = stream(this.seed, `noise ${name}`, t);
        const noise = slots.noise!;
        for (let i = 0; i < noise.length; i++) noise[i] = Math.fround(random.normal());
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

/** One after the other, waiting only for those that finish later. */
function inTurn(runs: readonly Run[]): void | Promise<void> {
  for (const [i, run] of runs.entries()) {
    const later = run();
    if (later !== undefined) return later.then(() => inTurn(runs.slice(i + 1)));
  }
}

/** Values that an optimizer for this rule will allocate, per parameter element. */
export const stateSlotCount = (rule: Rule): number =>
  Math.max(vectorsOf(rule).length, rule.fallback === undefined ? 0 : stateSlotCount(rule.fallback));
