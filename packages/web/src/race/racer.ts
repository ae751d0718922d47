/**
 * Who races: a rule with its options, a schedule of its learning rate, or a rule whose formula was edited in the page. All of it is text, because it stands in
 * the address:
 *
 *   adam(lr=0.05) @ warmup(10) > cosine | sgd(lr=0.001) | my-adam(lr=0.01)
 *
 * The name of an own rule comes before one of the catalogue.
 */
import { nearest } from "@thalweg/formula";
import {
  cataloguedPart,
  chain,
  rule as declare,
  parseSchedule,
  parseSpec,
  type Rule,
  ruleFromText,
  type Schedule,
  type SpecPart,
  showSpec,
  withHyper,
} from "@thalweg/optim";

/** A rule whose formula was written in the page. */
export interface OwnRule {
  readonly hyper: Readonly<Record<string, number>>;
  /** Names, each of the parameter's shape and from zero. */
  readonly state: readonly string[];
  readonly update: string;
}

export type OwnRules = Readonly<Record<string, OwnRule>>;

export interface RacerText {
  readonly rule: string;
  readonly schedule: string;
}

/** Ready to start, or not, and why. */
export interface Racer extends RacerText {
  readonly index: number;
  readonly made?: { readonly rule: Rule; readonly schedule: Schedule | undefined };
  readonly problem: string;
}

export const readRacers = (text: string): RacerText[] =>
  text
    .split("|")
    .map((one) => one.trim())
    .filter((one) => one !== "")
    .map((one) => {
      const [rule = "", schedule = ""] = one.split(/@(.*)/s);
      return { rule: rule.trim(), schedule: schedule.trim() };
    });

export const showRacers = (racers: readonly RacerText[]): string =>
  racers.map(({ rule, schedule }) => (schedule === "" ? rule : `${rule} @ ${schedule}`)).join(" | ");

/** Own rules as JSON in the address; what is not of the form is left out. */
export function readOwnRules(text: string): OwnRules {
  if (text === "") return {};
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return Object.fromEntries(entries.filter((entry): entry is [string, OwnRule] => isOwnRule(entry[1])));
  } catch {
    return {};
  }
}

function isOwnRule(value: unknown): value is OwnRule {
  if (typeof value !== "object" || value === null) return false;
  const { hyper, state, update } = value as Partial<Record<keyof OwnRule, unknown>>;
  return (
    typeof update === "string" &&
    Array.isArray(state) &&
    state.every((name) => typeof name === "string") &&
    typeof hyper === "object" &&
    hyper !== null &&
    Object.values(hyper).every((number) => typeof number === "number")
  );
}

/** Declares an own rule. Raises FormulaError, TypeError or RangeError, each with what is wrong. */
export const declareOwn = (name: string, { hyper, state, update }: OwnRule): Rule =>
  declare({ name, hyper, state: [...state], update });

/** The rule of a text. Raises as `ruleFromText` and `declareOwn`. */
export function ruleOf(text: string, own: OwnRules): Rule {
  const parts = parseSpec(text);
  if (!parts.some(({ name }) => Object.hasOwn(own, name))) return ruleFromText(text);
  const made = parts.map(({ name, options }) => {
    if (!Object.hasOwn(own, name)) {
      const part = cataloguedPart({ name, options });
      if (part !== undefined) return part;
      const close = nearest(name, Object.keys(own));
      throw new RangeError(
        `Cannot find the rule "${name}"${close === undefined ? "" : `; did you mean "${close}"?`}`,
      );
    }
    return withHyper(declareOwn(name, own[name]!), numbers(name, options));
  });
  const [first] = made;
  const whole = made.length === 1 && "links" in first! ? first : chain(...made);
  return { ...whole, name: showSpec(parts) };
}

function numbers(name: string, options: SpecPart["options"]): Record<string, number> {
  for (const [option, value] of Object.entries(options)) {
    if (typeof value === "number") continue;
    throw new RangeError(`Cannot use ${name} as ${option} must be a number: current value is ${value}`);
  }
  return options as Record<string, number>;
}

/** Why a rule cannot race in the plane; empty when it can. */
export function whyNot({ name, minimumRank, program }: Rule): string {
  if (minimumRank > 1)
    return `${name} updates matrices, and a point of the plane is a vector: it can train the network`;
  const sampled = program.before.some(({ gradient }) => gradient === "sampled-labels");
  return sampled ? `${name} asks for gradients of labels drawn from a model, and a surface has none` : "";
}

/** Read racers, each by itself: one that cannot be read does not stop the others. */
export function makeRacers(
  texts: readonly RacerText[],
  own: OwnRules,
  steps: number,
  inPlane = true,
): Racer[] {
  return texts.map((text, index) => {
    try {
      const rule = ruleOf(text.rule, own);
      const problem = inPlane ? whyNot(rule) : "";
      if (problem !== "") return { ...text, index, problem };
      const schedule = text.schedule === "" ? undefined : parseSchedule(text.schedule, steps);
      if (schedule !== undefined && rule.hyper.lr === undefined) {
        return { ...text, index, problem: `${rule.name} has no learning rate to schedule` };
      }
      return { ...text, index, made: { rule, schedule }, problem: "" };
    } catch (error) {
      return { ...text, index, problem: error instanceof Error ? error.message : String(error) };
    }
  });
}

/** The text with some options of its last part changed; `undefined` takes one away. */
export function withOptions(
  text: string,
  changes: Readonly<Record<string, number | string | boolean | undefined>>,
): string {
  const parts = parseSpec(text);
  const last = parts.at(-1)!;
  const options = { ...last.options, ...changes };
  const kept = Object.entries(options).filter(
    (entry): entry is [string, number | string | boolean] => entry[1] !== undefined,
  );
  return showSpec([...parts.slice(0, -1), { name: last.name, options: Object.fromEntries(kept) }]);
}

/** The name of the part that moves the parameters, for labels: `adam` of `clipByGlobalNorm > adam(lr=0.1)`. */
export function shortName(text: string): string {
  try {
    return parseSpec(text)
      .map(({ name }) => name)
      .join(" > ");
  } catch {
    return text;
  }
}
