/** Gradients divided by more than a number per coordinate, or by less. */
import type { Catalogue } from "../../catalogue.ts";
import { adafactor } from "./adafactor.ts";
import { shampoo } from "./shampoo.ts";
import { soap } from "./soap.ts";

export { adafactor, shampoo, soap };

export const preconditioned = {
  adafactor: {
    family: "preconditioned",
    rule: adafactor,
    use: "Models so large that Adam's state does not fit.",
    watch:
      "lr is relative to the root mean square of each parameter. More than two dimensions are seen as first × rest, where torch factors the last two.",
  },
  shampoo: {
    family: "preconditioned",
    rule: shampoo,
    use: "Badly conditioned matrices, where a step may cost more than a gradient.",
    watch:
      "State and time grow with the square and the cube of a layer's width: recompute the roots every 10 to 100 steps.",
  },
  soap: {
    family: "preconditioned",
    rule: soap,
    use: "Language models at large batch: fewer steps than AdamW, at twice its state and more.",
    watch: "The first gradient only sets it up. Layers wider than a few thousand need another rule.",
  },
} as const satisfies Catalogue;
