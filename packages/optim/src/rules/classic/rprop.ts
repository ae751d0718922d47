/**
 * Resilient backpropagation: each coordinate has a step of its own, which grows while the sign of its gradient stays and
 * shrinks when it flips. After a flip the coordinate waits one step (iRprop−). Sizes of gradients play no part.
 */
import { rule } from "../../rule.ts";

export const rprop = rule({
  name: "rprop",
  summary: "Step by signs, with a size per coordinate that grows until the sign flips.",
  hyper: { lr: 1e-2, etaMinus: 0.5, etaPlus: 1.2, minStep: 1e-6, maxStep: 50 },
  state: { gOld: {}, s: { initial: "lr" } },
  update: `
    q = sign(g) * sign(gOld)
    s = min(max(s * where(q > 0, etaPlus, where(q < 0, etaMinus, 1)), minStep), maxStep)
    gOld = where(q < 0, 0, g)
    theta = theta - sign(gOld) * s`,
  source: "Riedmiller & Braun 1993; Igel & Hüsken 2000 (iRprop−); torch.optim.Rprop",
});
