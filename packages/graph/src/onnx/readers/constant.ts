/** Values that stand in the file, and those that follow from shapes alone: Constant Shape Size ConstantOfShape Range EyeLike. */
import { expand } from "../../ops/index.ts";
import type { KnownValue, NodeView, Readers } from "../node.ts";

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
  if (node.hasAttribute("value_ints")) return list("int64", node.ints("value_ints"));
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
};
