/**
 * The reference interpreter: every operator's plain meaning in float64, one after another. It is slow on purpose.
 * Tests hold ONNX Runtime against it, and finite differences of it judge every gradient. Values stay float64 whatever
 * the tensor's dtype (a Cast to float32 does not round), so that rounding never hides an error of the mathematics.
 */
import { ancestors, type Tensor, type Value, type Values } from "./graph.ts";

export type Feeds = Readonly<Record<string, ArrayLike<number>>>;

/** Values of `outputs`, row-major, given one array per input that they depend on. */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds): Float64Array[] {
  const values = new Map<Tensor, Value>();
  for (const tensor of ancestors(outputs)) {
    values.set(tensor, { shape: tensor.shape, data: compute(tensor, values, feeds) });
  }
  return outputs.map((tensor) => values.get(tensor)!.data);
}

function compute(tensor: Tensor, values: ReadonlyMap<Tensor, Value>, feeds: Feeds): Float64Array {
  const { origin } = tensor;
  if (origin.kind === "constant") return origin.data;
  if (origin.kind === "call") {
    const { operator, inputs, attributes } = origin.call;
    const operands = inputs.map((input) => values.get(input)!);
    return operator.evaluate(operands as unknown as Values, attributes, tensor);
  }
  const fed = feeds[tensor.name];
  if (!fed) throw new RangeError(`Cannot evaluate as input ${tensor} was not fed: add it to the feeds`);
  if (fed.length !== tensor.size) {
    throw new RangeError(
      `Cannot evaluate as input ${tensor} needs ${tensor.size} values: found ${fed.length}`,
    );
  }
  return Float64Array.from(fed);
}
