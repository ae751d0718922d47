/**
 * Reverse-mode differentiation. The gradient is more graph: each operator's rule is a composition of operators, so what
 * this returns can be evaluated, serialised, and differentiated again.
 *
 *   x̄ = Σ over uses y of x:  (∂y/∂x)ᵀ ȳ        visited from the output back, each tensor once, when all its uses are known
 *
 * Products with Jacobians and Hessians are made of it in `transforms/products.ts`.
 */
import { type Application, ancestors, type Composite, isFloat, type Operands, type Tensor } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { sameShape, show } from "./shapes.ts";
import { Accumulation } from "./transforms/accumulate.ts";
import { Recomputation } from "./transforms/checkpoint.ts";

/**
 * dL/d(x) for each x of `wrt`, where L = Σ seed·output; without a seed the output must be a scalar, and the seed is 1.
 * Only tensors on a path from `wrt` to the output are visited. An x without such a path has zeros for its gradient.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
  return vjp([output], wrt, seed && [seed]);
}

/**
 * Jᵀu for several outputs, J = ∂outputs/∂wrt: one tensor for each x of `wrt`, the gradient of Σ cotangent·output. Without
 * cotangents the outputs must be scalars, and all are 1.
 */
export function vjp(
  outputs: readonly Tensor[],
  wrt: readonly Tensor[],
  cotangents?: readonly Tensor[],
): Tensor[] {
  for (const output of outputs) {
    if (!isFloat(output.dtype)) {
      throw new TypeError(`Cannot differentiate ${output} as only float tensors have derivatives`);
    }
    if (!cotangents && output.size !== 1) {
      throw new RangeError(
        `Cannot differentiate ${output} without a seed as it has ${output.size} elements: reduce it to a scalar, or pass dL/d(output) as seed`,
      );
    }
  }
  const seeds = cotangents ?? outputs.map((output) => ops.constantLike(output, 1, output.shape));
  return pullBack(outputs, wrt, seeds, { recompute: true });
}

/** The reverse pass itself. Without `recompute`, blocks marked for checkpointing are differentiated as they stand. */
export function pullBack(
  outputs: readonly Tensor[],
  wrt: readonly Tensor[],
  seeds: readonly Tensor[],
  { recompute }: { recompute: boolean },
): Tensor[] {
  requireSeeds(outputs, seeds);
  const order = ancestors(outputs);
  const onPath = pathsFrom(wrt, order);
  const computed = new Set(wrt.filter(({ origin }) => origin.kind === "call"));
  const again = new Recomputation(recompute ? order : [], outputs);
  const sums = new Map<Tensor, Accumulation>();
  const total = (x: Tensor): Tensor | null => sums.get(x)?.total() ?? null;
  const give = (x: Tensor, part: Tensor) => {
    const sum = sums.get(x) ?? new Accumulation();
    sums.set(x, sum);
    sum.add(part);
  };
  for (const [k, output] of outputs.entries()) give(output, seeds[k]!);
  for (const tensor of order.reverse()) {
    if (tensor.origin.kind !== "call" || !onPath.has(tensor)) continue;
    const { call } = tensor.origin;
    // the outputs of a call come one after another: when its first one on the path comes, the gradients of all are known
    if (call.outputs.find((output) => onPath.has(output)) !== tensor) continue;
    tensor.graph.scope(`gradient/${tensor.name}`, () => {
      const outputGradients = call.outputs.map(total);
      const arrived = outputGradients.find((gradient) => gradient !== null);
      if (!arrived) return;
      const instead = again.insteadFor(tensor, arrived);
      const composite = ruledComposite(tensor, computed);
      for (const { operand, part, rule } of partsOf(call, composite, outputGradients, instead, onPath)) {
        if (!sameShape(part.shape, operand.shape)) {
          throw new RangeError(
            `Cannot differentiate ${call.operator.name}: its rule ${rule} gave ${show(part.shape)} for an input ${show(operand.shape)}`,
          );
        }
        give(operand, part);
      }
    });
  }
  return wrt.map((x) => total(x) ?? ops.constantLike(x, 0, x.shape));
}

function requireSeeds(outputs: readonly Tensor[], seeds: readonly Tensor[]): void {
  if (seeds.length !== outputs.length) {
    throw new RangeError(
      `Cannot differentiate ${outputs.length} outputs as each needs a seed: there are ${seeds.length}`,
    );
  }
  for (const [k, output] of outputs.entries()) {
    if (!sameShape(seeds[k]!.shape, output.shape)) {
      throw new RangeError(
        `Cannot differentiate ${output} as the seed must have its shape: seed is ${show(seeds[k]!.shape)}`,
      );
    }
  }
}

/** Tensors of `order` that depend on `wrt` through floats alone, and `wrt` itself. */
function pathsFrom(wrt: readonly Tensor[], order: readonly Tensor[]): Set<Tensor> {
  const asked = new Set(wrt);
  const onPath = new Set<Tensor>();
  for (const tensor of order) {
    const reached =
      tensor.origin.kind === "call" && tensor.origin.call.inputs.some((input) => onPath.has(input));
    if (asked.has(tensor) || (reached && isFloat(tensor.dtype))) onPath.add(tensor);
  }
  return onPath;
}

interface Part {
  readonly operand: Tensor;
  readonly part: Tensor;
  /** Number of the rule, for messages. */
  readonly rule: number;
}

type RuledComposite = Required<Composite>;

/**
 * The composition that the tensor ends, where it has rules of its own: they pass over what lies inside, so not where the gradient
 * of a tensor inside is asked for.
 */
function ruledComposite(tensor: Tensor, computed: ReadonlySet<Tensor>): RuledComposite | null {
  const composite = tensor.graph.composites.get(tensor);
  if (!composite?.gradient) return null;
  return computed.size > 0 && holdsAny(composite, tensor, computed) ? null : (composite as RuledComposite);
}

/** Whether one of `asked` lies between the operands of a composition and its last tensor. */
function holdsAny({ inputs }: Composite, last: Tensor, asked: ReadonlySet<Tensor>): boolean {
  const seen = new Set(inputs);
  const pending = last.origin.kind === "call" ? [...last.origin.call.inputs] : [];
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (seen.has(tensor)) continue;
    if (asked.has(tensor)) return true;
    seen.add(tensor);
    if (tensor.origin.kind === "call") pending.push(...tensor.origin.call.inputs);
  }
  return false;
}

/**
 * What flows back to each operand on the path: by the operand's own rule, or by the last one. Where the call ends a composition
 * that has rules of its own, it flows to the composition's operands at once.
 */
function partsOf(
  call: Application,
  ruled: RuledComposite | null,
  outputGradients: readonly (Tensor | null)[],
  instead: (x: Tensor) => Tensor,
  onPath: ReadonlySet<Tensor>,
): Part[] {
  const operands = ruled ? ruled.inputs : call.inputs;
  const inputs = operands.map(instead) as unknown as Operands;
  const outputs = call.outputs.map(instead);
  const { attributes } = ruled ?? call;
  const single = { inputs, attributes, output: outputs[0]!, gradient: outputGradients[0]! };
  return operands.flatMap((operand, k) => {
    if (!onPath.has(operand)) return [];
    let part: Tensor | null | undefined;
    if (ruled) part = at(ruled.gradient, k)?.(single, ops, k);
    else if ("inferAll" in call.operator) {
      const several = { inputs, attributes, outputs, gradients: outputGradients };
      part = at(call.operator.gradient, k)?.(several, ops, k);
    } else part = at(call.operator.gradient, k)?.(single, ops, k);
    return part ? [{ operand, part, rule: k }] : [];
  });
}

/** Entry k, or the last one. */
const at = <T>(list: readonly T[], k: number): T | undefined => list[Math.min(k, list.length - 1)];
