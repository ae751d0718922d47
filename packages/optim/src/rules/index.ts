/** The families of rules, and all of them by name. */
import type { Catalogue } from "../catalogue.ts";
import type { Rule } from "../rule.ts";
import { accelerated } from "./accelerated/index.ts";
import { adaptive } from "./adaptive/index.ts";
import { classic } from "./classic/index.ts";
import { largeBatch } from "./large-batch/index.ts";
import { learningRateFree } from "./learning-rate-free/index.ts";
import { orthogonal } from "./orthogonal/index.ts";
import { preconditioned } from "./preconditioned/index.ts";
import { sign } from "./sign/index.ts";
import { varianceReduced } from "./variance-reduced/index.ts";

export * from "./accelerated/index.ts";
export * from "./adaptive/index.ts";
export * from "./classic/index.ts";
export * from "./large-batch/index.ts";
export * from "./learning-rate-free/index.ts";
export * from "./orthogonal/index.ts";
export * from "./preconditioned/index.ts";
export * from "./sign/index.ts";
export * from "./variance-reduced/index.ts";

export const catalogue: Catalogue = {
  ...classic,
  ...accelerated,
  ...adaptive,
  ...sign,
  ...largeBatch,
  ...orthogonal,
  ...preconditioned,
  ...learningRateFree,
  ...varianceReduced,
};

/** Every rule with its choices at their defaults. */
export const rules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(catalogue).map(([name, { rule }]) => [name, rule]),
);
