/**
 * The reference interpreter: every operator's plain meaning in float64, one after another. It is slow on purpose.
 * Tests hold ONNX Runtime against it, and finite differences of it judge every gradient. Values stay float64 whatever
 * the tensor's dtype (a Cast to float32 does not round), so that rounding never hides an error of the mathematics.
 */
import { ancestors, doubles, type Tensor, type Value, type Values } from "./graph.ts";

export type Feeds = Readonly<Record<string, ArrayLike<number>>>;

/** Values of `outputs`, row-major, given one array per input that they depend on. */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds): Float64Array[] {
  const values = new Map<Tensor, Value>();
  for (const tensor of ancestors(outputs)) {
    if (!values.has(tensor)) compute(tensor, values, feeds);
  }
  return outputs.map((tensor) => values.get(tensor)!.data);
}

/** Put the tensor's value among the values; a call's outputs all at once. */
function compute(tensor: Tensor, values: Map<Tensor, Value>, feeds: Feeds): void {
  const { origin, shape } = tensor;
  const set = (output: Tensor, data: Float64Array) => values.set(output, { shape: output.shape, data });
  if (origin.kind === "input") set(tensor, feedOf(tensor, feeds));
  if (origin.kind === "constant") set(tensor, doubles(origin.data));
  if (origin.kind === "absent") values.set(tensor, { shape, data: new Float64Array(0) });
  if (origin.kind !== "call") return;
  const { operator, inputs, attributes, outputs } = origin.call;
  const operands = inputs.map((input) => values.get(input)!) as unknown as Values;
  const results =
    "inferAll" in operator
      ? operator.evaluateAll(operands, attributes, outputs)
      : [operator.evaluate(operands, attributes, tensor)];
  for (const [k, output] of outputs.entries()) set(output, results[k]!);
}

function feedOf(tensor: Tensor, feeds: Feeds): Float64Array {
  const fed = Object.hasOwn(feeds, tensor.name) ? feeds[tensor.name] : undefined;
  if (!fed) throw new RangeError(`Cannot evaluate as input ${tensor} was not fed: add it to the feeds`);
  if (fed.length !== tensor.size) {
    throw new RangeError(
      `Cannot evaluate as input ${tensor} needs ${tensor.size} values: found ${fed.length}`,
    );
  }
  return Float64Array.from(fed);
}
