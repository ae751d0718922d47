/** Muon whose rows are brought to one scale by a running mean square per neuron, with the size of the update kept. */
import { rule } from "../../rule.ts";
import { muonFallback } from "./muon.ts";

export const normuon = rule({
  name: "normuon",
  summary: "Muon with a step size per row.",
  hyper: { lr: 0.02, momentum: 0.95, beta2: 0.95, eps: 1e-8, weightDecay: 0 },
  state: { b: {}, v: { shape: "rows" } },
  update: `
    b = momentum * b + (1 - momentum) * g
    o = orthogonalize((1 - momentum) * g + momentum * b)
    v = beta2 * v + (1 - beta2) * rowMean(o^2)
    u = o / (sqrt(v) + eps)
    theta = theta * (1 - lr * weightDecay)
    theta = theta - lr * sqrt(max(1, rows(g) / cols(g))) * u * norm(o) / max(norm(u), eps)`,
  minimumRank: 2,
  fallback: muonFallback,
  source: "Li et al., NorMuon, arXiv:2510.05491; microsoft/dion, modded-nanogpt",
});
