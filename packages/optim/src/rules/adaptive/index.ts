/** A learning rate per coordinate, from running averages of squared gradients. */
import type { Catalogue } from "../../catalogue.ts";
import { chosenBy, yesOrNo } from "../chosen-by.ts";
import type { Decay } from "../decay.ts";
import { adabelief, adabeliefForms } from "./adabelief.ts";
import { adabound, adaboundForms } from "./adabound.ts";
import { adadelta, adadeltaDialects } from "./adadelta.ts";
import { adagrad, adagradDialects } from "./adagrad.ts";
import { adam, adamDialects } from "./adam.ts";
import { adamax, adamaxDialects } from "./adamax.ts";
import { type AdamwDialect, adamw, adamwWith } from "./adamw.ts";
import { adan, adanDecays } from "./adan.ts";
import { ademamix } from "./ademamix.ts";
import { adopt, adoptForms } from "./adopt.ts";
import { amsgrad, amsgradDialects } from "./amsgrad.ts";
import { madgrad } from "./madgrad.ts";
import { nadam, nadamDialects } from "./nadam.ts";
import { nadamw, nadamwDialects } from "./nadamw.ts";
import { novograd } from "./novograd.ts";
import { radam } from "./radam.ts";
import { radamw } from "./radamw.ts";
import { type RmspropDialect, rmsprop, rmspropWith } from "./rmsprop.ts";
import { yogi, yogiDialects } from "./yogi.ts";

export {
  adabelief,
  adabound,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  adamwWith,
  adan,
  ademamix,
  adopt,
  amsgrad,
  madgrad,
  nadam,
  nadamw,
  novograd,
  radam,
  radamw,
  rmsprop,
  rmspropWith,
  yogi,
};

export const adaptive = {
  adagrad: {
    family: "adaptive",
    rule: adagrad,
    ...chosenBy("dialect", adagradDialects),
    use: "Sparse features and convex problems.",
    watch: "Its accumulator only grows, so that long runs slow down and stop.",
  },
  adadelta: {
    family: "adaptive",
    rule: adadelta,
    ...chosenBy("dialect", adadeltaDialects),
    use: "Old recurrent and speech models that were tuned with it.",
    watch:
      "It starts very slowly, with steps of about √eps. lr is 1 in the paper and in torch; the defaults of keras and tf1, 1e-3, hardly move at all.",
  },
  rmsprop: {
    family: "adaptive",
    rule: rmsprop,
    choices: {
      dialect: ["torch", "optax", "keras", "tf1"],
      centered: [false, true],
      withMomentum: [false, true],
    },
    build: ({ dialect, centered, withMomentum }) =>
      rmspropWith({
        dialect: dialect as RmspropDialect,
        centered: centered === true,
        withMomentum: withMomentum === true,
      }),
    use: "Recurrent networks and reinforcement learning, where gradients change their scale.",
    watch:
      "The average starts at zero without correction (at one in tf1): the first steps are up to 1/√(1 - alpha) too long.",
  },
  adam: {
    family: "adaptive",
    rule: adam,
    ...chosenBy("dialect", adamDialects),
    use: "A first try on almost anything, transformers above all.",
    watch: "L2 in the loss is divided by √v like the rest of the gradient and hardly regularises: use adamw.",
  },
  adamw: {
    family: "adaptive",
    rule: adamw,
    choices: { dialect: ["torch", "keras", "optax"], decay: ["scaled", "independent"] },
    build: ({ dialect, decay }) => adamwWith(dialect as AdamwDialect, decay as Decay),
    use: "The default for transformers; the strongest general baseline when lr and weightDecay are tuned together.",
    watch:
      "The decay per step is lr · weightDecay: it follows the schedule. Exclude biases and norms by a group.",
  },
  amsgrad: {
    family: "adaptive",
    rule: amsgrad,
    ...chosenBy("dialect", amsgradDialects),
    use: "Where Adam's rates must never grow again, as its convergence proof asks; seldom better in practice.",
    watch:
      "One huge gradient slows its coordinate for the rest of the run. Dialects are far apart in early steps.",
  },
  adamax: {
    family: "adaptive",
    rule: adamax,
    ...chosenBy("dialect", adamaxDialects),
    use: "Embeddings and other parameters whose gradients are rare but large.",
    watch: "One outlier shortens its coordinate's steps for about 1 / (1 - beta2) steps.",
  },
  nadam: {
    family: "adaptive",
    rule: nadam,
    ...chosenBy("dialect", nadamDialects),
    use: "Wherever Adam works; a little faster on smooth problems.",
    watch: "Three algorithms share the name: name the dialect when you report results.",
  },
  nadamw: {
    family: "adaptive",
    rule: nadamw,
    ...chosenBy("dialect", nadamwDialects),
    use: "In optax's dialect the baseline of AlgoPerf, which few methods beat when it is tuned.",
    watch: "Three algorithms share the name: name the dialect. The decay per step is lr · weightDecay.",
  },
  radam: {
    family: "adaptive",
    rule: radam,
    use: "Adam without a warm-up to tune.",
    watch:
      "At beta2 = 0.999 the first five steps are plain momentum at the full lr: large gradients at the start throw it far.",
  },
  radamw: {
    family: "adaptive",
    rule: radamw,
    use: "AdamW without a warm-up to tune.",
    watch: "Its first steps are plain momentum at the full lr, as radam's.",
  },
  adabelief: {
    family: "adaptive",
    rule: adabelief,
    ...yesOrNo("rectified", adabeliefForms, false),
    use: "Generative adversarial networks and small image classifiers.",
    watch: "Very sensitive to eps, which is added in every step: 1e-16, not Adam's 1e-8.",
  },
  adabound: {
    family: "adaptive",
    rule: adabound,
    ...yesOrNo("amsbound", adaboundForms, false),
    use: "Where Adam is quick at first and SGD better in the end, and one run shall have both.",
    watch:
      "finalLr is SGD's rate, not Adam's, and a schedule of lr scales it too. With gamma 1e-3 the bounds close over thousands of steps.",
  },
  yogi: {
    family: "adaptive",
    rule: yogi,
    ...chosenBy("dialect", yogiDialects),
    use: "Sparse gradients of changing size, and as the server's rule in federated learning.",
    watch: "Its eps, 1e-3, is large on purpose, and lr ten times Adam's: do not carry Adam's values over.",
  },
  adan: {
    family: "adaptive",
    rule: adan,
    ...yesOrNo("proximal", adanDecays, true),
    use: "Vision transformers and large batches, where it bears several times AdamW's lr.",
    watch: "Four slots of state, twice Adam's. Its betas are decays: one minus those of the paper.",
  },
  adopt: {
    family: "adaptive",
    rule: adopt,
    ...yesOrNo("clip", adoptForms, true),
    use: "Adam with a beta2 that needs no tuning; noisy problems where Adam fails to converge.",
    watch:
      "The first step moves nothing. Without the clip, a coordinate that starts at a zero gradient leaps.",
  },
  ademamix: {
    family: "adaptive",
    rule: ademamix,
    use: "Long pre-training runs, where it keeps learning from very old gradients.",
    watch:
      "Set mixWarmup and beta3Warmup to the length of the run, or early steps diverge; little use below ten thousand steps.",
  },
  novograd: {
    family: "adaptive",
    rule: novograd,
    use: "Speech models and large batches, with half of Adam's state.",
    watch:
      "The step of a tensor is about lr / (1 - beta1) in norm, whatever its size: small tensors move far.",
  },
  madgrad: {
    family: "adaptive",
    rule: madgrad,
    use: "Where SGD generalises better than Adam but is slow: image reconstruction, vision.",
    watch:
      "It remembers its start: changing parameters from outside has no lasting effect. Needs less decay than others, and its own sweep of lr.",
  },
} as const satisfies Catalogue;
