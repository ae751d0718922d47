/**
 * The text of a rule, in parts. A part is a name with options or without; parts follow each other as in a chain:
 *
 *   adamw      muon(scale=none, lr=0.05)      clipByGlobalNorm(maxNorm=1) > adamw      my-rule.yaml(lr=0.1)
 *
 * Names are of the catalogue here; the command line also knows files. A comma separates rules in a list, but not inside parentheses.
 */
import { nearest } from "@thalweg/formula";
import { buildRule, type LinkCatalogue, type RuleOptions } from "./catalogue.ts";
import { chain, type Link, type Rule } from "./rule.ts";
import { catalogue } from "./rules/index.ts";
import { transformCatalogue } from "./transforms/index.ts";
import { wrapperCatalogue } from "./wrappers/index.ts";

export interface SpecPart {
  /** Of a rule, a transform or a wrapper; or a path. */
  name: string;
  options: RuleOptions;
}

/** What is wrong with the text of a rule, and where. */
export class RuleSpecError extends SyntaxError {
  override readonly name = "RuleSpecError";
  readonly column: number;

  constructor(text: string, at: number, found: string, accepted: string) {
    super(
      `Cannot read the rule at column ${at + 1}: found ${found}, accepted here: ${accepted}\n  ${text}\n  ${" ".repeat(at)}^`,
    );
    this.column = at + 1;
  }
}

/** The parts of a chain, in its order. Raises RuleSpecError. */
export function parseSpec(text: string): SpecPart[] {
  return split(text, ">").map(({ text: part, at }) => parsePart(text, part, at));
}

/** The text as one writes it: `muon(scale=none, lr=0.05) > ema`. */
export const showSpec = (parts: readonly SpecPart[]): string =>
  parts
    .map(({ name, options }) => {
      const written = Object.entries(options).map(([key, value]) => `${key}=${value}`);
      return written.length === 0 ? name : `${name}(${written.join(", ")})`;
    })
    .join(" > ");

const LINKS: LinkCatalogue = { ...transformCatalogue, ...wrapperCatalogue };

/** The rule or link of a part, where its name is in the catalogue. Raises RangeError for options that it does not have or take. */
export function cataloguedPart({ name, options }: SpecPart): Rule | Link | undefined {
  if (Object.hasOwn(catalogue, name)) return buildRule(catalogue[name]!, options);
  if (Object.hasOwn(LINKS, name)) return LINKS[name]!.make(onlyNumbers(name, options));
}

/** Only rules of the catalogue have choices. Unknown names are left to the rule, which knows the nearest. Raises RangeError. */
export function onlyNumbers(name: string, options: RuleOptions): Record<string, number> {
  for (const [option, value] of Object.entries(options)) {
    if (typeof value === "number") continue;
    throw new RangeError(
      `Cannot use ${name} as ${option} must be a number: current value is ${JSON.stringify(value)}`,
    );
  }
  return options as Record<string, number>;
}

/**
 * The rule of a text whose names are all of the catalogue; its name is the text as one would write it. Raises RuleSpecError for a text of another
 * form, RangeError with the nearest name for one that does not exist, TypeError for parts that make no rule.
 *
 * @example ruleFromText("clipByGlobalNorm(maxNorm=1) > adamw(lr=3e-3)")
 */
export function ruleFromText(text: string): Rule {
  const written = parseSpec(text);
  const parts = written.map((one) => cataloguedPart(one) ?? refuseName(one.name));
  const [first] = parts;
  const rule = parts.length === 1 && "links" in first! ? first : chain(...parts);
  return { ...rule, name: showSpec(written) };
}

/** Raises RangeError. */
export function refuseName(name: string, others = ""): never {
  const close = nearest(name, [...Object.keys(catalogue), ...Object.keys(LINKS)]);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new RangeError(
    `Cannot find the rule "${name}": there are ${Object.keys(catalogue).join(", ")}${others}${hint}`,
  );
}

/** `adamw, muon(scale=none, lr=0.05)` → the texts of two rules. */
export const splitRules = (text: string): string[] => split(text, ",").map((part) => part.text.trim());

function parsePart(text: string, part: string, at: number): SpecPart {
  const start = at + part.length - part.trimStart().length;
  const end = at + part.trimEnd().length;
  const bracket = part.indexOf("(");
  const name = part.slice(0, bracket < 0 ? undefined : bracket).trim();
  if (name === "" || /[()]/.test(name)) {
    const found = bracket < 0 ? (name === "" ? "nothing" : `"${name}"`) : '"("';
    throw new RuleSpecError(text, Math.min(start, end), found, "the name of a rule or transform, or a path");
  }
  if (bracket < 0) return { name, options: {} };
  if (text[end - 1] !== ")") throw new RuleSpecError(text, end, foundAt(text, end), '")"');
  const inside = text.slice(at + bracket + 1, end - 1);
  const offset = at + bracket + 1;
  if (inside.trim() === "") return { name, options: {} };
  const options: Record<string, number | string | boolean> = {};
  for (const one of split(inside, ",")) {
    const [key, value] = parseOption(text, one.text, offset + one.at);
    if (Object.hasOwn(options, key)) {
      throw new RuleSpecError(text, offset + one.at, `${key} for the second time`, "another option");
    }
    options[key] = value;
  }
  return { name, options };
}

function parseOption(text: string, option: string, at: number): [string, number | string | boolean] {
  const [, key = "", value = ""] = /^\s*([A-Za-z_][\w.#-]*)\s*=\s*([^=()]*?)\s*$/.exec(option) ?? [];
  if (key === "" || value === "") {
    const start = at + option.length - option.trimStart().length;
    const found = option.trim() === "" ? foundAt(text, start) : `"${option.trim()}"`;
    throw new RuleSpecError(text, start, found, "name=value");
  }
  return [key, readValue(value)];
}

/** A number where it is one, true and false where it says so, else the text. */
function readValue(text: string): number | string | boolean {
  if (text === "true" || text === "false") return text === "true";
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

/** Split at a character that stands outside parentheses; each piece with the place where it begins. */
function split(text: string, at: string): { text: string; at: number }[] {
  const pieces: { text: string; at: number }[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    if (text[i] === ")") depth--;
    if (depth > 0 || text[i] !== at) continue;
    pieces.push({ text: text.slice(start, i), at: start });
    start = i + 1;
  }
  pieces.push({ text: text.slice(start), at: start });
  return pieces;
}

const foundAt = (text: string, at: number) => (at < text.length ? `"${text[at]}"` : "the end");
