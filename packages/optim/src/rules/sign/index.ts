/** Only the sign of an average moves the parameters: every coordinate steps by lr. */
import type { Catalogue } from "../../catalogue.ts";
import { lion } from "./lion.ts";

export { lion };

export const sign = {
  lion: {
    family: "sign",
    rule: lion,
    use: "Large models where Adam's second slot of state is too much.",
    watch:
      "Its updates are of size lr whatever the gradient: use a third to a tenth of AdamW's lr, and as much more decay.",
  },
} as const satisfies Catalogue;
