/**
 * Heavy-ball momentum in the three forms in use, told apart by where the learning rate and the factor 1 − μ stand:
 *
 *   torch      b ← μb + (1−τ)g    θ ← θ − ηb     lr outside the buffer, the first buffer is g undampened
 *   averaged   b ← μb + (1−μ)g    θ ← θ − ηb     the lectures' form: b is an average, its step 1 − μ times torch's
 *   keras      b ← μb − ηg        θ ← θ + b      Sutskever's: a change of lr reaches only gradients still to come
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "momentum";
const state = ["b"];

export const momentumForms = {
  torch: {
    name,
    summary: "Step along a decaying sum of gradients, which keeps going where gradients agree.",
    hyper: { lr: 1e-2, momentum: 0.9, dampening: 0 },
    state,
    update: `
    b = where(t == 1, g, momentum * b + (1 - dampening) * g)
    theta = theta - lr * b`,
    source: "Polyak 1964; torch.optim.SGD with momentum (first buffer undampened)",
  },
  averaged: {
    name,
    summary: "Step along a running average of gradients, which keeps going where gradients agree.",
    hyper: { lr: 1e-2, momentum: 0.9 },
    state,
    update: `
    b = momentum * b + (1 - momentum) * g
    theta = theta - lr * b`,
    source: "Polyak 1964, written as an average; Adam's m without its correction",
  },
  keras: {
    name,
    summary: "Move with a velocity that decays and is pushed against each gradient.",
    hyper: { lr: 1e-2, momentum: 0.9 },
    state,
    update: `
    b = momentum * b - lr * g
    theta = theta + b`,
    source: "Sutskever et al. 2013, equations 1 and 2; keras.optimizers.SGD with momentum",
  },
} as const satisfies Record<string, RuleDeclaration>;

export const momentum = rule(momentumForms.torch);
