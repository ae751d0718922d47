/**
 * Adam with Nesterov's momentum. Three algorithms share the name: torch warms the momentum up slowly (0.96^(t ψ) with ψ =
 * 0.004), Keras quickly (ψ = 1), both correct by the product P of all momenta so far; optax keeps β₁ constant.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const summary = "Adam whose momentum looks one step ahead.";
const hyper = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const averages = `
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2`;
const divided = "/ (sqrt(v / (1 - beta2^t)) + eps)";
const warmed = { m: {}, v: {}, P: { shape: "scalar", initial: "1" } } as const;
const warmedUp = (psi: string) => `
    mu = beta1 * (1 - 0.5 * 0.96^(t${psi}))
    muNext = beta1 * (1 - 0.5 * 0.96^((t + 1)${psi}))
    P = P * mu${averages}
    theta = theta - lr * ((1 - mu) / (1 - P) * g + muNext / (1 - P * muNext) * m) ${divided}`;

/** Everything but the name, by dialect; nadamw puts decay before it. */
export const nadamDialects = {
  torch: {
    name: "nadam",
    summary,
    hyper: { ...hyper, lr: 2e-3, momentumDecay: 4e-3 },
    state: warmed,
    update: warmedUp(" * momentumDecay"),
    source: "Dozat 2016, Algorithm 8; torch.optim.NAdam (since 1.13.1, where P was mended)",
  },
  keras: {
    name: "nadam",
    summary,
    hyper: { ...hyper, eps: 1e-7 },
    state: warmed,
    update: warmedUp(""),
    source: "Dozat 2016, Algorithm 8; keras.optimizers.Nadam",
  },
  optax: {
    name: "nadam",
    summary,
    hyper,
    state: ["m", "v"],
    update: `${averages}
    theta = theta - lr * (beta1 * m / (1 - beta1^(t + 1)) + (1 - beta1) * g / (1 - beta1^t)) ${divided}`,
    source: "Dozat 2016; optax.nadam, the form of AlgoPerf's baseline",
  },
} as const satisfies Record<string, RuleDeclaration>;

export const nadam = rule(nadamDialects.torch);
