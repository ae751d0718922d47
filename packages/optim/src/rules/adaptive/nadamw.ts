/** NAdam with decoupled weight decay. In optax's dialect it is the baseline of the AlgoPerf competition. */
import { type RuleDeclaration, rule } from "../../rule.ts";
import { nadamDialects } from "./nadam.ts";

type Dialect = keyof typeof nadamDialects;

const decayed = (dialect: Dialect, weightDecay: number): RuleDeclaration => {
  const { hyper, state, update, source } = nadamDialects[dialect];
  return {
    name: "nadamw",
    summary: "NAdam that shrinks the parameters directly instead of through the gradient.",
    hyper: { ...hyper, weightDecay },
    state,
    update: `
    theta = theta * (1 - lr * weightDecay)${update}`,
    source: `${source}; decay as in Loshchilov & Hutter, arXiv:1711.05101`,
  };
};

export const nadamwDialects = {
  torch: decayed("torch", 1e-2),
  keras: decayed("keras", 4e-3),
  optax: decayed("optax", 1e-4),
} as const satisfies Record<Dialect, RuleDeclaration>;

export const nadamw = rule(nadamwDialects.torch);
