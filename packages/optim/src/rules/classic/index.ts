/** Gradient descent and its momenta. */
import type { Catalogue } from "../../catalogue.ts";
import { momentum } from "./momentum.ts";
import { nesterov } from "./nesterov.ts";
import { sgd } from "./sgd.ts";

export { momentum, nesterov, sgd };

export const classic = {
  sgd: {
    family: "classic",
    rule: sgd,
    use: "The baseline that anything else has to beat; needs no state.",
    watch: "One learning rate for every coordinate: badly scaled problems crawl along their flat directions.",
  },
  momentum: {
    family: "classic",
    rule: momentum,
    use: "Convolutional networks, with a decaying learning rate.",
    watch:
      "The effective learning rate is lr / (1 - momentum): lower lr when momentum rises. It overshoots and comes back.",
  },
  nesterov: {
    family: "classic",
    rule: nesterov,
    use: "Wherever momentum works; it overshoots less.",
    watch: "The effective learning rate is lr / (1 - momentum), as with momentum.",
  },
} as const satisfies Catalogue;
