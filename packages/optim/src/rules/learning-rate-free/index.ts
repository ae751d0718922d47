/** Rules that find their learning rate, or that need no schedule for it. */
import type { Catalogue } from "../../catalogue.ts";
import { agd, agdWith } from "./agd.ts";
import {
  type DAdaptAdamOptions,
  dAdaptAdagrad,
  dAdaptAdam,
  dAdaptAdamWith,
  dAdaptSgd,
} from "./d-adaptation.ts";
import { type DogOptions, dog, dogWith, dowg, dowgWith } from "./dog.ts";
import { type ProdigyOptions, prodigy, prodigyWith } from "./prodigy.ts";
import { prodigyDualAveraging, prodigyDualAveragingWith, prodigyGd, prodigyGdWith } from "./prodigy-gd.ts";
import {
  scheduleFreeAdamw,
  scheduleFreeAdamwWith,
  scheduleFreeRadam,
  scheduleFreeRadamWith,
  scheduleFreeSgd,
} from "./schedule-free.ts";

export {
  agd,
  agdWith,
  type DAdaptAdamOptions,
  type DogOptions,
  dAdaptAdagrad,
  dAdaptAdam,
  dAdaptAdamWith,
  dAdaptSgd,
  dog,
  dogWith,
  dowg,
  dowgWith,
  type ProdigyOptions,
  prodigy,
  prodigyDualAveraging,
  prodigyDualAveragingWith,
  prodigyGd,
  prodigyGdWith,
  prodigyWith,
  scheduleFreeAdamw,
  scheduleFreeAdamwWith,
  scheduleFreeRadam,
  scheduleFreeRadamWith,
  scheduleFreeSgd,
};

const family = "learning-rate-free";

export const learningRateFree = {
  prodigy: {
    family,
    rule: prodigy,
    choices: {
      biasCorrection: [false, true],
      safeguardWarmup: [false, true],
      ownBeta3: [false, true],
      decay: ["decoupled", "l2"],
    },
    build: (choices) => prodigyWith(choices as ProdigyOptions),
    use: "Where Adam works and its learning rate is not known: with cosine decay or without a schedule.",
    watch:
      "Leave lr at 1 and tune dCoef instead. With a warm-up or restarts set safeguardWarmup. d is one number for all parameters, so a group cannot have a learning rate of its own, only 0.",
  },
  "prodigy-gd": {
    family,
    rule: prodigyGd,
    choices: { average: [false, true] },
    build: ({ average }) => prodigyGdWith({ average: average === true }),
    use: "Convex problems without a learning rate; to see how the estimate d approaches the distance.",
    watch: "d only grows: noise can carry it too far, and then nothing lowers it but the summed gradients.",
  },
  "prodigy-da": {
    family,
    rule: prodigyDualAveraging,
    choices: { average: [false, true] },
    build: ({ average }) => prodigyDualAveragingWith({ average: average === true }),
    use: "As prodigy-gd, in the form whose steps are all measured from the start: steadier under noise.",
    watch: "Every gradient since the first weighs the same, so it forgets nothing: unfit for deep networks.",
  },
  "d-adapt-adam": {
    family,
    rule: dAdaptAdam,
    choices: { biasCorrection: [false, true], decay: ["l2", "decoupled"] },
    build: (choices) => dAdaptAdamWith(choices as DAdaptAdamOptions),
    use: "Adam without a learning rate; prodigy came after it and is usually quicker to find the distance.",
    watch: "Leave lr at 1; scale a group by layerScale. growthRate 1.02 gives a warm-up when it is unstable.",
  },
  "d-adapt-sgd": {
    family,
    rule: dAdaptSgd,
    use: "SGD without a learning rate, for problems where momentum is known to work.",
    watch:
      "The first gradient's norm sets the scale of all steps: an odd first batch misleads it. Leave lr at 1.",
  },
  "d-adapt-adagrad": {
    family,
    rule: dAdaptAdagrad,
    use: "Convex problems with sparse features, without a learning rate.",
    watch: "It adapts more slowly than d-adapt-adam, and its accumulator only grows.",
  },
  dog: {
    family,
    rule: dog,
    choices: { layerwise: [false, true], start: ["distance", "eta"] },
    build: (choices) => dogWith(choices as DogOptions),
    use: "Fine-tuning and convex problems without a learning rate; layerwise for transformers.",
    watch:
      "It must be combined with an average of the parameters. With batch norm set repsRel to 1e-4. It has no momentum and trains from scratch more slowly than tuned SGD.",
  },
  dowg: {
    family,
    rule: dowg,
    choices: { dialect: ["optax", "paper"] },
    build: ({ dialect }) => dowgWith({ dialect: dialect as "optax" | "paper" }),
    use: "Full-batch convex problems without a learning rate, smooth or not.",
    watch: "Its steps are larger than dog's: noisy gradients or deep networks can make it diverge.",
  },
  "schedule-free-sgd": {
    family,
    rule: scheduleFreeSgd,
    use: "Instead of momentum with a schedule, when the number of steps is not known.",
    watch:
      "Evaluate with the view, after recomputing batch norm's statistics. No schedule; warm up by warmupSteps. Its best lr is 10 to 50 times that of momentum.",
  },
  "schedule-free-adamw": {
    family,
    rule: scheduleFreeAdamw,
    choices: { inner: [false, true] },
    build: ({ inner }) => scheduleFreeAdamwWith({ inner: inner === true }),
    use: "Instead of AdamW with a schedule, when the number of steps is not known: good at every step.",
    watch:
      "Evaluate with the view, after recomputing batch norm's statistics. No schedule; set warmupSteps. Its best lr is 1 to 10 times AdamW's; long runs want beta1 0.95 or 0.98.",
  },
  "schedule-free-radam": {
    family,
    rule: scheduleFreeRadam,
    choices: { silent: [true, false] },
    build: ({ silent }) => scheduleFreeRadamWith({ silent: silent === true }),
    use: "As schedule-free-adamw, without a warm-up to choose.",
    watch:
      "Evaluate with the view. While silent, the first steps (4 at beta2 = 0.999) change nothing but the averages.",
  },
  agd: {
    family,
    rule: agd,
    choices: { kernels: ["positions", "whole"] },
    build: ({ kernels }) => agdWith({ kernels: kernels as "positions" | "whole" }),
    use: "Networks of matrices or convolutions without biases, without any tuning.",
    watch:
      "The network must be initialised by initializeForAgd, and no parameter may be a vector. A layer moves whatever the size of its gradient: noise at the end is not damped. Without convolutions choose kernels: whole, which is fused.",
  },
} as const satisfies Catalogue;
