/**
 * Momentum, orthogonalised: the update has all its singular values near one, so that no direction of a weight matrix is
 * neglected. For the matrices inside a network; vectors, embeddings and the head belong to another rule.
 *
 * A parameter of more than two dimensions is seen as its first dimension by all others together, as the authors do.
 * Weight decay is multiplied by the plain learning rate, not the scaled one.
 */
import type { Choices } from "../../catalogue.ts";
import { type Rule, rule, withHyper } from "../../rule.ts";
import { adamw } from "../adaptive/adamw.ts";

const ITERATIONS = {
  standard: "orthogonalize",
  quintic: "orthogonalizeQuintic",
  polar: "orthogonalizePolar",
};

/** What the orthogonal matrix is multiplied by, besides lr: rows are outputs, cols are inputs. */
const SCALES = {
  original: "sqrt(max(1, rows(g) / cols(g)))",
  "match-rms-adamw": "0.2 * sqrt(max(rows(g), cols(g)))",
  "rms-to-rms": "sqrt(rows(g) / cols(g))",
  none: "1",
};

export const muonChoices = {
  coefficients: ["standard", "quintic", "polar"],
  scale: ["original", "match-rms-adamw", "rms-to-rms", "none"],
  nesterov: [true, false],
} as const;

/** Vectors go to AdamW, with the settings of the authors' auxiliary optimizer. */
export const muonFallback = withHyper(adamw, {
  lr: 3e-4,
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-10,
  weightDecay: 0,
});

export const muonWith = ({ coefficients, scale, nesterov }: Choices): Rule =>
  rule({
    name: "muon",
    summary: "Step along the momentum with its singular values made equal.",
    hyper: { lr: 0.02, momentum: 0.95, weightDecay: 0 },
    state: ["b"],
    update: `
      b = momentum * b + (1 - momentum) * g
      u = ${nesterov === false ? "b" : "(1 - momentum) * g + momentum * b"}
      theta = theta * (1 - lr * weightDecay)
      scale = ${SCALES[scale as keyof typeof SCALES]}
      theta = theta - lr * scale * ${ITERATIONS[coefficients as keyof typeof ITERATIONS]}(u)`,
    minimumRank: 2,
    fallback: muonFallback,
    source:
      "K. Jordan et al., Muon, 2024, KellerJordan/Muon; torch.optim.Muon; scale: Moonshot, arXiv:2502.16982",
  });

export const muon = muonWith({ coefficients: "standard", scale: "original", nesterov: true });
