/**
 * What all element-by-element operators share: one input maps value by value; two inputs broadcast by NumPy's rules.
 * A family's file then needs one line of meaning and one of derivative per operator.
 */
import {
  type Attributes,
  type DType,
  isFloat,
  misfit,
  type Operands,
  type Operator,
  type Rule,
  type Tensor,
} from "../graph.ts";
import { broadcastShapes, broadcastStrides, type Shape, sameShape, walk } from "../shapes.ts";

/** A tensor, or a number standing for a scalar constant of the other operand's dtype. */
export type Operand = Tensor | number;

/** A scalar constant of `x`'s dtype; with `shape`, the scalar repeated over that shape. */
export function constantLike(x: Tensor, value: number, shape: readonly number[] = []): Tensor {
  const scalar = x.graph.constant(value, [], x.dtype);
  return shape.length === 0 ? scalar : x.graph.apply(Expand, [scalar], { shape });
}

/** Repeat along axes of size 1 and along new leading axes. The gradient sums over what was repeated. */
export const Expand: Operator<{ shape: readonly number[] }> = {
  name: "Expand",
  trailing: ["shape"],
  infer([x], { shape }) {
    const common = broadcastShapes(x.shape, shape);
    if (!common || !sameShape(common, shape)) {
      throw misfit(
        "Expand",
        [x],
        `it cannot be repeated to [${shape.join(", ")}]`,
        "only axes of size 1 are repeated",
      );
    }
    return { shape, dtype: x.dtype };
  },
  evaluate([x], _, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    const strides = broadcastStrides(x.shape, shape);
    walk(shape, strides, strides, (i, from) => {
      out[i] = x.data[from]!;
    });
    return out;
  },
  // y = x repeated ⇒ dx = Σ over the repeats of dy
  gradient: [({ inputs: [x], gradient: g }, { sumTo }) => sumTo(g, x.shape)],
};

type Family = "float" | "number" | "any" | "bool";
const ACCEPTS: Record<Family, (dtype: DType) => boolean> = {
  float: isFloat,
  number: (dtype) => dtype !== "bool",
  any: () => true,
  bool: (dtype) => dtype === "bool",
};

function requireFamily(name: string, inputs: readonly Tensor[], family: Family): void {
  if (!inputs.every((x) => ACCEPTS[family](x.dtype))) {
    throw misfit(
      name,
      inputs,
      `it takes ${family === "any" ? "any" : `only ${family}`} tensors`,
      "cast first",
    );
  }
}

/** An operator on one tensor, value by value: y = f(x), with attributes where it has any (numbers among them are floats). */
export function unary<A extends Attributes = Attributes>(
  name: string,
  f: (x: number, attributes: A) => number,
  rule: Rule<A> | null,
  family: Family = "float",
  floats: readonly (keyof A & string)[] = [],
): Operator<A> {
  return {
    name,
    elementwise: true,
    floats,
    infer([x]) {
      requireFamily(name, [x], family);
      return { shape: x.shape, dtype: x.dtype };
    },
    evaluate: ([x], attributes) => x.data.map((value) => f(value, attributes)),
    gradient: [rule],
  };
}

/** Shape that both operands broadcast to, with an error that shows them when there is none. */
export function broadcast(name: string, a: Tensor, b: Tensor): readonly number[] {
  const shape = broadcastShapes(a.shape, b.shape);
  if (!shape) {
    throw misfit(
      name,
      [a, b],
      "sizes, aligned at the right, must be equal or 1",
      "reshape or transpose one of them",
    );
  }
  return shape;
}

/** An operator on two tensors, value by value with broadcasting: y = f(a, b). `rules` are for a and for b. */
export function binary(
  name: string,
  f: (a: number, b: number) => number,
  rules: readonly (Rule | null)[],
  options: { family?: Family; gives?: DType } = {},
): Operator {
  const { family = "number", gives } = options;
  return {
    name,
    elementwise: true,
    infer([a, b]) {
      requireFamily(name, [a, b], family);
      if (a.dtype !== b.dtype)
        throw misfit(name, [a, b], "both operands must have one dtype", "cast one of them");
      return { shape: broadcast(name, a, b), dtype: gives ?? a.dtype };
    },
    evaluate([a, b], _, { shape }) {
      const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
      walk(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape), (i, p, q) => {
        out[i] = f(a.data[p]!, b.data[q]!);
      });
      return out;
    },
    gradient: rules,
  };
}

/**
 * Build a broadcasting operator from tensors or numbers. Expansions are put off: an operand that was only expanded to fit
 * is used unexpanded, since the operator itself repeats it, and where both were, the (small) result is expanded instead.
 * So the gradient of a mean travels as a scalar until it meets a tensor of full size; each expansion is a pass over memory.
 */
export const applyBinary =
  (operator: Operator<Attributes>) =>
  (a: Operand, b: Operand): Tensor => {
    const [left, right] = asTensors(operator.name, a, b);
    const { shape } = operator.infer([left, right] as unknown as Operands, {});
    return postponed(left.graph.apply(operator, [unexpanded(left), unexpanded(right)], {}), shape);
  };

/** An operator on one tensor, put before an expansion of its operand. */
export const applyWith = <A extends Attributes>(operator: Operator<A>, x: Tensor, attributes: A): Tensor =>
  postponed(x.graph.apply(operator, [unexpanded(x)], attributes), x.shape);

export const applyUnary =
  (operator: Operator) =>
  (x: Tensor): Tensor =>
    applyWith(operator, x, {});

const postponed = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : x.graph.apply(Expand, [x], { shape });

function unexpanded(x: Tensor): Tensor {
  return x.origin.kind === "call" && x.origin.call.operator.name === "Expand" ? x.origin.call.inputs[0]! : x;
}

export function asTensors(name: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a !== "number") return [a, typeof b === "number" ? constantLike(a, b) : b];
  if (typeof b !== "number") return [constantLike(b, a), b];
  throw new TypeError(`Cannot apply ${name} to ${a} and ${b} as at least one operand must be a tensor`);
}
