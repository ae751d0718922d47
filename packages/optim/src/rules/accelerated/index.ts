/** Momentum from flows: methods that discretise an accelerated differential equation. */
import type { Catalogue } from "../../catalogue.ts";
import { nagGs, nagGsWith } from "./nag-gs.ts";

export { nagGs, nagGsWith };

export const accelerated = {
  "nag-gs": {
    family: "classic",
    rule: nagGs,
    choices: { gamma: ["constant", "dynamic"] },
    build: ({ gamma }) => nagGsWith({ gamma: gamma as "constant" | "dynamic" }),
    use: "In place of momentum, or of AdamW where its second vector of state is too much.",
    watch:
      "A step moves by about lr² / gamma0 along the gradient: lr is not momentum's. mu pulls the two iterates together; with gamma dynamic, gamma ends at mu.",
  },
} as const satisfies Catalogue;
