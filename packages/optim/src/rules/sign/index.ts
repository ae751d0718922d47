/** Only the sign of an average moves the parameters, or nearly: every coordinate steps by lr at most. */
import type { Catalogue } from "../../catalogue.ts";
import type { Decay } from "../decay.ts";
import { type LionDialect, lion, lionWith } from "./lion.ts";
import { signsgd } from "./signsgd.ts";
import { signum } from "./signum.ts";
import { sophiaG } from "./sophia-g.ts";

export { lion, lionWith, signsgd, signum, sophiaG };

export const sign = {
  lion: {
    family: "sign",
    rule: lion,
    choices: { dialect: ["paper", "optax"], decay: ["scaled", "independent"] },
    build: ({ dialect, decay }) => lionWith(dialect as LionDialect, decay as Decay),
    use: "Large models where Adam's second slot of state is too much.",
    watch:
      "Its updates are of size lr whatever the gradient: use a third to a tenth of AdamW's lr, and as much more decay.",
  },
  signsgd: {
    family: "sign",
    rule: signsgd,
    use: "Studying what Adam owes to signs; training where gradients travel over a slow network.",
    watch: "Small batches decide signs by noise. It never settles unless lr falls to zero.",
  },
  signum: {
    family: "sign",
    rule: signum,
    use: "Where Adam works, with half of its state: the simplest rule that does not see the scale of gradients.",
    watch: "Like lion it needs a smaller lr than Adam, and it never settles unless lr falls to zero.",
  },
  "sophia-g": {
    family: "sign",
    rule: sophiaG,
    use: "Pre-training of language models, where labels can be drawn from the model's predictions.",
    watch:
      "It needs the gradient of a sampled-labels loss every tenth step, and batchSize in tokens. Tune rho so that a tenth to a half of the coordinates are not clipped.",
  },
} as const satisfies Catalogue;
