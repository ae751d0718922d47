/** A learning rate per coordinate, from running averages of squared gradients. */
import type { Catalogue } from "../../catalogue.ts";
import { adagrad } from "./adagrad.ts";
import { adam } from "./adam.ts";
import { adamw } from "./adamw.ts";
import { rmsprop } from "./rmsprop.ts";

export { adagrad, adam, adamw, rmsprop };

export const adaptive = {
  adagrad: {
    family: "adaptive",
    rule: adagrad,
    use: "Sparse features and convex problems.",
    watch: "Its accumulator only grows, so that long runs slow down and stop.",
  },
  rmsprop: {
    family: "adaptive",
    rule: rmsprop,
    use: "Recurrent networks and reinforcement learning, where gradients change their scale.",
    watch:
      "The average starts at zero without correction: the first steps are up to 1/√(1 - alpha) too long.",
  },
  adam: {
    family: "adaptive",
    rule: adam,
    use: "A first try on almost anything, transformers above all.",
    watch: "L2 in the loss is divided by √v like the rest of the gradient and hardly regularises: use adamw.",
  },
  adamw: {
    family: "adaptive",
    rule: adamw,
    use: "The default for transformers; the strongest general baseline when lr and weightDecay are tuned together.",
    watch:
      "The decay per step is lr · weightDecay: it follows the schedule. Exclude biases and norms by a group.",
  },
} as const satisfies Catalogue;
