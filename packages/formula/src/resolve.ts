/**
 * From syntax tree to expression graph: names get their meaning, calls their arity, values their type.
 *
 * A formula reads `theta` (the parameter), `thetaOld` (the same before the rule), `g` (the gradient), `noise` (standard
 * normal numbers, new in each step), `t` (the step, from 1), its hyperparameters, its state slots and what earlier lines
 * assigned; it assigns `theta`, `g`, its state slots and temporaries. A name means its last assignment, so `m` after
 * `m = …` is the new m. Several formulas in a row share `theta` and `g`: that is all that chaining is.
 */
import { type Expression, ExpressionBuilder, type Extent, rankOf, topologicalOrder } from "./expression.ts";
import type { Scope } from "./functions.ts";
import {
  type Assignments,
  checkExtent,
  checkScalarState,
  FUNCTIONS,
  failAt,
  RESERVED,
  resolveLink,
  type Vocabulary,
  WORDS,
} from "./resolve-link.ts";
import { type NamedStateSlot, STATE_SHAPES, type StateDeclaration, slotExtent, stateSlots } from "./state.ts";

/** One link of a chain, as its author wrote it. */
export interface FormulaSource {
  /** For messages: the rule or transform. */
  name: string;
  /** The text: one assignment per line. */
  update: string;
  /** Names of the hyperparameters that the text may read. */
  hyper: readonly string[];
  /** The state slots that the text may read and must assign. */
  state: StateDeclaration;
  /** At least one of these has to be assigned, if any is named. A rule assigns theta; a gradient transform assigns g. */
  assigns: readonly ("theta" | "g")[];
  /** What comes before the update, each with a gradient of its own. */
  before?: readonly Phase[];
  /** An expression: the parameters to evaluate with, where they are not theta itself, such as an average. */
  view?: string;
  /** In a chain, thetaOld is theta as the first rule finds it: after decays and other adjustments that come before. */
  isRule?: boolean;
  /** What a hyperparameter or a state slot is called in the whole chain, where two links use one name. */
  rename?: (name: string) => string;
}

/**
 * A part of a step that comes before the update: the gradient is evaluated at theta, then the formula is applied. Sharpness-
 * aware minimisation climbs before it descends; Sophia refreshes its Hessian every few steps.
 */
export interface Phase {
  /** One assignment per line, to theta and state slots. */
  update: string;
  /** Which gradient is g: that of the step's batch (the default), of labels sampled from the model, of all data. */
  gradient?: GradientKind;
  /** Only in steps 1, 1 + every, 1 + 2·every … Each step by default. */
  every?: number;
}

export type GradientKind = "batch" | "sampled-labels" | "full";

/** What to compute in one update of one parameter tensor: a new value for theta and for each state slot. */
export interface UpdateProgram {
  /** Hyperparameters, by their names in the chain. */
  hyper: readonly string[];
  /** State slots of the parameter's shape, by their names in the chain. */
  state: readonly string[];
  /** State slots that are matrices of another shape, by their names in the chain. */
  matrices: readonly { name: string; extent: Extent }[];
  /** State slots that are one number, by their names in the chain. */
  scalars: readonly { name: string; scope: Scope }[];
  /** theta and every state slot → its new value. */
  outputs: ReadonlyMap<string, Expression>;
  /** State slots that do not start at zero → what they start from. */
  initial: ReadonlyMap<string, Expression>;
  /** What comes before the update in each step. */
  before: readonly { gradient: GradientKind; every: number; outputs: ReadonlyMap<string, Expression> }[];
  /** The parameters to evaluate with, where they are not theta. */
  view?: Expression;
  /** Whether it reads the slot "noise", which the owner fills with standard normal numbers before each step. */
  noise: boolean;
}

/** Resolve formulas that run one after the other into one program. Raises FormulaError. */
export function resolve(sources: readonly FormulaSource[]): UpdateProgram {
  const builder = new ExpressionBuilder();
  const start = () => new Map<string, Expression>([theta, g].map((slot) => [slot.name, slot]));
  const theta = builder.slot("theta") as Expression & { kind: "slot" };
  const g = builder.slot("g") as Expression & { kind: "slot" };
  const slots = start();
  const old = start(); // what every slot holds before the step
  const hyper: string[] = [];
  const state: NamedStateSlot[] = [];
  const initial = new Map<string, Expression>();
  const before: UpdateProgram["before"][number][] = [];
  let view: Expression | undefined;
  for (const source of sources) {
    const declared = stateSlots(source.state);
    checkDeclarations(source, declared);
    const vocabulary: Vocabulary = {
      hyper: source.hyper,
      state: declared,
      rename: source.rename ?? ((name) => name),
    };
    hyper.push(...source.hyper.map(vocabulary.rename).filter((name) => !hyper.includes(name)));
    for (const slot of declared) {
      const name = vocabulary.rename(slot.name);
      if (slots.has(name)) {
        throw new TypeError(
          `Cannot chain ${source.name} as every state slot of a chain needs a name of its own: "${name}" is taken: rename it`,
        );
      }
      const first = resolveInitial(source, slot, vocabulary, builder, start());
      if (!(first.kind === "constant" && first.value === 0)) initial.set(name, first);
      const value = oldValue(builder, name, slot.shape);
      slots.set(name, value);
      old.set(name, value);
      state.push({ ...slot, name });
    }
    const assignments = (source.before ?? []).map((phase, i): Assignments => {
      checkPhase(source.name, phase);
      const outputs = new Map(old);
      const text = { name: `${source.name}, phase ${i + 1}`, update: phase.update };
      const assigned = resolveLink(text, vocabulary, builder, outputs);
      outputs.delete("g");
      before.push({ gradient: phase.gradient ?? "batch", every: phase.every ?? 1, outputs });
      return assigned;
    });
    if (source.isRule && !slots.has("thetaOld")) slots.set("thetaOld", slots.get("theta")!);
    assignments.push(resolveLink(source, vocabulary, builder, slots));
    checkAssignments(source, declared, assignments);
    if (source.view !== undefined) view = resolveView(source, vocabulary, builder, new Map(old));
  }
  const outputs = new Map(
    ["theta", ...state.map(({ name }) => name)].map((name) => [name, slots.get(name)!]),
  );
  const everything = [outputs, initial, ...before.map((phase) => phase.outputs)].flatMap((part) => [
    ...part.values(),
  ]);
  return {
    hyper,
    state: state.filter(({ shape }) => shape === "tensor").map(({ name }) => name),
    matrices: state.flatMap(({ name, shape }) =>
      rankOf(slotExtent(shape)) === "matrix" ? [{ name, extent: slotExtent(shape) }] : [],
    ),
    scalars: state.flatMap(({ name, shape }) =>
      shape === "scalar" || shape === "shared"
        ? [{ name, scope: shape === "shared" ? ("all" as const) : ("tensor" as const) }]
        : [],
    ),
    outputs,
    initial,
    before,
    ...(view === undefined ? {} : { view }),
    noise: topologicalOrder(everything).some((node) => node.kind === "slot" && node.name === "noise"),
  };
}

/** The update assigns what its kind must; every slot that starts at zero is assigned somewhere. */
function checkAssignments(
  source: FormulaSource,
  state: readonly NamedStateSlot[],
  assignments: readonly Assignments[],
): void {
  const { names, end } = assignments.at(-1)!;
  const { assigns, name } = source;
  if (assigns.length > 0 && !assigns.some((slot) => names.has(slot))) {
    const found = `no assignment to ${assigns.join(" or ")} in the whole formula`;
    failAt(source, end, found, `a line "${assigns[0]} = …"`);
  }
  for (const slot of state) {
    if (slot.initial !== "0" || assignments.some((phase) => phase.names.has(slot.name))) continue;
    const way = `assign it, or leave it out of the state of ${name}`;
    failAt(
      source,
      end,
      `a state slot "${slot.name}" that is never updated`,
      `a line "${slot.name} = …"`,
      way,
    );
  }
}

function checkPhase(rule: string, { every = 1 }: Phase): void {
  if (Number.isSafeInteger(every) && every >= 1) return;
  throw new RangeError(
    `Cannot declare ${rule} as every of a phase must be a whole number of steps, at least 1: current value is ${every}`,
  );
}

function oldValue(builder: ExpressionBuilder, name: string, shape: NamedStateSlot["shape"]): Expression {
  if (shape === "scalar" || shape === "shared")
    return builder.memory(name, shape === "shared" ? "all" : "tensor");
  return builder.slot(name, slotExtent(shape));
}

/** What a slot starts from: an expression in theta, g and hyperparameters, without the state itself. */
function resolveInitial(
  source: FormulaSource,
  { name, shape, initial }: NamedStateSlot,
  vocabulary: Vocabulary,
  builder: ExpressionBuilder,
  slots: Map<string, Expression>,
): Expression {
  let target = "start";
  while (vocabulary.hyper.includes(target)) target += "_";
  const text = { name: `${source.name}, initial value of ${name}`, update: `${target} = ${initial}` };
  const value = resolveLink(text, { ...vocabulary, state: [] }, builder, slots).temporaries.get(target)!;
  const at = { line: 1, column: target.length + " = ".length + 1 };
  if (value.type === "logical") failAt(text, at, "a comparison", "a number", "write where(condition, 1, 0)");
  if (shape === "scalar" || shape === "shared") checkScalarState(value, shape, text, at);
  else checkExtent(name, value, slotExtent(shape), text, at);
  return value;
}

/** The view: an expression in theta, state and hyperparameters as a finished step left them. */
function resolveView(
  source: FormulaSource,
  vocabulary: Vocabulary,
  builder: ExpressionBuilder,
  slots: Map<string, Expression>,
): Expression {
  const text = { name: `${source.name}, view`, update: `theta = ${source.view}` };
  resolveLink(text, vocabulary, builder, slots);
  const view = slots.get("theta")!;
  const passing = topologicalOrder([view]).find(
    (node) => node.kind === "slot" && (node.name === "g" || node.name === "noise"),
  ) as { name: string } | undefined;
  if (passing === undefined) return view;
  const accepted = "theta, t, hyperparameters and state, which a step leaves behind";
  failAt(text, { line: 1, column: "theta = ".length + 1 }, `a view of ${passing.name}`, accepted);
}

function checkDeclarations({ name, hyper }: FormulaSource, state: readonly NamedStateSlot[]): void {
  for (const { name: slot, shape } of state) {
    if (STATE_SHAPES.includes(shape)) continue;
    throw new TypeError(
      `Cannot declare ${name} as the shape of a state slot must be one of ${STATE_SHAPES.join(", ")}: that of "${slot}" is ${JSON.stringify(shape)}`,
    );
  }
  const seen = new Set([...RESERVED, ...FUNCTIONS, ...WORDS]);
  for (const declared of [...hyper, ...state.map((slot) => slot.name)]) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(declared)) {
      throw new TypeError(
        `Cannot declare ${name} as a name must be letters, digits and _, not starting with a digit: found ${JSON.stringify(declared)}`,
      );
    }
    if (seen.has(declared)) {
      throw new TypeError(
        `Cannot declare ${name} as every hyperparameter and state slot needs a name of its own, different from theta, g, t, the functions and the words of the language: "${declared}" is taken`,
      );
    }
    seen.add(declared);
  }
}
