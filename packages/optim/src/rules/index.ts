/** The families of rules, and all of them by name. */
import type { Catalogue } from "../catalogue.ts";
import type { Rule } from "../rule.ts";
import { adaptive } from "./adaptive/index.ts";
import { classic } from "./classic/index.ts";
import { orthogonal } from "./orthogonal/index.ts";
import { preconditioned } from "./preconditioned/index.ts";
import { sign } from "./sign/index.ts";

export * from "./adaptive/index.ts";
export * from "./classic/index.ts";
export * from "./orthogonal/index.ts";
export * from "./preconditioned/index.ts";
export * from "./sign/index.ts";

export const catalogue: Catalogue = { ...classic, ...adaptive, ...sign, ...orthogonal, ...preconditioned };

/** Every rule with its choices at their defaults. */
export const rules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(catalogue).map(([name, { rule }]) => [name, rule]),
);
