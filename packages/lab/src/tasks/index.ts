/** The tasks by name. */
import { deepLinear } from "./deep-linear.ts";
import { deepobs } from "./deepobs.ts";
import { digitsMlp } from "./digits-mlp.ts";
import { digitsScaledMlp } from "./digits-scaled-mlp.ts";
import { fmnist14Cnn } from "./fmnist14-cnn.ts";
import { logregDigits } from "./logreg-digits.ts";
import { matrixFactorization } from "./matrix-factorization.ts";
import { mnistCnn } from "./mnist-cnn.ts";
import { mnistLogistic } from "./mnist-logistic.ts";
import { mnistMlp } from "./mnist-mlp.ts";
import { mnist14Mlp } from "./mnist14-mlp.ts";
import { mnist14Vae } from "./mnist14-vae.ts";
import { pinnPoisson } from "./pinn-poisson.ts";
import { quadDeep } from "./quad-deep.ts";
import { spiralMlp } from "./spiral-mlp.ts";
import type { Task } from "./task.ts";
import { hmmGru, tinyGpt } from "./text-tasks.ts";

export type { ModelOptions, Task } from "./task.ts";

/** The benchmark: twelve small tasks of different kinds, the least number at which ranks of eight optimizers can be told apart. */
export const benchmark: readonly Task[] = [
  quadDeep,
  logregDigits,
  deepLinear,
  spiralMlp,
  digitsScaledMlp,
  mnist14Mlp,
  mnist14Vae,
  fmnist14Cnn,
  hmmGru,
  tinyGpt,
  pinnPoisson,
  matrixFactorization,
];

export const tasks: Readonly<Record<string, Task>> = Object.fromEntries(
  [mnistMlp, mnistCnn, mnistLogistic, digitsMlp, ...benchmark, ...deepobs].map((task) => [task.name, task]),
);
