/**
 * What can be computed once for a whole plane. With θ(c) = θ₀ + Σ c_k v_k, the first linear layer is affine in c,
 *
 *   z(c) = X (W₀ + Σ c_k D_k) + b₀ + Σ c_k e_k = z₀ + Σ c_k z_k
 *
 * so its product with the examples is needed once for θ₀ and once for each direction, and each point costs an addition: of the MLP
 * 784-128-64-10 that is 92 % of the work. Layers before the first one that moves need one pass altogether. Both are found by asking of
 * every tensor of the graph whether it stands still on the family, is affine in c, or bends; where what bends begins, the graph is cut,
 * and what lies before the cut is an input of the rest. Exact, up to the rounding of a sum of k + 1 terms.
 */
import { type Application, add, ancestors, mul, type Tensor } from "@thalweg/graph";

export type Motion = "still" | "affine" | "bent";

export interface Cut {
  /** What is computed once per chunk of examples. */
  readonly ahead: readonly CutTensor[];
  /** The outputs, computed from the cut tensors. */
  readonly outputs: readonly Tensor[];
  /** c₁, the coordinate along a row, as an input [1]; unused where nothing affine is cut. */
  readonly step: Tensor;
}

export interface CutTensor {
  /** As it stands in the whole graph. */
  readonly tensor: Tensor;
  readonly motion: "still" | "affine";
  /** Inputs that stand for it: z₀ + Σ_{k>1} c_k z_k, and for an affine one z₁, which `step` multiplies. */
  readonly base: Tensor;
  readonly slope?: Tensor;
}

/** All operands still, or these may be affine. */
type MotionRule = (motions: readonly Motion[]) => Motion;

const linear: MotionRule = (motions) => worst(motions);
/** A product of the first two operands, of which one must be still; further ones are added. */
const bilinear: MotionRule = (motions) =>
  motions[0] === "affine" && motions[1] === "affine" ? "bent" : worst(motions);
const inFirst: MotionRule = ([first, ...others]) =>
  others.every((motion) => motion === "still") ? first! : "bent";

const ORDER: Readonly<Record<Motion, number>> = { still: 0, affine: 1, bent: 2 };
const worst = (motions: readonly Motion[]): Motion =>
  motions.reduce((a, b) => (ORDER[b] > ORDER[a] ? b : a), "still" as Motion);

const RULES: Readonly<Record<string, MotionRule>> = {
  MatMul: bilinear,
  Gemm: bilinear,
  Conv: bilinear,
  ConvTranspose: bilinear,
  Mul: bilinear,
  Div: inFirst,
  Gather: inFirst,
  Add: linear,
  Sub: linear,
  Neg: linear,
  Concat: linear,
  Identity: linear,
  Reshape: linear,
  Transpose: linear,
  Squeeze: linear,
  Unsqueeze: linear,
  Expand: linear,
  Slice: linear,
  ReduceSum: linear,
  ReduceMean: linear,
  AveragePool: linear,
  GlobalAveragePool: linear,
};

/** Operators that only look at their operand another way. */
const VIEWS = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/**
 * Multiply-adds that one element of an affine cut must save. An element of a product costs a twentieth of what two elementwise
 * operators cost that read and write memory, so a first convolution of 27 terms is not worth keeping and a layer of 784 is.
 */
const LEAST_SAVED = 64;

/**
 * Cut the graph of `outputs`. `motionOf` tells of each graph input how it moves; `examples` are those that change with the examples: what
 * depends on none of them is computed again at every point, as it costs little.
 */
export function cutAhead(
  outputs: readonly Tensor[],
  motionOf: (input: Tensor) => Motion,
  examples: ReadonlySet<Tensor>,
): Cut {
  const order = ancestors(outputs);
  const graph = order[0]!.graph;
  const motions = new Map<Tensor, Motion>();
  const ofExamples = new Set<Tensor>();
  for (const tensor of order) {
    const { origin } = tensor;
    if (origin.kind !== "call") {
      motions.set(tensor, origin.kind === "input" ? motionOf(tensor) : "still");
      if (examples.has(tensor)) ofExamples.add(tensor);
      continue;
    }
    const { operator, inputs } = origin.call;
    const operands = inputs.map((input) => motions.get(input)!);
    const still = operands.every((motion) => motion === "still") && operator.distinct !== true;
    motions.set(tensor, still ? "still" : (RULES[operator.name]?.(operands) ?? "bent"));
    if (inputs.some((input) => ofExamples.has(input))) ofExamples.add(tensor);
  }

  const ends = frontier(order, outputs, motions);
  const step = graph.input("ahead/step", [1]);
  const ahead: CutTensor[] = [];
  for (const tensor of ends) {
    const motion = motions.get(tensor)!;
    const isCut =
      ofExamples.has(tensor) &&
      tensor.dtype === "float32" &&
      tensor.origin.kind === "call" &&
      pays(tensor, motion);
    if (!isCut || motion === "bent") continue;
    const name = `ahead/${ahead.length}`;
    const base = graph.input(`${name}/base`, tensor.shape);
    ahead.push({
      tensor,
      motion,
      base,
      ...(motion === "affine" && { slope: graph.input(`${name}/slope`, tensor.shape) }),
    });
  }
  const replaced = new Map<Tensor, Tensor>(
    ahead.map(({ tensor, base, slope }) => [tensor, slope ? add(base, mul(slope, step)) : base]),
  );
  return { ahead, outputs: rebuild(order, outputs, replaced), step };
}

/** Tensors that do not bend and are read by what does, or are outputs. */
function frontier(
  order: readonly Tensor[],
  outputs: readonly Tensor[],
  motions: ReadonlyMap<Tensor, Motion>,
): Set<Tensor> {
  const ends = new Set(outputs.filter((tensor) => motions.get(tensor) !== "bent"));
  for (const { origin } of order) {
    if (origin.kind !== "call" || motions.get(origin.call.outputs[origin.output]!) === "still") continue;
    const reader = motions.get(origin.call.outputs[origin.output]!);
    for (const input of origin.call.inputs) {
      const motion = motions.get(input)!;
      if (reader === "bent" && motion !== "bent") ends.add(input);
    }
  }
  return ends;
}

function pays(tensor: Tensor, motion: Motion): boolean {
  const calls = new Set<Application>();
  for (const { origin } of ancestors([tensor])) if (origin.kind === "call") calls.add(origin.call);
  if (motion === "still") return [...calls].some(({ operator }) => !VIEWS.has(operator.name));
  const work = [...calls].reduce((sum, call) => sum + multiplications(call), 0);
  return work >= LEAST_SAVED * tensor.size;
}

function multiplications({ operator: { name }, inputs, outputs, attributes }: Application): number {
  const [a, b] = inputs;
  const size = outputs[0]!.size;
  if (name === "MatMul") return size * a!.shape.at(-1)!;
  if (name === "Gemm") return size * a!.shape[attributes.transA === 1 ? 0 : 1]!;
  if (name === "Conv") return (size * b!.size) / b!.shape[0]!;
  return 0;
}

/** The outputs once more, with some tensors replaced by others. */
function rebuild(
  order: readonly Tensor[],
  outputs: readonly Tensor[],
  replaced: Map<Tensor, Tensor>,
): Tensor[] {
  const whole = new Map<Tensor, Tensor>(replaced);
  for (const tensor of order) {
    const { origin } = tensor;
    if (whole.has(tensor) || origin.kind !== "call") continue;
    const inputs = origin.call.inputs.map((input) => whole.get(input) ?? input);
    if (inputs.every((input, k) => input === origin.call.inputs[k])) continue;
    const again = tensor.graph.reapply(origin.call, inputs);
    origin.call.outputs.forEach((output, k) => {
      if (!whole.has(output)) whole.set(output, again[k]!);
    });
  }
  return outputs.map((output) => whole.get(output) ?? output);
}
