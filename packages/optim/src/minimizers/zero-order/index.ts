/** Methods that compare values and estimate gradients from them. */
import { nelderMead } from "./nelder-mead.ts";
import { compassSearch, hookeJeeves } from "./pattern-search.ts";
import { powell } from "./powell.ts";
import { spsa } from "./spsa.ts";
import { zeroOrderDescent } from "./zero-order-descent.ts";

export { type Directions, type EstimateOptions, estimateGradient } from "./gradient-estimate.ts";
export { compassSearch, hookeJeeves, nelderMead, powell, spsa, zeroOrderDescent };

export const zeroOrderMethods = [nelderMead, powell, compassSearch, hookeJeeves, zeroOrderDescent, spsa];
