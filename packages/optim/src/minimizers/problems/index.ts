/** Every problem by its name. A new one is one more entry: its derivatives and minima are then tested with the others. */
import { lookUp } from "../../declaration.ts";
import type { OptionValues } from "../options.ts";
import * as manyMinima from "./many-minima.ts";
import { mds } from "./mds.ts";
import type { Problem, ProblemEntry } from "./problem.ts";
import { quadraticDeep } from "./quadratic-deep.ts";
import * as quadratics from "./quadratics.ts";
import { reddi } from "./reddi.ts";
import * as regression from "./regression.ts";
import * as saddles from "./saddles.ts";
import * as valleys from "./valleys.ts";

const all: readonly ProblemEntry[] = [
  quadratics.sphere,
  quadratics.quadratic,
  quadratics.ellipse,
  quadratics.matyas,
  quadratics.booth,
  valleys.rosenbrock,
  valleys.beale,
  manyMinima.himmelblau,
  manyMinima.branin,
  manyMinima.ackley,
  manyMinima.rastrigin,
  manyMinima.styblinskiTang,
  manyMinima.goldsteinPrice,
  manyMinima.doubleWell,
  manyMinima.narrowAndWide,
  saddles.saddle,
  saddles.monkeySaddle,
  regression.linearRegression,
  regression.logisticRegression,
  regression.lasso,
  mds,
  reddi,
  quadraticDeep,
];

export const problems: Readonly<Record<string, ProblemEntry>> = Object.fromEntries(
  all.map((entry) => [entry.name, entry]),
);

/**
 * The problem of this name with these options. Raises RangeError, with the nearest name, for what does not exist.
 *
 * @example buildProblem("quadratic", { kappa: 1e4, n: 20 })
 */
export const buildProblem = (name: string, values: OptionValues = {}): Problem =>
  lookUp("problem", problems, name).build(values);

export type { Problem, ProblemEntry, View } from "./problem.ts";
