/** Rules that spend gradients on removing the noise of others. */
import type { Catalogue } from "../../catalogue.ts";
import { svrg, svrgWith } from "./svrg.ts";

export { svrg, svrgWith };

export const varianceReduced = {
  svrg: {
    family: "variance-reduced",
    rule: svrg,
    choices: { every: ["100", "5", "10", "20", "50", "200", "500", "1000", "2000"] },
    build: ({ every }) => svrgWith({ every: Number(every) }),
    use: "Convex problems with few data, such as logistic regression: linear convergence with a constant learning rate.",
    watch:
      "Two gradients per step, and one of all data every so many steps (a few passes' worth). In deep networks, with dropout, batch norm or augmentation, the noise at anchor and iterate hardly cancels. Transforms before it change the anchor's gradient only: do not clip.",
  },
} as const satisfies Catalogue;
