/** The datasets that are computed, as entries of the catalogue. */
import { deepLinear } from "./deep-linear.ts";
import { digitsScaled } from "./digits-scaled.ts";
import { hmmText } from "./hmm-text.ts";
import type { Maker } from "./made.ts";
import { matrixFactorization } from "./matrix-factorization.ts";
import { poisson } from "./poisson.ts";
import { pooled, pooledWithNoise } from "./pooled.ts";
import { quadDeep } from "./quad-deep.ts";
import { spiral } from "./spiral.ts";

/** A dataset of bytes whose brightest pixel is 1, and whose darkest is 0. */
const unit =
  (name: string): Maker =>
  async (load) => {
    const { classes, maximum, train, test } = await load(name);
    return { classes, maximum, mean: 0, std: 1, train, test };
  };

interface MadeEntry {
  readonly title: string;
  readonly licence: string;
  readonly make: Maker;
}

/** What is drawn here belongs to nobody. */
const OWN = "drawn here from a seed: CC0";

export const made: Readonly<Record<string, MadeEntry>> = {
  "quad-deep": {
    title: "Points of DeepOBS' quadratic_deep, 100 dimensions (1000 + 896 + 896)",
    licence: "MIT (DeepOBS), drawn here from its seeds",
    make: quadDeep,
  },
  spiral: { title: "Two arms of a spiral in the plane (1000 + 500 + 1000)", licence: OWN, make: spiral },
  "deep-linear": {
    title: "A linear teacher's answers to inputs of condition 10⁴, 32 dimensions (4096 + 1024 + 1024)",
    licence: OWN,
    make: deepLinear,
  },
  "matrix-factorization": {
    title: "A fifth of a noisy 128×128 matrix of rank 8 (3277 + 1000 + 2000 entries)",
    licence: OWN,
    make: matrixFactorization,
  },
  poisson: {
    title: "Points of the unit square with Poisson's equation (4096 + 1024 + 1024)",
    licence: OWN,
    make: poisson,
  },
  "hmm-text": {
    title: "Text of a hidden Markov chain with known entropy, 32 symbols (4096 + 512 + 512 pieces of 32)",
    licence: OWN,
    make: hmmText,
  },
  "digits-scaled": {
    title: "digits with pixels scaled by 10^U(−2, 1) (1437 + 360)",
    licence: "as digits",
    make: digitsScaled,
  },
  mnist14: {
    title: "MNIST pooled to 14×14, small (6 000 + 2 000 + 2 000)",
    licence: "as mnist",
    make: pooled("mnist"),
  },
  "mnist14-noisy": {
    title: "mnist14 with one in ten training labels wrong (6 000 + 2 000 + 2 000)",
    licence: "as mnist",
    make: pooledWithNoise("mnist"),
  },
  "mnist-unit": {
    title: "MNIST with pixels in [0, 1], not normalised (60 000 + 10 000)",
    licence: "as mnist",
    make: unit("mnist"),
  },
  "fashion-mnist-unit": {
    title: "Fashion-MNIST with pixels in [0, 1], not normalised (60 000 + 10 000)",
    licence: "as fashion-mnist",
    make: unit("fashion-mnist"),
  },
  fmnist14: {
    title: "Fashion-MNIST pooled to 14×14, small (6 000 + 2 000 + 2 000)",
    licence: "as fashion-mnist",
    make: pooled("fashion-mnist"),
  },
};
