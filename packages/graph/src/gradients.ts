/**
 * Reverse-mode differentiation. The gradient is more graph: each operator's rule is a composition of operators, so what
 * this returns can be evaluated, serialised, and differentiated again.
 *
 *   x̄ = Σ over uses y of x:  (∂y/∂x)ᵀ ȳ        visited from the output back, each tensor once, when all its uses are known
 */
import { ancestors, isFloat, type Operands, type Tensor } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { sameShape, show } from "./shapes.ts";

/**
 * dL/d(x) for each x of `wrt`, where L = Σ seed·output; without a seed the output must be a scalar, and the seed is 1.
 * Only tensors on a path from `wrt` to the output are visited. An x without such a path has zeros for its gradient.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
  const { graph } = output;
  if (!isFloat(output.dtype)) {
    throw new TypeError(`Cannot differentiate ${output} as only float32 and float64 have derivatives`);
  }
  if (!seed && output.size !== 1) {
    throw new RangeError(
      `Cannot differentiate ${output} without a seed as it has ${output.size} elements: reduce it to a scalar, or pass dL/d(output) as seed`,
    );
  }
  if (seed && !sameShape(seed.shape, output.shape)) {
    throw new RangeError(
      `Cannot differentiate ${output} as the seed must have its shape: seed is ${show(seed.shape)}`,
    );
  }

  const asked = new Set(wrt);
  const onPath = new Set<Tensor>();
  const order = ancestors([output]);
  for (const tensor of order) {
    const reached =
      tensor.origin.kind === "call" && tensor.origin.call.inputs.some((input) => onPath.has(input));
    if (asked.has(tensor) || (reached && isFloat(tensor.dtype))) onPath.add(tensor);
  }

  const known = new Map<Tensor, Tensor>([[output, seed ?? ops.constantLike(output, 1, output.shape)]]);
  for (const tensor of order.reverse()) {
    const gradient = known.get(tensor);
    if (!gradient || !onPath.has(tensor) || tensor.origin.kind !== "call") continue;
    const { operator, inputs, attributes } = tensor.origin.call;
    const call = { inputs: inputs as unknown as Operands, attributes, output: tensor, gradient };
    graph.scope(`gradient/${tensor.name}`, () => {
      for (const [k, input] of inputs.entries()) {
        if (!onPath.has(input)) continue;
        const rule = operator.gradient[Math.min(k, operator.gradient.length - 1)];
        const part = rule?.(call, ops, k) ?? null;
        if (!part) continue;
        if (!sameShape(part.shape, input.shape)) {
          throw new RangeError(
            `Cannot differentiate ${operator.name}: its rule ${k} gave ${show(part.shape)} for an input ${show(input.shape)}`,
          );
        }
        const sum = known.get(input);
        known.set(input, sum ? ops.add(sum, part) : part);
      }
    });
  }
  return wrt.map((x) => known.get(x) ?? ops.constantLike(x, 0, x.shape));
}
