/**
 * A rule is data: an update formula in its paper's letters, default hyperparameters, state slots, source. Gradient and
 * parameter transforms are the same thing with another duty: they assign `g`, or adjust `theta`, and leave the rest to
 * the next link. `chain` concatenates links; a chain is a rule again, and compiles to one fused kernel.
 */
import {
  type FormulaSource,
  type Phase,
  resolve,
  type StateDeclaration,
  stateSlots,
  toLatex,
  type UpdateProgram,
} from "@thalweg/formula";
import { checkHyperparameter, checkHyperparameterName } from "./hyperparameters.ts";

/** What the author of a rule writes. */
export interface RuleDeclaration {
  /** Letters and digits: the name on the command line. */
  name: string;
  /** One plain sentence. */
  summary?: string;
  /** Hyperparameters with their defaults. */
  hyper?: Readonly<Record<string, number>>;
  /**
   * What the formula reads besides: "lrPeak", lr before the schedule; for transforms, hyperparameters of the chain's rule, such
   * as "lr".
   */
  uses?: readonly string[];
  /** For parameter transforms: on which side of the rule it must stand. Either will do when it is left out. */
  place?: "before" | "after";
  /** State slots: names of plain ones, or names with shape and initial value; see StateSlot. */
  state?: StateDeclaration;
  /** One assignment per line; see @thalweg/formula for the language. */
  update: string;
  /** What comes before the update in a step, each with a gradient of its own; see Phase in @thalweg/formula. */
  before?: readonly Phase[];
  /** An expression: the parameters to evaluate with, where they are not theta itself. Empty for theta. */
  view?: string;
  /** Fewest dimensions of a parameter that the rule can update: 2 for rules of matrices. */
  minimumRank?: number;
  /** The rule for parameters with fewer; without one they are refused. */
  fallback?: Rule;
  /** Hyperparameters that must have one value in all groups, or be 0 where a group takes no part. */
  coupled?: readonly string[];
  /** Hyperparameters that must not be 0, where their domain would allow it. */
  nonzero?: readonly string[];
  /** The starting values without which the rule does not work: a name that @thalweg/nn knows, such as "agd". */
  initialisation?: string;
  /** Paper with equation or algorithm number, and reference code where it decides. */
  source?: string;
}

/** One formula of a chain. */
export interface Link extends Required<Omit<RuleDeclaration, "fallback" | "place">> {
  /** The links that take its place for parameters of too few dimensions. Links are plain data throughout. */
  fallback?: readonly Link[];
  place?: "before" | "after";
  kind: "rule" | "gradient transform" | "parameter transform";
}

/** An update rule, ready to compile: its links in order. Most rules have one. */
export interface Rule {
  name: string;
  links: readonly Link[];
  /** Hyperparameters with their defaults, by their names in the chain. */
  hyper: Readonly<Record<string, number>>;
  /** State slots of the parameter's shape, by their names in the chain. */
  state: readonly string[];
  /** What one update computes. */
  program: UpdateProgram;
  /** Fewest dimensions of a parameter that it can update. */
  minimumRank: number;
  /** The rule for parameters with fewer dimensions. */
  fallback?: Rule;
  /** Hyperparameters that must have one value in all groups, or be 0; by their names in the chain. */
  coupled: readonly string[];
  /** Hyperparameters that must not be 0; by their names in the chain. */
  nonzero: readonly string[];
  /** The starting values that it needs, by name. */
  initialisation?: string;
}

/**
 * Declare an update rule. The formula must assign `theta` and every state slot.
 * Raises FormulaError for the formula, TypeError for names, RangeError for defaults outside their domain.
 *
 * @example const gd = rule({ name: "gd", hyper: { lr: 0.1 }, update: "theta = theta - lr * g" });
 */
export function rule(declaration: RuleDeclaration): Rule {
  return fromLinks([link("rule", declaration)]);
}

/** Declare a transform of the gradient: its formula assigns `g`, for the links after it. */
export function gradientTransform(declaration: RuleDeclaration): Link {
  return link("gradient transform", declaration);
}

/** Declare a transform of the parameter, such as a projection: its formula assigns `theta`, after the links before it. */
export function parameterTransform(declaration: RuleDeclaration): Link {
  return link("parameter transform", declaration);
}

/**
 * Run links one after the other on the same gradient and parameter, as one rule.
 *
 * A hyperparameter or state slot keeps its name, unless two links use the same: then each is called `link.name`, as in
 * `adamw.weightDecay`. Raises TypeError when no link is a rule, or when a gradient transform has none after it.
 *
 * @example const clipped = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw);
 */
export function chain(...parts: readonly (Rule | Link)[]): Rule {
  const links = parts.flatMap((part) => ("links" in part ? part.links : [part]));
  const names = links.map(({ name }) => name).join(", ") || "nothing";
  const lastRule = links.findLastIndex(({ kind }) => kind === "rule");
  if (lastRule < 0) {
    throw new TypeError(
      `Cannot chain ${names} as a chain needs a rule that moves the parameters: add one, for example sgd, at the end`,
    );
  }
  const late = links.slice(lastRule).find(({ kind }) => kind === "gradient transform");
  if (late !== undefined) {
    throw new TypeError(
      `Cannot chain ${names} as ${late.name} changes the gradient for rules after it, and there is none: put it before ${links[lastRule]!.name}`,
    );
  }
  checkPlaces(links, names);
  const viewers = links.filter(({ view }) => view !== "").map(({ name }) => name);
  if (viewers.length > 1) {
    throw new TypeError(
      `Cannot chain ${names} as only one link can say which parameters to evaluate with: ${viewers.join(" and ")} both do; keep one`,
    );
  }
  return fromLinks(links);
}

function checkPlaces(links: readonly Link[], names: string): void {
  const first = links.findIndex(({ kind }) => kind === "rule");
  links.forEach(({ name, place }, i) => {
    if (place === undefined || place === (i < first ? "before" : "after")) return;
    throw new TypeError(
      `Cannot chain ${names} as ${name} must stand ${place} the rule: put it ${place} ${links[first]!.name}`,
    );
  });
}

/** The same rule or transform with other defaults. Raises RangeError for unknown names and values outside their domain. */
export function withHyper<R extends Rule | Link>(part: R, hyper: Readonly<Record<string, number>>): R {
  checkHyper(part, hyper);
  if (!("links" in part)) return { ...part, hyper: { ...part.hyper, ...hyper } };
  const names = qualifiedNames(part.links, ({ hyper }) => Object.keys(hyper));
  const links = part.links.map((one, i) => {
    const own = Object.entries(one.hyper).map(([local, value]) => {
      const name = names[i]!.get(local)!;
      return [local, Object.hasOwn(hyper, name) ? hyper[name]! : value] as const;
    });
    return { ...one, hyper: Object.fromEntries(own) };
  });
  return { ...part, links, hyper: { ...part.hyper, ...hyper } };
}

/** The formula for people: LaTeX lines, link by link. */
export function ruleToLatex({ links }: Rule): string[] {
  return links.flatMap(({ update, name }) => toLatex(update, name));
}

/** Raises RangeError for hyperparameters that do not exist or lie outside their domain. */
export function checkHyper(part: Rule | Link, hyper: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(hyper)) {
    checkHyperparameterName(part.name, name, Object.keys(part.hyper));
    checkHyperparameter(part.name, name, value);
    if (value !== 0 || !part.nonzero.includes(name)) continue;
    throw new RangeError(`Cannot use ${part.name} as ${name} must not be 0: its formula divides by it`);
  }
}

function link(kind: Link["kind"], declaration: RuleDeclaration): Link {
  const {
    name,
    summary = "",
    hyper = {},
    uses = [],
    place,
    state = [],
    update,
    before = [],
    view = "",
    minimumRank = 0,
    fallback,
    coupled = [],
    nonzero = [],
    initialisation = "",
    source = "",
  } = declaration;
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name)) {
    throw new TypeError(
      `Cannot declare a ${kind} as its name must start with a letter and hold letters, digits and "-": found ${JSON.stringify(name)}`,
    );
  }
  const complete: Link = {
    kind,
    name,
    summary,
    hyper: { ...hyper },
    uses: [...uses],
    ...(place === undefined ? {} : { place }),
    state: structuredClone(state),
    update,
    before: structuredClone(before),
    view,
    minimumRank,
    ...(fallback === undefined ? {} : { fallback: fallback.links }),
    coupled: [...coupled],
    nonzero: [...nonzero],
    initialisation,
    source,
  };
  checkHyper(complete, hyper);
  resolve([formulaSource(complete, (local) => local)]); // a wrong formula is refused where it is declared
  return complete;
}

/** A hyperparameter as JSON, which has no infinities. */
type WrittenNumber = number | "Infinity" | "-Infinity";

/** A link as plain JSON. */
export type WrittenLink = Omit<Link, "hyper" | "fallback"> & {
  hyper: Record<string, WrittenNumber>;
  fallback?: WrittenLink[];
};

/** A rule as plain JSON, to store it or send it to a thread. */
export interface WrittenRule {
  name: string;
  links: WrittenLink[];
}

export const writeRule = ({ name, links }: Rule): WrittenRule => ({ name, links: links.map(writeLink) });

function writeLink({ hyper, fallback, ...rest }: Link): WrittenLink {
  const written = Object.entries(hyper).map(([name, value]) => [
    name,
    Number.isFinite(value) ? value : String(value),
  ]);
  return {
    ...rest,
    hyper: Object.fromEntries(written) as Record<string, WrittenNumber>,
    ...(fallback === undefined ? {} : { fallback: fallback.map(writeLink) }),
  };
}

/** The rule that was written. Raises FormulaError or TypeError when these are not the links of a rule. */
export const readRule = ({ name, links }: WrittenRule): Rule => ({ ...chain(...links.map(readLink)), name });

function readLink({ hyper, fallback, ...rest }: WrittenLink): Link {
  return {
    ...rest,
    hyper: Object.fromEntries(Object.entries(hyper).map(([name, value]) => [name, Number(value)])),
    ...(fallback === undefined ? {} : { fallback: fallback.map(readLink) }),
  };
}

function fromLinks(links: readonly Link[]): Rule {
  const hyperNames = qualifiedNames(links, ({ hyper }) => Object.keys(hyper));
  links.forEach((one, i) => {
    for (const name of one.uses) hyperNames[i]!.set(name, usedName(links, i, name, hyperNames));
  });
  const stateNames = qualifiedNames(links, ({ state }) => stateSlots(state).map(({ name }) => name));
  const sources = links.map((one, i) =>
    formulaSource(one, (local) => hyperNames[i]!.get(local) ?? stateNames[i]!.get(local) ?? local),
  );
  const hyper = links.flatMap((one, i) =>
    Object.entries(one.hyper).map(([name, value]) => [hyperNames[i]!.get(name)!, value] as const),
  );
  const program = resolve(sources);
  const initialisation = links.find((one) => one.initialisation !== "")?.initialisation;
  return {
    name: links.map(({ name }) => name).join(" > "),
    links,
    hyper: Object.fromEntries(hyper),
    state: program.state,
    program,
    minimumRank: Math.max(0, ...links.map(({ minimumRank }) => minimumRank)),
    ...fallbackOf(links),
    coupled: links.flatMap((one, i) => one.coupled.map((name) => hyperNames[i]!.get(name)!)),
    nonzero: links.flatMap((one, i) => one.nonzero.map((name) => hyperNames[i]!.get(name)!)),
    ...(initialisation === undefined ? {} : { initialisation }),
  };
}

/** Parameters that a link cannot update take the rest of the chain with the link's fallback in its place. */
function fallbackOf(links: readonly Link[]): { fallback?: Rule } {
  if (!links.some(({ fallback }) => fallback !== undefined)) return {};
  return { fallback: fromLinks(links.flatMap((one) => one.fallback ?? [one])) };
}

function formulaSource(one: Link, rename: (name: string) => string): FormulaSource {
  return {
    name: one.name,
    update: one.update,
    hyper: [...Object.keys(one.hyper), ...one.uses],
    state: one.state,
    before: one.before,
    ...(one.view === "" ? {} : { view: one.view }),
    assigns: requiredAssignments(one),
    isRule: one.kind === "rule",
    rename,
  };
}

/** A transform that only keeps an average to evaluate with moves nothing. */
function requiredAssignments({ kind, view }: Link): FormulaSource["assigns"] {
  if (kind === "gradient transform") return ["g"];
  return kind === "parameter transform" && view !== "" ? [] : ["theta"];
}

/** The end of a name that means a hyperparameter before the schedule. */
export const PEAK = "Peak";

/** What a hyperparameter of the chain's rule is called in the chain: of the rule before the link, or else the one after. */
function usedName(
  links: readonly Link[],
  at: number,
  name: string,
  hyperNames: readonly ReadonlyMap<string, string>[],
): string {
  const isRule = ({ kind }: Link) => kind === "rule";
  const before = links.slice(0, at).findLastIndex(isRule);
  const owner = before >= 0 ? before : links.findIndex(isRule);
  const own = hyperNames[owner];
  const peak = name.endsWith(PEAK) ? own?.get(name.slice(0, -PEAK.length)) : undefined;
  const found = own?.get(name) ?? (peak === undefined ? undefined : `${peak}${PEAK}`);
  if (found !== undefined) return found;
  const missing = name.endsWith(PEAK) ? name.slice(0, -PEAK.length) : name;
  throw new TypeError(
    `Cannot chain ${links[at]!.name} as it reads ${missing} of the rule beside it: ${links[owner]?.name ?? "nothing"} has ${[...(own?.keys() ?? [])].join(", ") || "no hyperparameters"}`,
  );
}

/** Per link: local name → name in the chain. */
function qualifiedNames(
  links: readonly Link[],
  namesOf: (one: Link) => readonly string[],
): Map<string, string>[] {
  const uses = new Map<string, number>();
  for (const name of links.flatMap(namesOf)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const labels = links.map(({ name }, i) => {
    const before = links.slice(0, i).filter((other) => other.name === name).length;
    return before === 0 ? name : `${name}#${before + 1}`;
  });
  return links.map(
    (one, i) =>
      new Map(namesOf(one).map((name) => [name, uses.get(name) === 1 ? name : `${labels[i]}.${name}`])),
  );
}
