/** The catalogue: every rule by its name. */
import type { Rule } from "../rule.ts";
import { adagrad } from "./adagrad.ts";
import { adam } from "./adam.ts";
import { adamw } from "./adamw.ts";
import { lion } from "./lion.ts";
import { momentum } from "./momentum.ts";
import { nesterov } from "./nesterov.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

export { adagrad, adam, adamw, lion, momentum, nesterov, rmsprop, sgd };

export const rules: Readonly<Record<string, Rule>> = {
  sgd,
  momentum,
  nesterov,
  adagrad,
  rmsprop,
  adam,
  adamw,
  lion,
};
