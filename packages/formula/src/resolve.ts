/**
 * From syntax tree to expression graph: names get their meaning, calls their arity, values their type.
 *
 * A formula reads `theta` (the parameter), `g` (the gradient), `t` (the step, counted from 1), its hyperparameters, its
 * state slots and what earlier lines assigned; it assigns `theta`, `g`, its state slots and temporaries. A name means
 * its last assignment, so `m` after `m = …` is the new m. Several formulas in a row share `theta` and `g`: that is all
 * that chaining is.
 */
import { type Expression, ExpressionBuilder, isShared } from "./expression.ts";
import {
  AGGREGATES,
  type AggregateName,
  CALLABLE,
  ELEMENTWISE,
  type ElementwiseName,
  type Scope,
} from "./functions.ts";
import { type NamedStateSlot, type StateDeclaration, stateSlots } from "./state.ts";
import { FormulaError } from "./syntax/error.ts";
import { nearest } from "./syntax/nearest.ts";
import { parseFormula } from "./syntax/parse.ts";
import type { BinaryOperator, Place, SyntaxTree } from "./syntax/tree.ts";

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
  /** At least one of these has to be assigned. A rule assigns theta; a gradient transform assigns g. */
  assigns: readonly ("theta" | "g")[];
  /** What a hyperparameter or a state slot is called in the whole chain, where two links use one name. */
  rename?: (name: string) => string;
}

/** What to compute in one update of one parameter tensor: a new value for theta and for each state slot. */
export interface UpdateProgram {
  /** Hyperparameters, by their names in the chain. */
  hyper: readonly string[];
  /** State slots of the parameter's shape, by their names in the chain. */
  state: readonly string[];
  /** State slots that are one number, by their names in the chain. */
  scalars: readonly { name: string; scope: Scope }[];
  /** theta and every state slot → its new value. */
  outputs: ReadonlyMap<string, Expression>;
  /** State slots that do not start at zero → what they start from. */
  initial: ReadonlyMap<string, Expression>;
}

const RESERVED = ["theta", "g", "t"];
const FUNCTIONS: readonly string[] = [...CALLABLE, ...Object.keys(AGGREGATES)];
const WORDS = ["and", "or", "not"];

/**
 * Every node of a program. Real rules have a few dozen; the limit keeps whatever a web page sends away from the depth of
 * the call stack and from WebAssembly's limits.
 */
const MAX_NODES = 1_000;

const OPERATORS: Record<BinaryOperator, ElementwiseName> = {
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "^": "power",
  "<": "less",
  "<=": "lessEqual",
  ">": "greater",
  ">=": "greaterEqual",
  "==": "equal",
  "!=": "notEqual",
  and: "and",
  or: "or",
};

/** Resolve formulas that run one after the other into one program. Raises FormulaError. */
export function resolve(sources: readonly FormulaSource[]): UpdateProgram {
  const builder = new ExpressionBuilder();
  const slots = new Map<string, Expression>([
    ["theta", builder.slot("theta")],
    ["g", builder.slot("g")],
  ]);
  const hyper: string[] = [];
  const state: NamedStateSlot[] = [];
  const initial = new Map<string, Expression>();
  for (const source of sources) {
    const declared = stateSlots(source.state);
    checkDeclarations(source, declared);
    const rename = source.rename ?? ((name) => name);
    hyper.push(...source.hyper.map(rename).filter((name) => !hyper.includes(name)));
    for (const slot of declared) {
      const name = rename(slot.name);
      if (slots.has(name)) {
        throw new TypeError(
          `Cannot chain ${source.name} as every state slot of a chain needs a name of its own: "${name}" is taken: rename it`,
        );
      }
      const start = resolveInitial(source, slot, builder, rename);
      if (!(start.kind === "constant" && start.value === 0)) initial.set(name, start);
      slots.set(name, oldValue(builder, name, slot.shape));
      state.push({ ...slot, name });
    }
    new LinkResolver(source, declared, builder, slots, rename).run();
  }
  return {
    hyper,
    state: state.filter(({ shape }) => shape === "tensor").map(({ name }) => name),
    scalars: state
      .filter(({ shape }) => shape !== "tensor")
      .map(({ name, shape }) => ({
        name,
        scope: shape === "shared" ? ("all" as const) : ("tensor" as const),
      })),
    outputs: new Map(["theta", ...state.map(({ name }) => name)].map((name) => [name, slots.get(name)!])),
    initial,
  };
}

function oldValue(builder: ExpressionBuilder, name: string, shape: NamedStateSlot["shape"]): Expression {
  if (shape === "tensor") return builder.slot(name);
  return builder.memory(name, shape === "shared" ? "all" : "tensor");
}

/** What a slot starts from: an expression in theta, g and hyperparameters, without the state itself. */
function resolveInitial(
  source: FormulaSource,
  { name, shape, initial }: NamedStateSlot,
  builder: ExpressionBuilder,
  rename: (name: string) => string,
): Expression {
  const start: FormulaSource = {
    name: `${source.name}, initial value of ${name}`,
    update: `g = ${initial}`,
    hyper: source.hyper,
    state: [],
    assigns: ["g"],
  };
  const slots = new Map<string, Expression>([
    ["theta", builder.slot("theta")],
    ["g", builder.slot("g")],
  ]);
  new LinkResolver(start, [], builder, slots, rename).run();
  const value = slots.get("g")!;
  if (shape !== "tensor") checkScalarState(value, shape, start, { line: 1, column: "g = ".length + 1 });
  return value;
}

/** State that is one number must be given one number, and shared state one that no tensor can tell apart. */
function checkScalarState(
  value: Expression,
  shape: NamedStateSlot["shape"],
  { name: rule, update: text }: FormulaSource,
  at: Place,
): void {
  if (value.rank === "tensor") {
    const accepted = "one number, as the slot holds one: reduce it, for example with mean or sumAll";
    throw new FormulaError({ rule, text, at, found: "a value per element", accepted });
  }
  if (shape === "shared" && !isShared(value)) {
    const accepted = "one number for all tensors, as the slot is shared: use sumAll, dotAll, normAll";
    throw new FormulaError({ rule, text, at, found: "a value per tensor", accepted });
  }
}

function checkDeclarations({ name, hyper }: FormulaSource, state: readonly NamedStateSlot[]): void {
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

/** Resolves the lines of one link against what earlier links left in `slots`. */
class LinkResolver {
  private readonly source: FormulaSource;
  private readonly state: ReadonlyMap<string, NamedStateSlot>;
  private readonly builder: ExpressionBuilder;
  private readonly slots: Map<string, Expression>;
  private readonly rename: (name: string) => string;
  private readonly temporaries = new Map<string, Expression>();
  private readonly assigned = new Set<string>();

  constructor(
    source: FormulaSource,
    state: readonly NamedStateSlot[],
    builder: ExpressionBuilder,
    slots: Map<string, Expression>,
    rename: (name: string) => string,
  ) {
    this.source = source;
    this.state = new Map(state.map((slot) => [slot.name, slot]));
    this.builder = builder;
    this.slots = slots;
    this.rename = rename;
  }

  run(): void {
    const statements = parseFormula(this.source.update, this.source.name);
    for (const { target, value } of statements) this.assign(target.name, target.at, value);
    this.checkAssignments(statements.at(-1)?.target.at ?? { line: 1, column: 1 });
  }

  private assign(name: string, at: Place, tree: SyntaxTree): void {
    const { hyper } = this.source;
    if (hyper.includes(name) || name === "t" || FUNCTIONS.includes(name)) {
      const what = hyper.includes(name) ? "hyperparameter" : name === "t" ? "step" : "function";
      this.fail(
        at,
        `an assignment to the ${what} "${name}"`,
        `theta, g, ${[...this.state.keys(), "a new name"].join(", ")}`,
      );
    }
    const value = this.expression(tree);
    if (value.type === "logical") {
      this.fail(tree.at, "a comparison", "a number", "write where(condition, 1, 0)");
    }
    if (this.builder.size > MAX_NODES) {
      this.fail(at, `more than ${MAX_NODES} different operations up to here`, "a shorter formula");
    }
    this.assigned.add(name);
    const slot = this.state.get(name);
    if (slot !== undefined && slot.shape !== "tensor")
      checkScalarState(value, slot.shape, this.source, tree.at);
    if (name === "theta" || name === "g") this.slots.set(name, value);
    else if (slot !== undefined) this.slots.set(this.rename(name), value);
    else this.temporaries.set(name, value);
  }

  private checkAssignments(end: Place): void {
    const { assigns, name } = this.source;
    if (!assigns.some((slot) => this.assigned.has(slot))) {
      this.fail(
        end,
        `no assignment to ${assigns.join(" or ")} in the whole formula`,
        `a line "${assigns[0]} = …"`,
      );
    }
    for (const slot of this.state.keys()) {
      if (!this.assigned.has(slot)) {
        const way = `assign it, or leave it out of the state of ${name}`;
        this.fail(end, `a state slot "${slot}" that is never updated`, `a line "${slot} = …"`, way);
      }
    }
  }

  private expression(tree: SyntaxTree): Expression {
    switch (tree.kind) {
      case "number":
        return this.builder.constant(tree.value);
      case "name":
        return this.name(tree.name, tree.at);
      case "unary": {
        const fn = tree.operator === "-" ? "negate" : "not";
        return this.apply(fn, tree.operator, [tree.operand], tree.at);
      }
      case "binary":
        return this.apply(OPERATORS[tree.operator], tree.operator, [tree.left, tree.right], tree.at);
      case "call":
        return this.call(tree.name, tree.operands, tree.at);
    }
  }

  private name(name: string, at: Place): Expression {
    if (name === "t") return this.builder.step();
    if (this.source.hyper.includes(name)) return this.builder.hyper(this.rename(name));
    const global = this.state.has(name) ? this.rename(name) : name;
    const known = this.temporaries.get(name) ?? (this.isSlot(name) ? this.slots.get(global) : undefined);
    if (known !== undefined) return known;
    const names = [...RESERVED, ...this.source.hyper, ...this.state.keys(), ...this.temporaries.keys()];
    const hint = FUNCTIONS.includes(name) ? `${name} is a function: ${name}(…)` : suggest(name, names);
    this.fail(at, `the unknown name "${name}"`, names.join(", "), hint);
  }

  private isSlot(name: string): boolean {
    return name === "theta" || name === "g" || this.state.has(name);
  }

  private call(name: string, operands: SyntaxTree[], at: Place): Expression {
    if ((CALLABLE as readonly string[]).includes(name)) {
      return this.apply(name as ElementwiseName, name, operands, at);
    }
    if (Object.hasOwn(AGGREGATES, name)) return this.aggregate(name as AggregateName, operands, at);
    this.fail(at, `the unknown function "${name}"`, FUNCTIONS.join(", "), suggest(name, FUNCTIONS));
  }

  private apply(fn: ElementwiseName, written: string, trees: SyntaxTree[], at: Place): Expression {
    const { operands: types } = ELEMENTWISE[fn];
    this.checkArity(written, types.length, trees.length, at);
    const operands = trees.map((tree) => this.expression(tree));
    operands.forEach((operand, i) => {
      if (operand.type === types[i]) return;
      const place = trees[i]!.at;
      if (types[i] === "logical")
        this.fail(place, "a number", `a comparison, as ${written} takes a condition here`);
      this.fail(
        place,
        "a comparison",
        `a number, as ${written} computes with numbers`,
        "write where(condition, 1, 0)",
      );
    });
    return this.builder.apply(fn, ...operands);
  }

  private checkArity(written: string, expected: number, found: number, at: Place): void {
    if (expected === found) return;
    const count = (n: number) => `${n} operand${n === 1 ? "" : "s"}`;
    this.fail(at, `${written} with ${count(found)}`, `${written} with ${count(expected)}`);
  }

  /** Reductions are written with the two primitive ones, sum and max. */
  private aggregate(name: AggregateName, trees: SyntaxTree[], at: Place): Expression {
    this.checkArity(name, AGGREGATES[name].arity, trees.length, at);
    const [x, y] = trees.map((tree) => this.elements(name, tree)) as [Expression, Expression];
    const { builder } = this;
    const sum = (scope: Scope, value: Expression) => builder.reduce("sum", scope, value);
    const product = (a: Expression, b: Expression) => builder.apply("multiply", a, b);
    switch (name) {
      case "sum":
        return sum("tensor", x);
      case "sumAll":
        return sum("all", x);
      case "dot":
        return sum("tensor", product(x, y));
      case "dotAll":
        return sum("all", product(x, y));
      case "norm":
        return builder.apply("sqrt", sum("tensor", product(x, x)));
      case "normAll":
        return builder.apply("sqrt", sum("all", product(x, x)));
      case "norm1":
        return sum("tensor", builder.apply("abs", x));
      case "mean":
        return builder.apply("divide", sum("tensor", x), builder.dimension("size"));
      case "normInf": // an empty tensor has norm 0, not −∞
        return builder.apply(
          "max",
          builder.constant(0),
          builder.reduce("max", "tensor", builder.apply("abs", x)),
        );
      default:
        return builder.dimension(name);
    }
  }

  /** An operand of a reduction: one number per element. */
  private elements(name: AggregateName, tree: SyntaxTree): Expression {
    const operand = this.expression(tree);
    if (operand.type === "logical") {
      this.fail(
        tree.at,
        "a comparison",
        `a number, as ${name} computes with numbers`,
        "write where(condition, 1, 0)",
      );
    }
    if (operand.rank === "scalar") {
      this.fail(tree.at, "a single number", `a value per element, as ${name} reduces over a tensor`);
    }
    return operand;
  }

  private fail(at: Place, found: string, accepted: string, hint?: string): never {
    const { name: rule, update: text } = this.source;
    throw new FormulaError({ rule, text, at, found, accepted, ...(hint === undefined ? {} : { hint }) });
  }
}

function suggest(name: string, names: readonly string[]): string | undefined {
  const close = nearest(name, names);
  return close === undefined ? undefined : `did you mean "${close}"?`;
}
