/** The catalogue as `thalweg rules` and the pages show it: rules, transforms and wrappers in one form, with all that is known of each. */
import {
  AGGREGATES,
  CALLABLE,
  MATRIX_FUNCTIONS,
  nameToLatex,
  type Phase,
  stateSlots,
  toLatex,
} from "@thalweg/formula";
import {
  buildRule,
  type CatalogueEntry,
  type Choice,
  type LinkCatalogue,
  type RuleOptions,
} from "./catalogue.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";
import type { Link, Rule } from "./rule.ts";
import { catalogue } from "./rules/index.ts";
import { transformCatalogue } from "./transforms/index.ts";
import { besides, wrapperCatalogue } from "./wrappers/index.ts";

const BYTES_PER_FLOAT32 = 4;

/** What the list shows of each. */
export interface BriefEntry {
  name: string;
  family: string;
  kind: string;
  summary: string;
  hyper: Readonly<Record<string, number>>;
  choices: Readonly<Record<string, readonly Choice[]>>;
  state: ReturnType<typeof stateSlots>;
  /** float32 state of the parameter's shape; state that is one number or a smaller matrix does not count. */
  stateBytesPerParameter: number;
  use: string;
  watch: string;
  source: string;
}

export interface RuleSymbol {
  name: string;
  latex: string;
  role: "parameter" | "gradient" | "step" | "noise" | "hyperparameter" | "state" | "intermediate";
  meaning: string;
  unit: string | null;
}

export interface FullEntry extends BriefEntry {
  /** What was chosen, where there is a choice. */
  chosen: Readonly<Record<string, Choice>>;
  formula: string[];
  latex: string[];
  /** What comes before the update, each with a gradient of its own. */
  phases: { gradient: string; every: number; formula: string[]; latex: string[] }[];
  /** The parameters to evaluate with, where they are not theta. */
  view: string | null;
  symbols: RuleSymbol[];
  hyperparameters: { name: string; default: number; meaning: string; unit: string | null; domain: string }[];
  /** Hyperparameters for each value of each choice, the others at their defaults. */
  defaults: { choice: string; value: Choice; hyper: Readonly<Record<string, number>> }[];
  /** The rule for parameters of too few dimensions. */
  fallback: string | null;
}

interface Listed {
  family: string;
  use: string;
  watch: string;
  choices: Readonly<Record<string, readonly Choice[]>>;
  /** The link for these options. Raises RangeError for options that it does not have. */
  link: (options: RuleOptions) => Link;
  hyper: (options: RuleOptions) => Readonly<Record<string, number>>;
}

const ofRule = (entry: CatalogueEntry): Listed => ({
  family: entry.family,
  use: entry.use,
  watch: entry.watch,
  choices: entry.choices ?? {},
  link: (options) => buildRule(entry, options).links[0]!,
  hyper: (options) => buildRule(entry, options).hyper,
});

const ofLinks = (table: LinkCatalogue): [string, Listed][] =>
  Object.entries(table).map(([name, { family, use, watch, make }]) => {
    const link = (options: RuleOptions) => make(refuseChoices(name, options));
    return [name, { family, use, watch, choices: {}, link, hyper: (options) => link(options).hyper }];
  });

function refuseChoices(name: string, options: RuleOptions): Record<string, number> {
  const [choice] = Object.keys(options);
  if (choice === undefined) return {};
  throw new RangeError(`Cannot show ${name} as it has no choice "${choice}": it has one form`);
}

const listed: ReadonlyMap<string, Listed> = new Map([
  ...Object.entries(catalogue).map(([name, entry]): [string, Listed] => [name, ofRule(entry)]),
  ...ofLinks(transformCatalogue),
  ...ofLinks(wrapperCatalogue),
]);

/** What stands beside an optimizer and has no formula. */
const without: ReadonlyMap<string, BriefEntry> = new Map(
  Object.entries(besides).map(([name, entry]) => [
    name,
    {
      name,
      family: "beside",
      kind: "helper",
      hyper: {},
      choices: {},
      state: [],
      stateBytesPerParameter: 0,
      ...entry,
    },
  ]),
);

export const entryNames: readonly string[] = [...listed.keys(), ...without.keys()];

export const briefEntries = (): BriefEntry[] => [
  ...[...listed].map(([name, one]) => brief(name, one)),
  ...without.values(),
];

/** Everything about one entry, for a choice of its forms. Raises RangeError for choices that it does not have. */
export function entry(name: string, options: RuleOptions): FullEntry | BriefEntry {
  const one = listed.get(name);
  if (one === undefined) {
    refuseChoices(name, options);
    return without.get(name)!;
  }
  return full(name, one, options);
}

/** Everything about a rule that is not in the catalogue. */
export const ownEntry = ({ name, links: [link], hyper }: Rule): FullEntry =>
  full(name, { ...OWN, link: () => link!, hyper: () => hyper });

const OWN = { family: "own", use: "", watch: "", choices: {} };

function full(name: string, one: Listed, options: RuleOptions = {}): FullEntry {
  const link = one.link(options);
  const hyper = one.hyper(options);
  return {
    ...brief(name, one, options),
    chosen: Object.fromEntries(
      Object.entries(one.choices).map(([choice, values]) => [
        choice,
        values.find((value) => String(value) === String(options[choice])) ?? values[0]!,
      ]),
    ),
    formula: lines(link.update),
    latex: toLatex(link.update, name),
    phases: link.before.map(({ update, gradient = "batch", every = 1 }: Phase) => ({
      gradient,
      every,
      formula: lines(update),
      latex: toLatex(update, name),
    })),
    view: link.view === "" ? null : link.view,
    symbols: symbolsOf(link, hyper),
    hyperparameters: Object.entries(hyper).map(([own, value]) => ({
      name: own,
      default: value,
      ...meaning(own),
    })),
    defaults: Object.entries(one.choices).flatMap(([choice, values]) =>
      values.map((value) => ({ choice, value, hyper: one.hyper({ [choice]: value }) })),
    ),
    fallback: link.fallback?.map((each) => each.name).join(" > ") ?? null,
  };
}

function brief(name: string, one: Listed, options: RuleOptions = {}): BriefEntry {
  const { kind, summary, state, source } = one.link(options);
  const slots = stateSlots(state);
  const tensors = slots.filter(({ shape }) => shape === "tensor").length;
  return {
    name,
    family: one.family,
    kind,
    summary,
    hyper: one.hyper(options),
    choices: one.choices,
    state: slots,
    stateBytesPerParameter: BYTES_PER_FLOAT32 * tensors,
    use: one.use,
    watch: one.watch,
    source,
  };
}

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

function meaning(name: string): { meaning: string; unit: string | null; domain: string } {
  const known = HYPERPARAMETERS[name];
  return {
    meaning: known?.meaning ?? "",
    unit: known?.unit ?? null,
    domain: known?.domain.text.replace(/^be /, "") ?? "a finite number",
  };
}

const FIXED: Readonly<Record<string, Omit<RuleSymbol, "name" | "latex">>> = {
  theta: { role: "parameter", meaning: "parameter", unit: "parameter units" },
  thetaOld: { role: "parameter", meaning: "parameter as the rule finds it", unit: "parameter units" },
  g: { role: "gradient", meaning: "gradient of the loss", unit: "gradient units" },
  t: { role: "step", meaning: "step, counted from 1", unit: "steps" },
  noise: { role: "noise", meaning: "standard normal numbers, new in each step", unit: null },
};

const NOT_SYMBOLS = new Set<string>([
  ...CALLABLE,
  ...Object.keys(AGGREGATES),
  ...Object.keys(MATRIX_FUNCTIONS),
  "and",
  "or",
  "not",
]);

/** Every name in the formula, in the order in which they appear. */
function symbolsOf(
  { update, before, view, state, uses }: Link,
  hyper: Readonly<Record<string, number>>,
): RuleSymbol[] {
  const texts = [...before.map((phase) => phase.update), update, view].map((text) =>
    text.replaceAll(/#.*/g, ""),
  );
  const names = texts.flatMap((text) => text.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []);
  const slots = new Map(stateSlots(state).map((slot) => [slot.name, slot]));
  return [...new Set(names)]
    .filter((name) => !NOT_SYMBOLS.has(name))
    .map((name): RuleSymbol => {
      const latex = nameToLatex(name);
      const slot = slots.get(name);
      if (Object.hasOwn(FIXED, name)) return { name, latex, ...FIXED[name]! };
      if (slot !== undefined) {
        const start = slot.initial === "0" ? "" : `, from ${slot.initial}`;
        return { name, latex, role: "state", meaning: `${STATE_SHAPES[slot.shape]}${start}`, unit: null };
      }
      if (Object.hasOwn(hyper, name)) return { name, latex, role: "hyperparameter", ...described(name) };
      if (uses.includes(name)) return { name, latex, role: "hyperparameter", ...ofTheRule(name) };
      return { name, latex, role: "intermediate", meaning: "", unit: null };
    });
}

const STATE_SHAPES = {
  tensor: "state: one number per element",
  scalar: "state: one number per parameter tensor",
  shared: "state: one number for all parameters",
  rows: "state: one number per row",
  cols: "state: one number per column",
  "rows×rows": "state: a matrix, rows by rows",
  "cols×cols": "state: a matrix, columns by columns",
} as const;

function described(name: string): { meaning: string; unit: string | null } {
  const { meaning: text, unit } = meaning(name);
  return { meaning: text, unit };
}

/** A hyperparameter that a transform reads from the rule beside it. */
function ofTheRule(name: string): { meaning: string; unit: string | null } {
  const stem = name.replace(/Peak$/, "");
  const { meaning: text, unit } = described(stem);
  return { meaning: `${text || stem} of the rule${stem === name ? "" : ", before the schedule"}`, unit };
}
