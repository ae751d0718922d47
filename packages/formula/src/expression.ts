/**
 * The typed expression graph: what a formula means, after names are resolved. Nodes are hash-consed, so a subexpression
 * that is written twice is one node and is computed once, and two formulas are equal when their output nodes are.
 *
 * A node is a *scalar* (one number per tensor or per step: hyperparameters, the step, sizes, reductions) or a *tensor*
 * (one number per element). Scalars are evaluated on the host in float64; tensors run in the kernel.
 */
import {
  ELEMENTWISE,
  type ElementwiseName,
  type MatrixFunctionName,
  type ReductionName,
  type Scope,
  type ValueType,
} from "./functions.ts";

export type Rank = "scalar" | "tensor" | "matrix";

/** Sizes of a matrix: R and C are those of the parameter tensor, its first dimension and all others together. */
export type Side = "1" | "R" | "C";
export type Extent = readonly [Side, Side];

/** What the extents say of the rank: one number, the parameter's shape, or a matrix of another shape. */
export const rankOf = ([rows, cols]: Extent): Rank =>
  rows === "1" && cols === "1" ? "scalar" : rows === "R" && cols === "C" ? "tensor" : "matrix";

interface NodeBase {
  readonly id: number;
  readonly rank: Rank;
  readonly extent: Extent;
  readonly type: ValueType;
}

export type Expression = NodeBase &
  (
    | { readonly kind: "constant"; readonly value: number }
    | { readonly kind: "hyper"; readonly name: string }
    | { readonly kind: "step" }
    /** The value that a slot (theta, g or a state slot) has before the update. */
    | { readonly kind: "slot"; readonly name: string }
    /** The same for state that is one number: per parameter tensor, or for all of them. */
    | { readonly kind: "memory"; readonly name: string; readonly scope: Scope }
    | { readonly kind: "apply"; readonly fn: ElementwiseName; readonly operands: readonly Expression[] }
    | {
        readonly kind: "reduce";
        readonly fn: ReductionName;
        readonly scope: Scope;
        readonly operand: Expression;
      }
    | { readonly kind: "dimension"; readonly name: Dimension }
    | { readonly kind: "matrix"; readonly fn: MatrixFunctionName; readonly operands: readonly Expression[] }
  );

/** Sizes that are known before anything runs. */
export type Dimension = "size" | "rows" | "cols" | "countAll" | "tensorsAll";

/** The sizes that are the same for all tensors. */
export const isSizeOfAll = (name: Dimension): boolean => name === "countAll" || name === "tensorsAll";

export type ReduceExpression = Extract<Expression, { kind: "reduce" }>;

type Shape<E> = E extends Expression ? Omit<E, "id" | "rank"> : never;

const ONE: Extent = ["1", "1"];
const PARAMETER: Extent = ["R", "C"];

/** Makes the nodes of one graph. */
export class ExpressionBuilder {
  private readonly nodes = new Map<string, Expression>();

  /** How many different nodes there are. */
  get size(): number {
    return this.nodes.size;
  }

  constant(value: number): Expression {
    const key = Object.is(value, -0) ? "-0" : String(value);
    return this.intern(`constant ${key}`, { kind: "constant", value, extent: ONE, type: "number" });
  }

  hyper(name: string): Expression {
    return this.intern(`hyper ${name}`, { kind: "hyper", name, extent: ONE, type: "number" });
  }

  step(): Expression {
    return this.intern("step", { kind: "step", extent: ONE, type: "number" });
  }

  slot(name: string, extent: Extent = PARAMETER): Expression {
    return this.intern(`slot ${name}`, { kind: "slot", name, extent, type: "number" });
  }

  /** Apply a function of matrices; its operands must fit, as `matrixExtent` says. */
  matrix(fn: MatrixFunctionName, extent: Extent, ...operands: Expression[]): Expression {
    const key = `${fn} ${operands.map((operand) => operand.id).join(" ")}`;
    return this.intern(key, { kind: "matrix", fn, operands, extent, type: "number" });
  }

  memory(name: string, scope: Scope): Expression {
    return this.intern(`memory ${scope} ${name}`, {
      kind: "memory",
      name,
      scope,
      extent: ONE,
      type: "number",
    });
  }

  dimension(name: Dimension): Expression {
    return this.intern(`dimension ${name}`, { kind: "dimension", name, extent: ONE, type: "number" });
  }

  reduce(fn: ReductionName, scope: Scope, operand: Expression): Expression {
    return this.intern(`${fn} ${scope} ${operand.id}`, {
      kind: "reduce",
      fn,
      scope,
      operand,
      extent: ONE,
      type: "number",
    });
  }

  /** Apply an elementwise function; constants fold, and whole powers become products. */
  apply(fn: ElementwiseName, ...operands: Expression[]): Expression {
    const definition = ELEMENTWISE[fn];
    const values = operands.map((operand) => (operand.kind === "constant" ? operand.value : undefined));
    if (definition.result === "number" && values.every((value) => value !== undefined)) {
      return this.constant(
        (definition.evaluate as (...numbers: number[]) => number)(...(values as number[])),
      );
    }
    return (
      this.simplify(fn, operands, values) ??
      this.intern(`${fn} ${operands.map((operand) => operand.id).join(" ")}`, {
        kind: "apply",
        fn,
        operands,
        extent: joinExtents(operands.map((operand) => operand.extent)) ?? PARAMETER,
        type: definition.result,
      })
    );
  }

  /**
   * Rewrites that move work from the kernel to the host, at the cost of a last bit: dividing a tensor by a scalar is
   * multiplying by its reciprocal, and scalar factors gather in front: a·(b·x) = (a·b)·x.
   */
  private simplify(
    fn: ElementwiseName,
    operands: Expression[],
    values: (number | undefined)[],
  ): Expression | undefined {
    const [left, right] = operands as [Expression, Expression];
    if (fn === "multiply" && values[0] === 1) return right;
    if ((fn === "multiply" || fn === "divide") && values[1] === 1) return left;
    if (fn === "power" && left.rank === "tensor") return this.unfoldPower(left, values[1]);
    if (fn === "divide" && left.rank === "tensor" && right.rank === "scalar") {
      return this.apply("multiply", this.apply("divide", this.constant(1), right), left);
    }
    if (fn === "multiply" && left.rank === "tensor" && right.rank === "scalar")
      return this.apply("multiply", right, left);
    if (fn === "multiply" && left.rank === "scalar" && right.rank === "tensor") {
      const [factor, rest] = right.kind === "apply" && right.fn === "multiply" ? right.operands : [];
      if (factor?.rank === "scalar")
        return this.apply("multiply", this.apply("multiply", left, factor), rest!);
    }
    return undefined;
  }

  /** As products and roots, so (−0)^0.5 = −0 and (−∞)^0.5 = NaN, where IEEE 754's pow gives 0 and ∞. */
  private unfoldPower(base: Expression, exponent: number | undefined): Expression | undefined {
    switch (exponent) {
      case 1:
        return base;
      case 2:
        return this.apply("multiply", base, base);
      case 3:
        return this.apply("multiply", this.apply("multiply", base, base), base);
      case 4:
        return this.unfoldPower(this.apply("multiply", base, base), 2);
      case 0.5:
        return this.apply("sqrt", base);
      case -0.5:
        return this.apply("divide", this.constant(1), this.apply("sqrt", base));
      case -1:
        return this.apply("divide", this.constant(1), base);
      default:
        return undefined;
    }
  }

  private intern(key: string, shape: Shape<Expression>): Expression {
    const known = this.nodes.get(key);
    if (known !== undefined) return known;
    const node = { id: this.nodes.size, rank: rankOf(shape.extent), ...shape } as Expression;
    this.nodes.set(key, node);
    return node;
  }
}

/** The extents of an elementwise result: sides are equal, or one of them is 1. Undefined when they do not fit. */
export function joinExtents(extents: readonly Extent[]): Extent | undefined {
  const join = (sides: readonly Side[]): Side | undefined => {
    const wide = [...new Set(sides.filter((side) => side !== "1"))];
    return wide.length > 1 ? undefined : (wide[0] ?? "1");
  };
  const rows = join(extents.map(([side]) => side));
  const cols = join(extents.map(([, side]) => side));
  return rows === undefined || cols === undefined ? undefined : [rows, cols];
}

/** Whether a scalar is one number for all tensors: it is made of nothing that differs between them. */
export function isShared(node: Expression): boolean {
  return topologicalOrder([node], ({ kind }) => kind !== "reduce").every((part) => {
    if (part.kind === "reduce" || part.kind === "memory") return part.scope === "all";
    return part.kind === "dimension" ? isSizeOfAll(part.name) : part.rank === "scalar";
  });
}

/** The direct children of a node, in order. */
export function operandsOf(node: Expression): readonly Expression[] {
  if (node.kind === "apply" || node.kind === "matrix") return node.operands;
  return node.kind === "reduce" ? [node.operand] : [];
}

/** The nodes that the roots need, children before parents. Where `opens` says no, a node is a leaf: its operands are left out. */
export function topologicalOrder(
  roots: Iterable<Expression>,
  opens: (node: Expression) => boolean = () => true,
): Expression[] {
  const order: Expression[] = [];
  const seen = new Set<number>();
  const visit = (node: Expression) => {
    if (seen.has(node.id)) return;
    seen.add(node.id);
    if (opens(node)) operandsOf(node).forEach(visit);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}
