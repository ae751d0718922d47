/**
 * Reverse-mode differentiation. The gradient is more graph: each operator's rule is a composition of operators, so what
 * this returns can be evaluated, serialised, and differentiated again.
 *
 *   x̄ = Σ over uses y of x:  (∂y/∂x)ᵀ ȳ        visited from the output back, each tensor once, when all its uses are known
 */
import { type Application, ancestors, isFloat, type Operands, type Tensor } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { sameShape, show } from "./shapes.ts";

/**
 * dL/d(x) for each x of `wrt`, where L = Σ seed·output; without a seed the output must be a scalar, and the seed is 1.
 * Only tensors on a path from `wrt` to the output are visited. An x without such a path has zeros for its gradient.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
  const { graph } = output;
  if (!isFloat(output.dtype)) {
    throw new TypeError(`Cannot differentiate ${output} as only float tensors have derivatives`);
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
    if (tensor.origin.kind !== "call" || !onPath.has(tensor)) continue;
    const { call } = tensor.origin;
    // the outputs of a call come one after another: when its first one on the path comes, the gradients of all are known
    if (call.outputs.find((output) => onPath.has(output)) !== tensor) continue;
    const outputGradients = call.outputs.map((output) => known.get(output) ?? null);
    if (outputGradients.every((gradient) => gradient === null)) continue;
    graph.scope(`gradient/${tensor.name}`, () => {
      for (const [k, input] of call.inputs.entries()) {
        if (!onPath.has(input)) continue;
        const part = partOf(call, outputGradients, k);
        if (!part) continue;
        if (!sameShape(part.shape, input.shape)) {
          throw new RangeError(
            `Cannot differentiate ${call.operator.name}: its rule ${k} gave ${show(part.shape)} for an input ${show(input.shape)}`,
          );
        }
        const sum = known.get(input);
        known.set(input, sum ? ops.add(sum, part) : part);
      }
    });
  }
  return wrt.map((x) => known.get(x) ?? ops.constantLike(x, 0, x.shape));
}

/** What flows back to input k: by its own rule, or by the last one. */
function partOf(
  { operator, inputs, attributes, outputs }: Application,
  outputGradients: readonly (Tensor | null)[],
  k: number,
): Tensor | null {
  const operands = inputs as unknown as Operands;
  const last = operator.gradient.length - 1;
  if ("inferAll" in operator) {
    const rule = operator.gradient[Math.min(k, last)];
    return rule?.({ inputs: operands, attributes, outputs, gradients: outputGradients }, ops, k) ?? null;
  }
  const rule = operator.gradient[Math.min(k, last)];
  const call = { inputs: operands, attributes, output: outputs[0]!, gradient: outputGradients[0]! };
  return rule?.(call, ops, k) ?? null;
}
