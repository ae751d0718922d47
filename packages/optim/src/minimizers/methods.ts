/** Every method by its name. A new one is one more entry: the laws of `laws/minimizers` then ask which problems it claims. */
import { gradientDescent } from "./first-order/gradient-descent.ts";
import type { Method } from "./method.ts";
import { type Facts, refusal } from "./minimization.ts";
import { proximalMethods } from "./proximal/index.ts";
import { zeroOrderMethods } from "./zero-order/index.ts";

const all: readonly Method[] = [gradientDescent, ...proximalMethods, ...zeroOrderMethods];

export const minimizers: Readonly<Record<string, Method>> = Object.fromEntries(
  all.map((method) => [method.name, method]),
);

/** The methods that can run on an objective. */
export const methodsFor = (facts: Pick<Facts, "name" | "offers">): readonly Method[] =>
  Object.values(minimizers).filter((method) => refusal(method, facts) === undefined);
