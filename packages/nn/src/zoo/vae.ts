/**
 * The variational autoencoder with a hidden layer on either side: a Gaussian encoder and a Bernoulli decoder.
 *
 *   h = tanh(fc1(x))    μ = fc21(h)    log σ² = fc22(h)    z = μ + σ ε    p(x = 1) = σ(fc4(tanh(fc3(z))))
 *   −ELBO = Σ BCE(x, p) + KL(N(μ, σ²) ‖ N(0, 1))            KL = −½ Σ (1 + log σ² − μ² − σ²)
 *
 * Source: Kingma & Welling, arXiv:1312.6114, eq. 10 and appendix C (tanh; weights from N(0, 0.01), hence std 0.1); names as
 * github.com/pytorch/examples, vae.
 */
import { add, exp, mul, neg, reduceSum, sub, type Tensor, tanh } from "@thalweg/graph";
import { network } from "../composition.ts";
import { normal, zeros } from "../initializers.ts";
import { linear } from "../layers.ts";
import { binaryCrossEntropyTerms } from "../losses.ts";
import type { Module } from "../module.ts";
import { normalNoise } from "../noise.ts";

export interface VaeOptions {
  /** Values per example. Default 784, MNIST's. */
  readonly features?: number;
  /** Default 500, the paper's for MNIST. */
  readonly hidden?: number;
  /** Default 20. */
  readonly latent?: number;
  readonly bias?: boolean;
  /** When codes are drawn; otherwise they are their means. Default "training". */
  readonly draws?: "training" | "always";
}

export interface VaeOutput {
  /** Of each value's being 1, [B, features]. */
  readonly logits: Tensor;
  /** Of the code, [B, latent] each. */
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** x in [0, 1], [B, features] → the reconstruction and its code. */
export function vae(options: VaeOptions = {}): Module<Tensor, VaeOutput> {
  const { features = 784, hidden = 500, latent = 20, bias = true, draws = "training" } = options;
  const start = { weight: normal(0, 0.1), bias: bias && zeros };
  return network(
    {
      fc1: linear(features, hidden, start),
      fc21: linear(hidden, latent, start),
      fc22: linear(hidden, latent, start),
      fc3: linear(latent, hidden, start),
      fc4: linear(hidden, features, start),
    },
    (x: Tensor, { fc1, fc21, fc22, fc3, fc4 }, context) => {
      const h = tanh(fc1(x));
      const [mean, logVariance] = [fc21(h), fc22(h)];
      const code =
        context.training || draws === "always"
          ? add(mean, mul(exp(mul(logVariance, 0.5)), normalNoise(context, "noise", mean.shape)))
          : mean;
      return { logits: fc4(tanh(fc3(code))), mean, logVariance };
    },
  );
}

/** −ELBO in nats per example, a mean over the batch. */
export function evidenceLoss({ logits, mean, logVariance }: VaeOutput, x: Tensor): Tensor {
  return logits.graph.scope("evidenceLoss", () => {
    const surprise = reduceSum(binaryCrossEntropyTerms(logits, x));
    const inner = sub(sub(add(logVariance, 1), mul(mean, mean)), exp(logVariance));
    const divergence = mul(neg(reduceSum(inner)), 0.5);
    return mul(add(surprise, divergence), 1 / x.shape[0]!);
  });
}
