/**
 * How close training is to the edge of stability. On a parabola of curvature λ every method has a curvature above which it diverges;
 * full-batch training raises the sharpness λ₁ of the loss until it is there, and then hovers.
 *
 *   gradient descent   λ < 2/η
 *   Polyak             λ < (2 + 2β)/η                   b ← βb + (1 − τ)g, θ ← θ − ηb:  η(1 − τ) for η
 *   Nesterov           λ < (2 + 2β)/(η(1 + 2β))
 *   Adam               λ < (2 + 2β₁)/((1 − β₁)η)        of D⁻¹H, D = √v̂ + ε:  38/η where β₁ = 0.9
 *   RMSProp            λ < 2/η                          of D⁻¹H, D = √v + ε
 *
 * Weight decay is left out: it adds to the curvature of what is minimised, not to that of the loss.
 *
 * Source  Cohen et al., arXiv:2103.00065, section 2 and appendix B; arXiv:2207.14484, section 3, for Adam and RMSProp.
 */
import { dot, type OptimizerState } from "@thalweg/optim";
import { type Eigenpairs, eigenpairs } from "./eigenpairs.ts";
import { type CurvatureOperator, preconditioned } from "./operator.ts";

type Hyper = Readonly<Record<string, number>>;
type State = OptimizerState<Float32Array>["parameters"];

/** The condition of one rule. */
export interface StabilityEdge {
  /** The largest stable curvature, as text. */
  readonly formula: string;
  /** The largest stable curvature at these hyperparameters, of which lr is that of the step. */
  threshold(hyper: Hyper): number;
  /** D of a tensor, for rules whose coordinates are scaled. */
  readonly diagonal?: (hyper: Hyper, state: State[string]) => Float64Array;
}

const gradientDescent: StabilityEdge = { formula: "2/η", threshold: ({ lr }) => 2 / lr! };

const adam: StabilityEdge = {
  formula: "(2 + 2β₁)/((1 − β₁)η)",
  threshold: ({ lr, beta1 }) => (2 + 2 * beta1!) / ((1 - beta1!) * lr!),
  diagonal: ({ beta2, eps }, { slots, step }) =>
    Float64Array.from(slots.v!, (v) => Math.sqrt(v / (1 - beta2! ** step)) + eps!),
};

const EDGES: Readonly<Record<string, StabilityEdge>> = {
  gd: gradientDescent,
  sgd: gradientDescent,
  momentum: {
    formula: "(2 + 2β)/(η(1 − τ))",
    threshold: ({ lr, momentum, dampening }) => (2 + 2 * momentum!) / (lr! * (1 - dampening!)),
  },
  nesterov: {
    formula: "(2 + 2β)/(η(1 + 2β))",
    threshold: ({ lr, momentum }) => (2 + 2 * momentum!) / (lr! * (1 + 2 * momentum!)),
  },
  rmsprop: {
    formula: "2/η",
    threshold: ({ lr }) => 2 / lr!,
    diagonal: ({ eps }, { slots }) => Float64Array.from(slots.v!, (v) => Math.sqrt(v) + eps!),
  },
  adam,
  adamw: adam,
};

/** Hyperparameters by which the form of a rule that the condition is for can be told; other forms have others. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  gd: ["lr"],
  sgd: ["lr"],
  momentum: ["dampening", "lr", "momentum"],
  nesterov: ["lr", "momentum"],
  rmsprop: ["alpha", "eps", "lr"],
  adam: ["beta1", "beta2", "eps", "lr"],
  adamw: ["beta1", "beta2", "eps", "lr", "weightDecay"],
};

/** The condition of a rule; undefined for rules and forms of which none is known. */
export function stabilityEdge({ name, hyper }: { name: string; hyper: Hyper }): StabilityEdge | undefined {
  const known = Object.hasOwn(EDGES, name) && String(Object.keys(hyper).sort()) === String(FORMS[name]);
  return known ? EDGES[name] : undefined;
}

/** What the condition is about: the curvature itself, or in the rule's coordinates by its state. Raises RangeError where there is none. */
export function edgeOperator(
  operator: CurvatureOperator,
  edge: StabilityEdge,
  hyper: Hyper,
  state: State,
): CurvatureOperator {
  const { diagonal: diagonalOf } = edge;
  if (diagonalOf === undefined) return operator;
  const diagonal = new Float64Array(operator.dimension);
  for (const { name, offset, size } of operator.segments ?? []) {
    const own = state[name];
    if (own?.slots.v?.length !== size || !(own.step >= 1)) {
      throw new RangeError(
        `Cannot scale the curvature by the optimizer's state as ${name} must have a mean square of ${size} numbers from at least one step: found ${own?.slots.v?.length ?? "none"}, after ${own?.step ?? 0} steps`,
      );
    }
    diagonal.set(diagonalOf(hyper, own), offset);
  }
  return preconditioned(operator, diagonal);
}

/** λ₁ at one moment of training, and where it stands. */
export interface Sharpness {
  /** λ₁, in the rule's coordinates where it scales them. */
  readonly sharpness: number;
  readonly threshold: number;
  /** λ₁ over the threshold: 1 is the edge. */
  readonly ratio: number;
  /** |cos| of the angle to the vector of the measurement before; NaN at the first. */
  readonly turned: number;
  readonly residual: number;
  readonly products: number;
}

export interface TrackerOptions {
  /** Residual as a share of λ₁; 1e-2 by default, since λ₁ is good to its square. */
  readonly tolerance?: number;
  /** Most products of one measurement; 40 by default. */
  readonly products?: number;
  readonly seed?: number;
}

/** Measures λ₁ again and again while θ moves, each time from the vector found before: a few products instead of dozens. */
export class SharpnessTracker {
  private readonly edge: StabilityEdge;
  private readonly options: TrackerOptions;
  private last: Eigenpairs | undefined;

  constructor(edge: StabilityEdge, options: TrackerOptions = {}) {
    this.edge = edge;
    this.options = options;
  }

  /** Of the curvature that `edgeOperator` gives now. */
  async measure(operator: CurvatureOperator, hyper: Hyper): Promise<Sharpness> {
    const { tolerance = 1e-2, products = 40, seed = 0 } = this.options;
    const before = this.last?.vectors;
    const found = await eigenpairs(operator, { tolerance, products, seed, ...(before && { start: before }) });
    this.last = found;
    const threshold = this.edge.threshold(hyper);
    return {
      sharpness: found.values[0]!,
      threshold,
      ratio: found.values[0]! / threshold,
      turned: before === undefined ? Number.NaN : Math.abs(dot(before[0]!, found.vectors[0]!)),
      residual: found.residuals[0]!,
      products: found.products,
    };
  }
}
