/**
 * The catalogue: every rule by its name, with what a person should know before using it. A rule whose formula depends on a
 * choice (a dialect of a library, a centred variant) is built by it; hyperparameters are numbers and do not belong here.
 */
import { nearest } from "@thalweg/formula";
import { type Link, type Rule, withHyper } from "./rule.ts";

export type Family =
  | "classic"
  | "adaptive"
  | "sign"
  | "large-batch"
  | "orthogonal"
  | "preconditioned"
  | "learning-rate-free"
  | "variance-reduced";

/** Where libraries disagree under one name: whose formula and defaults. */
export type Dialect = "torch" | "optax" | "keras" | "tf1" | "paper";

export type Choice = string | boolean;
export type Choices = Readonly<Record<string, Choice>>;

export interface CatalogueEntry {
  family: Family;
  /** The rule with every choice at its default. */
  rule: Rule;
  /** When to use it, in one or two sentences. */
  use: string;
  /** What goes wrong with it, and what to do then. */
  watch: string;
  /** What can be chosen besides hyperparameters: name → values, the default first. */
  choices?: Readonly<Record<string, readonly Choice[]>>;
  /** The rule for a full set of choices. */
  build?: (choices: Choices) => Rule;
}

/** What can be chained with a rule: a link by its hyperparameters. */
export interface LinkEntry {
  family: "clipping" | "gradient" | "decay" | "projection" | "wrapper";
  make: (hyper?: Readonly<Record<string, number>>) => Link;
  use: string;
  watch: string;
}

export type LinkCatalogue = Readonly<Record<string, LinkEntry>>;

export type Catalogue = Readonly<Record<string, CatalogueEntry>>;

/** Hyperparameters (numbers) and choices (texts, true, false) in one table, as they are written. */
export type RuleOptions = Readonly<Record<string, number | Choice>>;

/**
 * The rule of an entry with these options. Raises RangeError, with the nearest name, for options it does not have and
 * values outside their domain.
 *
 * @example buildRule(catalogue.rmsprop, { dialect: "keras", lr: 1e-3 })
 */
export function buildRule({ rule, choices = {}, build }: CatalogueEntry, options: RuleOptions = {}): Rule {
  const hyper: Record<string, number> = {};
  const chosen: Record<string, Choice> = {};
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(choices, name)) chosen[name] = checkChoice(rule.name, name, value, choices[name]!);
    else if (typeof value === "number") hyper[name] = value;
    else refuseChoice(rule, name, value, Object.keys(choices));
  }
  if (build === undefined || Object.keys(chosen).length === 0) return withHyper(rule, hyper);
  const defaults = Object.entries(choices).map(([name, [first]]) => [name, first!] as const);
  return withHyper(build({ ...Object.fromEntries(defaults), ...chosen }), hyper);
}

function checkChoice(rule: string, name: string, value: number | Choice, values: readonly Choice[]): Choice {
  const found = values.find((one) => one === value || String(one) === String(value));
  if (found !== undefined) return found;
  const close = nearest(String(value), values.map(String));
  const hint = close === undefined ? "" : `; did you mean ${close}?`;
  throw new RangeError(
    `Cannot use ${rule} as ${name} must be one of ${values.join(", ")}: current value is ${value}${hint}`,
  );
}

function refuseChoice(rule: Rule, name: string, value: Choice, choices: readonly string[]): never {
  if (Object.hasOwn(rule.hyper, name)) {
    throw new RangeError(
      `Cannot use ${rule.name} as ${name} must be a number: current value is ${JSON.stringify(value)}`,
    );
  }
  const known = [...Object.keys(rule.hyper), ...choices];
  const close = nearest(name, known);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new RangeError(
    `Cannot use ${rule.name} as it has no option "${name}": it has ${known.join(", ") || "none"}${hint}`,
  );
}
