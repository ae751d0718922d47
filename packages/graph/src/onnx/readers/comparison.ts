/** Comparison, logic, choice and conversion. `Cast` between floats is differentiable, and so is each branch of `Where`. */
import { DTYPE_CODES, type DType } from "../../graph.ts";
import {
  and,
  cast,
  equal,
  expand,
  greater,
  greaterOrEqual,
  identity,
  isNotANumber,
  less,
  lessOrEqual,
  not,
  or,
  where,
  xor,
} from "../../ops/index.ts";
import type { NodeView, Readers } from "../node.ts";

const DTYPES = new Map<number, DType>(
  (Object.entries(DTYPE_CODES) as [DType, number][]).map(([dtype, code]) => [code, dtype]),
);

/** The dtype with ONNX's code, or an error that names the node. */
export function dtypeOf(node: NodeView, code: number): DType {
  const dtype = DTYPES.get(code);
  if (dtype) return dtype;
  throw node.refuse(
    `its element type must be one of ${[...DTYPES.values()].join(", ")}`,
    `found code ${code}`,
  );
}

export const comparison: Readers = {
  Equal: (node) => equal(node.input(0), node.input(1)),
  Greater: (node) => greater(node.input(0), node.input(1)),
  GreaterOrEqual: (node) => greaterOrEqual(node.input(0), node.input(1)),
  Less: (node) => less(node.input(0), node.input(1)),
  LessOrEqual: (node) => lessOrEqual(node.input(0), node.input(1)),
  IsNaN: (node) => isNotANumber(node.input(0)),
  IsInf: (node) => {
    const x = node.input(0);
    const signs = [
      ...(node.int("detect_positive", 1) ? [Number.POSITIVE_INFINITY] : []),
      ...(node.int("detect_negative", 1) ? [Number.NEGATIVE_INFINITY] : []),
    ];
    const never = expand(node.graph.constant(0, [], "bool"), x.shape);
    return signs.map((sign) => equal(x, sign)).reduce((a, b) => or(a, b), never);
  },
  And: (node) => and(node.input(0), node.input(1)),
  Or: (node) => or(node.input(0), node.input(1)),
  Xor: (node) => xor(node.input(0), node.input(1)),
  Not: (node) => not(node.input(0)),
  Where: (node) => where(node.input(0), node.input(1), node.input(2)),
  Identity: (node) => identity(node.input(0)),
  Cast: (node) => cast(node.input(0), dtypeOf(node, node.int("to"))),
  CastLike: (node) => cast(node.input(0), node.input(1).dtype),
};
