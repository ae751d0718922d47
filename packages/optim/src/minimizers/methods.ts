/** Every method by its name. A new one is one more entry: the laws of `laws/minimizers` then ask which problems it claims. */
import { bayesianMethods } from "./bayesian/index.ts";
import { evolutionaryMethods } from "./evolutionary/index.ts";
import { type Facts, refusal } from "./facts.ts";
import { acceleratedGradient } from "./first-order/accelerated.ts";
import { conjugateGradient } from "./first-order/conjugate-gradient.ts";
import { barzilaiBorwein, gradientDescent, steepestDescent } from "./first-order/gradient-descent.ts";
import { sag, saga, sgd, svrg } from "./first-order/stochastic.ts";
import type { Method } from "./method.ts";
import { proximalMethods } from "./proximal/index.ts";
import { lbfgs } from "./second-order/lbfgs.ts";
import { gaussNewton, levenbergMarquardt } from "./second-order/least-squares.ts";
import { newton } from "./second-order/newton.ts";
import { newtonCg } from "./second-order/newton-cg.ts";
import { bfgs, dfp } from "./second-order/quasi-newton.ts";
import { sr1 } from "./second-order/sr1.ts";
import { zeroOrderMethods } from "./zero-order/index.ts";

const all: readonly Method[] = [
  gradientDescent,
  steepestDescent,
  barzilaiBorwein,
  conjugateGradient,
  acceleratedGradient,
  sgd,
  svrg,
  sag,
  saga,
  newton,
  newtonCg,
  bfgs,
  dfp,
  lbfgs,
  sr1,
  gaussNewton,
  levenbergMarquardt,
  ...proximalMethods,
  ...zeroOrderMethods,
  ...evolutionaryMethods,
  ...bayesianMethods,
];

export const minimizers: Readonly<Record<string, Method>> = Object.fromEntries(
  all.map((method) => [method.name, method]),
);

/** The methods that can run on an objective. */
export const methodsFor = (facts: Pick<Facts, "name" | "offers">): readonly Method[] =>
  Object.values(minimizers).filter((method) => refusal(method, facts) === undefined);
