/**
 * A variational autoencoder of small MNIST: the evidence lower bound, with codes that are drawn in evaluations too, the same way each
 * time, so that the bound is one and runs are compared on the same draws.
 */
import { cast, flatten as flattenOf, less, mul, sigmoid, sizeOf } from "@thalweg/graph";
import { binaryCrossEntropy, evidenceLoss, vae } from "@thalweg/nn";
import type { Model } from "@thalweg/train";
import { loss, type Task } from "./task.ts";

export const mnist14Vae: Task = {
  name: "mnist14-vae",
  description: "A variational autoencoder of handwritten digits, 14×14 grey",
  dataset: "mnist14",
  architecture: "VAE 196-64-8-64-196, tanh, Gaussian code, Bernoulli pixels",
  model: (shape, _, { bias = true } = {}) => autoencoder(shape, bias),
  batchSize: 64,
  steps: 940, // ten epochs of ⌊6000 / 64⌋ batches, and ten steps
  evaluateEvery: 47,
  validation: 0,
  metric: loss("nat", { target: 43 }),
  evaluationBatch: 1000,
};

/** x [B, …shape] in [0, 1] → −ELBO in nats; labels are not read. */
function autoencoder(shape: readonly number[], bias: boolean): Model {
  const network = vae({ features: sizeOf(shape), hidden: 64, latent: 8, bias, draws: "always" });
  const module: Model["module"] = {
    ...network,
    forward: (x, context) => network.forward(flattenOf(x, 1), context).logits,
  };
  return {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, ...shape], dtype: "float32" },
      labels: { shape: [batchSize], dtype: "int32" },
    }),
    measure: (context, { x }) => {
      const flat = flattenOf(x!, 1);
      return { loss: evidenceLoss(network.forward(flat, context), flat) };
    },
    /** Pixels drawn from the reconstruction: the part of the bound that is a likelihood. */
    sampledLoss: (context, { x }, uniform) => {
      const { logits } = network.forward(flattenOf(x!, 1), context);
      const drawn = cast(less(uniform(logits.shape), sigmoid(logits)), "float32");
      return mul(binaryCrossEntropy(logits, drawn), sizeOf(shape)); // a sum over pixels
    },
  };
}
