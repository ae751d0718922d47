/**
 * DeepOBS' variational autoencoder: three convolutions down to a Gaussian code of 8, two dense layers and three transposed convolutions
 * back. Its loss is the squared error of the pixels, summed, and the divergence of the code from N(0, 1).
 *
 *   z = μ + σ ε      L = Σ (x − x̂)² − ½ Σ (1 + log σ² − μ² − σ²)      a mean over the batch
 *
 * The code is drawn in evaluations too. Source: github.com/fsschneider/DeepOBS, _vae.py, mnist_vae.py (leaky rectifiers of slope 0.3,
 * dropout of 0.2; TensorFlow's default starting values, Glorot's uniform, and its padding "same").
 */
import { add, exp, flatten, mul, neg, reduceSum, reshape, sigmoid, sub, type Tensor } from "@thalweg/graph";
import { leakyRelu, relu } from "../activations.ts";
import { network, sequential } from "../composition.ts";
import { conv2d, convTranspose2d } from "../convolution.ts";
import { xavierUniform, zeros } from "../initializers.ts";
import { dropout, linear } from "../layers.ts";
import type { Module } from "../module.ts";
import { normalNoise } from "../noise.ts";
import type { VaeOutput } from "./vae.ts";

const start = { weight: xavierUniform(), bias: zeros };
const LATENT = 8;
/** A kernel of 4 at stride 1 keeps a size with three rows more: one before, two after. */
const UNEVEN = [1, 1, 2, 2] as const;

/** Images [B, 1, 28, 28] in [0, 1] → the reconstruction's logits [B, 784] and its code. */
export const deepobsVae = (): Module<Tensor, VaeOutput> =>
  network(
    {
      encoder: sequential(
        ...[conv2d(1, 64, 4, { stride: 2, padding: 1, ...start }), leakyRelu(0.3), dropout(0.2)], // 14
        ...[conv2d(64, 64, 4, { stride: 2, padding: 1, ...start }), leakyRelu(0.3), dropout(0.2)], // 7
        ...[conv2d(64, 64, 4, { padding: UNEVEN, ...start }), leakyRelu(0.3), dropout(0.2)],
      ),
      mean: linear(7 * 7 * 64, LATENT, start),
      logVariance: linear(7 * 7 * 64, LATENT, start),
      dense1: linear(LATENT, 24, start),
      dense2: linear(24, 49, start),
      decoder: sequential(
        ...[convTranspose2d(1, 64, 4, { stride: 2, padding: 1, ...start }), relu(), dropout(0.2)], // 14
        ...[convTranspose2d(64, 64, 4, { padding: UNEVEN, ...start }), relu(), dropout(0.2)],
        ...[convTranspose2d(64, 64, 4, { padding: UNEVEN, ...start }), relu()],
      ),
      dense3: linear(14 * 14 * 64, 784, start),
    },
    (x, children, context) => {
      const { encoder, dense1, dense2, decoder, dense3 } = children;
      const rectify = (z: Tensor) => leakyRelu(0.3).forward(z, context);
      const hidden = flatten(encoder(x), 1);
      const [mean, logVariance] = [children.mean(hidden), children.logVariance(hidden)];
      const noise = normalNoise(context, "noise", mean.shape);
      const code = add(mean, mul(exp(mul(logVariance, 0.5)), noise));
      const seed = rectify(dense2(rectify(dense1(code)))); // (B, 49)
      const grown = decoder(reshape(seed, [x.shape[0]!, 1, 7, 7]));
      return { logits: dense3(flatten(grown, 1)), mean, logVariance };
    },
  );

/** L of the reconstruction of x, [B, 1, 28, 28]. */
export function squaredEvidenceLoss({ logits, mean, logVariance }: VaeOutput, x: Tensor): Tensor {
  const off = sub(sigmoid(logits), flatten(x, 1));
  const inner = sub(sub(add(logVariance, 1), mul(mean, mean)), exp(logVariance));
  const divergence = mul(neg(reduceSum(inner)), 0.5);
  return mul(add(reduceSum(mul(off, off)), divergence), 1 / x.shape[0]!);
}
