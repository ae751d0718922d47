/** Proximal and projected methods, and what they step with: `penalties.l1(0.1)`. */
import { admm } from "./admm.ts";
import { fista, ista } from "./ista.ts";
import { projectedGradient } from "./projected-gradient.ts";
import { proximalNewton } from "./proximal-newton.ts";

export { withPenalty } from "./composite.ts";
export * as penalties from "./penalties.ts";
export type { Penalty } from "./penalty.ts";
export { admm, fista, ista, projectedGradient, proximalNewton };

export const proximalMethods = [ista, fista, projectedGradient, proximalNewton, admm];
