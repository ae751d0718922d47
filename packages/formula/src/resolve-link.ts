/**
 * The lines of one formula against a table of slots: names get their meaning, calls their arity, values their type.
 */
import { type Expression, type ExpressionBuilder, type Extent, isShared, joinExtents } from "./expression.ts";
import {
  AGGREGATES,
  type AggregateName,
  CALLABLE,
  ELEMENTWISE,
  type ElementwiseName,
  MATRIX_FUNCTIONS,
  type MatrixFunctionName,
  type Scope,
} from "./functions.ts";
import { matrixExtent, showExtent } from "./matrix/types.ts";
import { type NamedStateSlot, slotExtent } from "./state.ts";
import { FormulaError } from "./syntax/error.ts";
import { nearest } from "./syntax/nearest.ts";
import { parseFormula } from "./syntax/parse.ts";
import type { BinaryOperator, Place, SyntaxTree } from "./syntax/tree.ts";

/** Names that mean the same in every formula. */
export const RESERVED = ["theta", "g", "t", "thetaOld", "noise"];
export const FUNCTIONS: readonly string[] = [
  ...CALLABLE,
  ...Object.keys(AGGREGATES),
  ...Object.keys(MATRIX_FUNCTIONS),
];
export const WORDS = ["and", "or", "not"];

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

/** A formula's text, and whose it is, for messages. */
export interface FormulaText {
  name: string;
  update: string;
}

/** What a formula may name besides theta, g, t and its own temporaries. */
export interface Vocabulary {
  hyper: readonly string[];
  state: readonly NamedStateSlot[];
  /** What a hyperparameter or a state slot is called in the whole chain. */
  rename: (name: string) => string;
}

/** What a formula assigned, and where its last line stands. */
export interface Assignments {
  names: ReadonlySet<string>;
  /** The temporaries among them, with their last values. */
  temporaries: ReadonlyMap<string, Expression>;
  end: Place;
}

/** Resolve a formula: reads what `slots` hold by now, and leaves new values there. Raises FormulaError. */
export function resolveLink(
  text: FormulaText,
  vocabulary: Vocabulary,
  builder: ExpressionBuilder,
  slots: Map<string, Expression>,
): Assignments {
  return new LinkResolver(text, vocabulary, builder, slots).run();
}

/** Raises FormulaError that points into a formula's text. */
export function failAt(
  { name: rule, update: text }: FormulaText,
  at: Place,
  found: string,
  accepted: string,
  hint?: string,
): never {
  throw new FormulaError({ rule, text, at, found, accepted, ...(hint === undefined ? {} : { hint }) });
}

/** State that is one number must be given one number, and shared state one that no tensor can tell apart. */
export function checkScalarState(
  value: Expression,
  shape: NamedStateSlot["shape"],
  { name: rule, update: text }: FormulaText,
  at: Place,
): void {
  if (value.rank !== "scalar") {
    const accepted = "one number, as the slot holds one: reduce it, for example with mean or sumAll";
    throw new FormulaError({ rule, text, at, found: "a value per element", accepted });
  }
  if (shape === "shared" && !isShared(value)) {
    const accepted = "one number for all tensors, as the slot is shared: use sumAll, dotAll, normAll";
    throw new FormulaError({ rule, text, at, found: "a value per tensor", accepted });
  }
}

/** A slot takes what has its shape, or what repeats to it. */
export function checkExtent(
  name: string,
  value: Expression,
  wanted: Extent,
  source: FormulaText,
  at: Place,
): void {
  const joined = joinExtents([wanted, value.extent]);
  if (joined?.every((side, i) => side === wanted[i])) return;
  const accepted = `${showExtent(wanted)}, the shape of ${name}`;
  failAt(source, at, `a matrix that is ${showExtent(value.extent)}`, accepted);
}

class LinkResolver {
  private readonly source: FormulaText;
  private readonly hyper: readonly string[];
  private readonly state: ReadonlyMap<string, NamedStateSlot>;
  private readonly rename: (name: string) => string;
  private readonly builder: ExpressionBuilder;
  private readonly slots: Map<string, Expression>;
  private readonly temporaries = new Map<string, Expression>();
  private readonly assigned = new Set<string>();

  constructor(
    source: FormulaText,
    { hyper, state, rename }: Vocabulary,
    builder: ExpressionBuilder,
    slots: Map<string, Expression>,
  ) {
    this.source = source;
    this.hyper = hyper;
    this.state = new Map(state.map((slot) => [slot.name, slot]));
    this.rename = rename;
    this.builder = builder;
    this.slots = slots;
  }

  run(): Assignments {
    const statements = parseFormula(this.source.update, this.source.name);
    for (const { target, value } of statements) this.assign(target.name, target.at, value);
    return {
      names: this.assigned,
      temporaries: this.temporaries,
      end: statements.at(-1)?.target.at ?? { line: 1, column: 1 },
    };
  }

  private assign(name: string, at: Place, tree: SyntaxTree): void {
    const { hyper } = this;
    const reserved: Record<string, string> = {
      t: "step",
      thetaOld: "parameter before the step",
      noise: "random numbers of the step",
    };
    if (hyper.includes(name) || Object.hasOwn(reserved, name) || FUNCTIONS.includes(name)) {
      const what = reserved[name] ?? (hyper.includes(name) ? "hyperparameter" : "function");
      this.fail(
        at,
        `an assignment to the ${what} "${name}"`,
        `theta, g, ${[...this.state.keys(), "a new name"].join(", ")}`,
      );
    }
    const value = this.expression(tree);
    const slot = this.state.get(name);
    const isSlot = name === "theta" || name === "g" || slot !== undefined;
    if (isSlot && value.type === "logical") {
      this.fail(tree.at, "a comparison", "a number", "write where(condition, 1, 0)");
    }
    if (this.builder.size > MAX_NODES) {
      this.fail(at, `more than ${MAX_NODES} different operations up to here`, "a shorter formula");
    }
    this.assigned.add(name);
    if (slot !== undefined && (slot.shape === "scalar" || slot.shape === "shared"))
      checkScalarState(value, slot.shape, this.source, tree.at);
    if (isSlot) checkExtent(name, value, slotExtent(slot?.shape ?? "tensor"), this.source, tree.at);
    if (name === "theta" || name === "g") this.slots.set(name, value);
    else if (slot !== undefined) this.slots.set(this.rename(name), value);
    else this.temporaries.set(name, value);
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
    if (name === "thetaOld") return this.slots.get("thetaOld") ?? this.builder.slot("theta");
    if (name === "noise") return this.builder.slot("noise");
    if (this.hyper.includes(name)) return this.builder.hyper(this.rename(name));
    const global = this.state.has(name) ? this.rename(name) : name;
    const known = this.temporaries.get(name) ?? (this.isSlot(name) ? this.slots.get(global) : undefined);
    if (known !== undefined) return known;
    const names = [...RESERVED, ...this.hyper, ...this.state.keys(), ...this.temporaries.keys()];
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
    if (Object.hasOwn(MATRIX_FUNCTIONS, name)) return this.matrix(name as MatrixFunctionName, operands, at);
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
    if (joinExtents(operands.map(({ extent }) => extent)) === undefined) {
      const found = operands.map(({ extent }) => showExtent(extent)).join(" and ");
      this.fail(at, `matrices that are ${found}`, "matrices of one shape, or a row or a column beside them");
    }
    return this.builder.apply(fn, ...operands);
  }

  private matrix(fn: MatrixFunctionName, trees: SyntaxTree[], at: Place): Expression {
    this.checkArity(fn, MATRIX_FUNCTIONS[fn].arity, trees.length, at);
    const operands = trees.map((tree) => this.numeric(fn, tree));
    const extent = matrixExtent(fn, operands);
    if (typeof extent === "string") this.fail(at, `${fn} of such matrices`, extent);
    return this.builder.matrix(fn, extent, ...operands);
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
        return builder.apply("divide", sum("tensor", x), this.count(x.extent));
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

  /** How many numbers a matrix holds. */
  private count([rows, cols]: Extent): Expression {
    const { builder } = this;
    const side = { "1": builder.constant(1), R: builder.dimension("rows"), C: builder.dimension("cols") };
    if (rows !== cols && rows !== "1" && cols !== "1") return builder.dimension("size");
    return builder.apply("multiply", side[rows], side[cols]);
  }

  /** An operand that is not a comparison. */
  private numeric(name: string, tree: SyntaxTree): Expression {
    const operand = this.expression(tree);
    if (operand.type === "logical") {
      const accepted = `a number, as ${name} computes with numbers`;
      this.fail(tree.at, "a comparison", accepted, "write where(condition, 1, 0)");
    }
    return operand;
  }

  /** An operand of a reduction: one number per element. */
  private elements(name: AggregateName, tree: SyntaxTree): Expression {
    const operand = this.numeric(name, tree);
    if (operand.rank === "scalar") {
      this.fail(tree.at, "a single number", `a value per element, as ${name} reduces over a tensor`);
    }
    return operand;
  }

  private fail(at: Place, found: string, accepted: string, hint?: string): never {
    failAt(this.source, at, found, accepted, hint);
  }
}

function suggest(name: string, names: readonly string[]): string | undefined {
  const close = nearest(name, names);
  return close === undefined ? undefined : `did you mean "${close}"?`;
}
