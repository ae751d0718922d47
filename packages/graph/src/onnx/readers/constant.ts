/** Values that stand in the file, and those that follow from shapes alone: Constant Shape Size ConstantOfShape Range EyeLike NonZero. */
import { add, cast, equal, expand } from "../../ops/index.ts";
import { type Shape, show, stridesOf, table } from "../../shapes.ts";
import type { KnownValue, NodeView, Readers } from "../node.ts";
import { dtypeOf } from "./comparison.ts";

/** The one attribute that a Constant node has, as a value. */
function constantValue(node: NodeView): KnownValue {
  if (node.hasAttribute("value")) return node.tensor("value");
  const list = (dtype: KnownValue["dtype"], numbers: readonly number[]): KnownValue => ({
    dtype,
    shape: [numbers.length],
    data: Float64Array.from(numbers),
  });
  if (node.hasAttribute("value_float")) return { ...list("float32", [node.float("value_float")]), shape: [] };
  if (node.hasAttribute("value_int")) return { ...list("int64", [node.int("value_int")]), shape: [] };
  if (node.hasAttribute("value_floats")) return list("float32", node.floats("value_floats"));
  const ints = node.attribute("value_ints")?.ints;
  if (ints) return list("int64", ints.map(Number));
  throw node.refuse(
    "a constant must be a tensor, a number or a list of numbers",
    `found ${node.proto.attribute.map(({ name }) => name).join(", ") || "no attribute"}`,
  );
}

export const constant: Readers = {
  Constant: (node) => node.place(constantValue(node)),

  Shape: (node) => {
    const { shape } = node.input(0);
    const sizes = shape.slice(node.int("start", 0), node.int("end", shape.length));
    return node.graph.constant(sizes, [sizes.length], "int64");
  },

  Size: (node) => node.graph.constant(node.input(0).size, [], "int64"),

  ConstantOfShape: (node) => {
    const shape = node.constantInts(0);
    const { dtype, data } = node.hasAttribute("value")
      ? node.tensor("value")
      : ({ dtype: "float32", data: [0] } as const);
    if (data.length !== 1) throw node.refuse("its value must hold one number", `found ${data.length}`);
    return expand(node.graph.constant(data[0]!, [], dtype), shape);
  },

  // start, start + delta, … up to limit, which is left out
  Range: (node) => {
    const { dtype } = node.constant(0);
    const [start, limit, delta] = [node.constantNumber(0), node.constantNumber(1), node.constantNumber(2)];
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    if (Number.isNaN(count)) throw node.refuse("its step must not be 0", "it would never end");
    return node.graph.constant(
      table(count, (i) => start + i * delta),
      [count],
      dtype,
    );
  },

  // 1 where the column is the row plus k
  EyeLike: (node) => {
    const { shape, dtype } = node.input(0);
    const [rows, columns] = shape as [number, number];
    if (shape.length !== 2) throw node.refuse("its input must have two axes", `found ${show(shape)}`);
    const count = (n: number, along: Shape) =>
      node.graph.constant(
        table(n, (i) => i),
        along,
        "int64",
      );
    const hot = equal(count(columns, [1, columns]), add(count(rows, [rows, 1]), node.int("k", 0)));
    return cast(hot, node.hasAttribute("dtype") ? dtypeOf(node, node.int("dtype")) : dtype);
  },

  // indices of what is not zero, one column per element: only of values that are known
  NonZero: (node) => {
    const { data, shape } = node.constant(0);
    const strides = stridesOf(shape);
    const found = Array.from(data.keys()).filter((i) => data[i] !== 0);
    const indices = shape.flatMap((d, axis) => found.map((i) => Math.floor(i / strides[axis]!) % d));
    return node.graph.constant(indices, [shape.length, found.length], "int64");
  },
};
