/** Gradient descent and its momenta. */
import type { Catalogue } from "../../catalogue.ts";
import { chosenBy } from "../chosen-by.ts";
import { asgd } from "./asgd.ts";
import { gd } from "./gd.ts";
import { momentum, momentumForms } from "./momentum.ts";
import { nesterov, nesterovForms } from "./nesterov.ts";
import { rprop } from "./rprop.ts";
import { sgd } from "./sgd.ts";
import { sgdw, sgdwDecays } from "./sgdw.ts";

export { asgd, gd, momentum, nesterov, rprop, sgd, sgdw };

export const classic = {
  gd: {
    family: "classic",
    rule: gd,
    use: "The same update as sgd, for runs that compute the gradient over all data: where the theory starts.",
    watch: "A step costs a pass over the data; lr must stay below 2 / the largest curvature.",
  },
  sgd: {
    family: "classic",
    rule: sgd,
    use: "The baseline that anything else has to beat; needs no state.",
    watch: "One learning rate for every coordinate: badly scaled problems crawl along their flat directions.",
  },
  momentum: {
    family: "classic",
    rule: momentum,
    ...chosenBy("form", momentumForms),
    use: "Convolutional networks, with a decaying learning rate.",
    watch:
      "The effective learning rate is lr / (1 - momentum), but lr in the averaged form: lower lr when momentum rises. It overshoots and comes back.",
  },
  nesterov: {
    family: "classic",
    rule: nesterov,
    ...chosenBy("form", nesterovForms),
    use: "Wherever momentum works; it overshoots less.",
    watch:
      "The effective learning rate is lr / (1 - momentum), as with momentum. In the form lookahead the loss is measured ahead of the parameters: evaluate with the view.",
  },
  sgdw: {
    family: "classic",
    rule: sgdw,
    ...chosenBy("decay", sgdwDecays),
    use: "Momentum with weight decay, where the decay should not depend on momentum: the pair of adamw.",
    watch:
      "The decay per step is lr · weightDecay (a tenth of what L2 gives at momentum 0.9), or weightDecay itself when it is independent.",
  },
  asgd: {
    family: "classic",
    rule: asgd,
    use: "Convex problems and language models with a constant learning rate, where the average of the path beats its end.",
    watch: "Nothing is averaged before step t0, whose default is a million: set it. Evaluate with the view.",
  },
  rprop: {
    family: "classic",
    rule: rprop,
    use: "Full-batch training of small networks, without tuning.",
    watch:
      "Minibatches flip signs by noise and shrink every step. A schedule changes nothing: lr is only the first step size.",
  },
} as const satisfies Catalogue;
