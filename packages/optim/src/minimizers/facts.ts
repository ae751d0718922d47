/** What a run must know of an objective besides answers, and whether a method can run on it. */
import type { Method, Need } from "./method.ts";
import type { AsyncObjective, Bounds, Nonsmooth, Vector } from "./objective.ts";

export interface Facts {
  readonly name: string;
  readonly dimension: number;
  readonly offers: readonly Need[];
  readonly bounds?: Bounds;
  readonly nonsmooth?: Nonsmooth;
  readonly residualCount?: number;
  readonly componentCount?: number;
  readonly inside?: (at: Vector) => boolean;
}

/** What the objective offers, by the functions that it has. */
export function factsOf(objective: AsyncObjective): Facts {
  const { name, dimension, bounds, nonsmooth, inside, residuals, components } = objective;
  const has: Readonly<Record<Need, unknown>> = {
    gradient: objective.gradient,
    hessian: objective.hessian,
    product: objective.product,
    residuals,
    components,
    prox: nonsmooth,
    bounds,
  };
  return {
    name,
    dimension,
    offers: (Object.keys(has) as Need[]).filter((need) => has[need] !== undefined),
    ...(bounds && { bounds }),
    ...(nonsmooth && { nonsmooth }),
    ...(inside && { inside }),
    ...(residuals && { residualCount: residuals.count }),
    ...(components && { componentCount: components.count }),
  };
}

/** Why a method cannot run on an objective, to follow "as"; undefined where it can. */
export function refusal(
  method: Method,
  { name, offers }: Pick<Facts, "name" | "offers">,
): string | undefined {
  const missing = method.needs.find((need) => !offers.includes(need));
  if (missing !== undefined) return `it needs ${WORDS[missing]}, which ${name} does not offer`;
  const differentiates = method.needs.some((need) => need !== "bounds" && need !== "prox");
  if (offers.includes("prox") && differentiates && !method.needs.includes("prox")) {
    return `${name} is not differentiable: use a proximal method, or one that asks for values alone`;
  }
  return undefined;
}

const WORDS: Readonly<Record<Need, string>> = {
  gradient: "gradients",
  hessian: "Hessians",
  product: "Hessian products",
  residuals: "residuals and their Jacobian",
  components: "a finite sum's components",
  prox: "a nonsmooth part with a proximal map",
  bounds: "bounds",
};
