/** Transforms by name: each takes its hyperparameters and gives a link for `chain`. */
import type { LinkCatalogue, LinkEntry } from "../catalogue.ts";
import { adaptiveGradientClip } from "./adaptive-gradient-clip.ts";
import { adaptiveGradientClipByTensor } from "./adaptive-gradient-clip-by-tensor.ts";
import { addDecayedWeights } from "./add-decayed-weights.ts";
import { addGradientNoise } from "./add-gradient-noise.ts";
import { addL1 } from "./add-l1.ts";
import { cautiousDecay } from "./cautious-decay.ts";
import { centralizeGradient } from "./centralize-gradient.ts";
import { clipByBlockRms } from "./clip-by-block-rms.ts";
import { clipByGlobalNorm } from "./clip-by-global-norm.ts";
import { clipByNorm } from "./clip-by-norm.ts";
import { clipByValue } from "./clip-by-value.ts";
import { decoupledDecay } from "./decoupled-decay.ts";
import { fullyDecoupledDecay } from "./fully-decoupled-decay.ts";
import { keepNonNegative } from "./keep-non-negative.ts";
import { larc, larcScaling, withLarc } from "./larc.ts";
import { maximize } from "./maximize.ts";
import { projectOntoBall } from "./project-onto-ball.ts";
import { projectOntoBox } from "./project-onto-box.ts";
import { softThreshold } from "./soft-threshold.ts";

export {
  adaptiveGradientClip,
  adaptiveGradientClipByTensor,
  addDecayedWeights,
  addGradientNoise,
  addL1,
  cautiousDecay,
  centralizeGradient,
  clipByBlockRms,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  decoupledDecay,
  fullyDecoupledDecay,
  keepNonNegative,
  larc,
  larcScaling,
  maximize,
  projectOntoBall,
  projectOntoBox,
  softThreshold,
  withLarc,
};

export const transformCatalogue = {
  clipByValue: {
    family: "clipping",
    make: clipByValue,
    use: "Heavy-tailed gradients where single elements explode, as in recurrent networks.",
    watch:
      "It bends the direction of the gradient. The limit is in gradient units: look at their size first.",
  },
  clipByNorm: {
    family: "clipping",
    make: clipByNorm,
    use: "One layer explodes now and then and should not slow the others down.",
    watch: "One bound for tensors of all sizes: large ones are clipped in every step, small ones never.",
  },
  clipByGlobalNorm: {
    family: "clipping",
    make: clipByGlobalNorm,
    use: "The usual guard for transformers and recurrent networks, with maxNorm 1.",
    watch:
      "A rule that divides by the gradient's own scale, such as adam, mostly undoes a clip that is always on. One gradient that is not finite makes all of them so.",
  },
  clipByBlockRms: {
    family: "clipping",
    make: clipByBlockRms,
    use: "A bound that means the same for tensors of all sizes.",
    watch: "It bounds the gradient; Adafactor bounds its update, which has root mean square 1 by itself.",
  },
  adaptiveGradientClip: {
    family: "clipping",
    make: adaptiveGradientClip,
    use: "Networks without normalisation and with large batches, with momentum.",
    watch:
      "Leave the last layer out, as its authors do. It works row by row, so that the chain is not fused: adaptiveGradientClipByTensor is.",
  },
  adaptiveGradientClipByTensor: {
    family: "clipping",
    make: adaptiveGradientClipByTensor,
    use: "Adaptive clipping at the speed of a fused kernel.",
    watch: "It is not the published rule: one exploding unit holds back its whole tensor.",
  },
  larc: {
    family: "clipping",
    make: larc,
    use: "Large batches with momentum: a learning rate per tensor, never above the rule's own.",
    watch: "Its decay is its own: set the rule's to 0, or use withLarc. Do not clip by norm as well.",
  },
  larcScaling: {
    family: "gradient",
    make: larcScaling,
    use: "LARS for any rule: lr is then a factor of the relative step.",
    watch: "Its decay is its own: set the rule's to 0, or use withLarc. Warm lr up.",
  },
  centralizeGradient: {
    family: "gradient",
    make: centralizeGradient,
    use: "Image classification with momentum: a regulariser without a number to tune.",
    watch:
      "It works row by row, so that the chain is not fused. The mean of a unit's weights then never moves.",
  },
  addGradientNoise: {
    family: "gradient",
    make: addGradientNoise,
    use: "Very deep or badly initialised networks that get stuck early.",
    watch:
      "The same seed gives the same noise: change the optimizer's seed with the run's. Put it after clipping, or the noise is clipped too.",
  },
  maximize: {
    family: "gradient",
    make: maximize,
    use: "Rewards, likelihoods, and the inner loop of an adversary.",
    watch:
      "Put it first: decay that comes before it is climbed as well. It does not reach the gradients of phases (sam, svrg): negate those yourself.",
  },
  addDecayedWeights: {
    family: "decay",
    make: addDecayedWeights,
    use: "L2 regularisation with sgd and momentum.",
    watch:
      "Before an adaptive rule it is divided by the gradient's scale like the rest and hardly regularises: use decoupledDecay.",
  },
  addL1: {
    family: "decay",
    make: addL1,
    use: "L1 as it is written in a loss, to compare with other tools.",
    watch:
      "Nothing becomes exactly zero, and adaptive rules divide it by the gradient's scale: use softThreshold.",
  },
  softThreshold: {
    family: "decay",
    make: softThreshold,
    use: "Weights that should be zero: sparse models, ISTA.",
    watch: "The threshold per step is lr · l1. Leave biases and norms out by a group.",
  },
  decoupledDecay: {
    family: "decay",
    make: decoupledDecay,
    use: "AdamW's decay for any rule: chain(decoupledDecay(), rule).",
    watch: "The decay per step is lr · weightDecay: it follows lr. Leave biases and norms out by a group.",
  },
  fullyDecoupledDecay: {
    family: "decay",
    make: fullyDecoupledDecay,
    use: "Tuning lr without touching the decay; it follows only the schedule.",
    watch: "weightDecay is the part that is lost per step: about lr times what decoupledDecay wants.",
  },
  cautiousDecay: {
    family: "decay",
    make: cautiousDecay,
    use: "In place of decoupled decay, with the same weightDecay, after lion, adam or muon.",
    watch: "It weighs the rule's whole step: switch the rule's own decay off.",
  },
  keepNonNegative: {
    family: "projection",
    make: keepNonNegative,
    use: "Rates, concentrations, non-negative factorisations.",
    watch: "A parameter at zero stays there as long as its step leads below; momentum goes on pushing.",
  },
  projectOntoBox: {
    family: "projection",
    make: projectOntoBox,
    use: "Parameters with bounds, and weight clipping.",
    watch: "The rule does not know of the bound: its momentum goes on pushing against it.",
  },
  projectOntoBall: {
    family: "projection",
    make: projectOntoBall,
    use: "A bound on the norm of each tensor, instead of decay.",
    watch: "One radius for tensors of all sizes: choose it per group.",
  },
} as const satisfies LinkCatalogue;

/** Every transform by name, as a function of its hyperparameters. */
export const transforms: Readonly<Record<string, LinkEntry["make"]>> = Object.fromEntries(
  Object.entries(transformCatalogue).map(([name, { make }]) => [name, make]),
);
