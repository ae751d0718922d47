/** The tasks by name. */
import { digitsMlp } from "./digits-mlp.ts";
import { logregDigits } from "./logreg-digits.ts";
import { matrixFactorization } from "./matrix-factorization.ts";
import { mnistCnn } from "./mnist-cnn.ts";
import { mnistLogistic } from "./mnist-logistic.ts";
import { mnistMlp } from "./mnist-mlp.ts";
import { quadDeep } from "./quad-deep.ts";
import { spiralMlp } from "./spiral-mlp.ts";
import type { Task } from "./task.ts";

export type { ModelOptions, Task } from "./task.ts";

export const tasks: Readonly<Record<string, Task>> = {
  "mnist-mlp": mnistMlp,
  "mnist-cnn": mnistCnn,
  "mnist-logistic": mnistLogistic,
  "digits-mlp": digitsMlp,
  "quad-deep": quadDeep,
  "logreg-digits": logregDigits,
  "spiral-mlp": spiralMlp,
  "matrix-factorization": matrixFactorization,
};
