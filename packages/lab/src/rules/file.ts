/**
 * A rule from a YAML or JSON file: a declaration as @thalweg/optim reads it, and beside it `space`, what a comparison tunes.
 *
 *   name: my-momentum
 *   hyper: { lr: 0.1, momentum: 0.9 }
 *   state: [m]
 *   update: |
 *     m = momentum * m + g
 *     theta = theta - lr * m
 *   space: { lr: { low: 1.e-3, high: 1, log: true } }
 *
 * Whatever is wrong is said with the file's own line and column: of the text, of the form, and of each formula in it. JSON is
 * read by the same parser, since it is YAML.
 */
import { readFileSync } from "node:fs";
import { FormulaError, nearest } from "@thalweg/formula";
import { checkHyper, declarationSchema, declareRule, type Rule } from "@thalweg/optim";
import { isScalar, Scalar } from "yaml";
import { z } from "zod";
import { parseSpace, type Space } from "../samplers/index.ts";
import {
  keyPlace,
  lower,
  nodeAt,
  type Path,
  type Place,
  parseYaml,
  placeOf,
  plainData,
  type YamlSource,
} from "../yaml-source.ts";

export interface FileRule {
  rule: Rule;
  space?: Space;
}

/** A file that holds no rule; the message begins with file, line and column. */
export class RuleFileError extends SyntaxError {
  override readonly name = "RuleFileError";
  readonly line: number;
  readonly column: number;

  constructor(path: string, { line, column }: Place, reason: string, options?: ErrorOptions) {
    super(`Cannot read ${path} at line ${line}, column ${column}: ${reason}`, options);
    this.line = line;
    this.column = column;
  }
}

const schema = declarationSchema.extend({ space: z.unknown().optional() });
const FIELDS = Object.keys(schema.shape);

/** Read a rule's file. Raises RuleFileError; Node's own error when there is no such file. */
export const readRuleFile = (path: string): FileRule =>
  parseRuleFile(readFileSync(path, "utf8").replace(/^\uFEFF/, ""), path);

/** The rule of a file's text. Raises RuleFileError. */
export function parseRuleFile(text: string, path: string): FileRule {
  const { source, mistake } = parseYaml(text, path);
  if (mistake !== undefined) throw new RuleFileError(path, mistake.place, mistake.reason);
  const parsed = schema.safeParse(plain(source));
  if (!parsed.success) throw formError(source, parsed.error.issues[0]!);
  const { space, ...declaration } = parsed.data;
  const rule = located(source, () => declareRule(declaration));
  return space === undefined ? { rule } : { rule, space: readSpace(source, space, rule) };
}

/** The document as plain data. An alias without an anchor is found only here. */
function plain(source: YamlSource): unknown {
  try {
    return plainData(source);
  } catch (error) {
    throw new RuleFileError(source.path, { line: 1, column: 1 }, lower((error as Error).message), {
      cause: error,
    });
  }
}

/** The first thing that is not of the form, at the place where it stands. */
function formError(source: YamlSource, issue: z.core.$ZodIssue): RuleFileError {
  const { document, path } = source;
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys as [string];
    const known = issue.path.length === 0 ? FIELDS : [];
    const close = nearest(key, known);
    const hint = close === undefined ? "" : `; did you mean "${close}"?`;
    const fields = known.length === 0 ? "" : `: a rule has ${known.join(", ")}`;
    const at = keyPlace(source, [...issue.path, key]);
    return new RuleFileError(path, at, `there is no field "${key}"${fields}${hint}`);
  }
  const missing = issue.path.length > 0 && !document.hasIn(issue.path);
  const field = issue.path.join(".");
  const what = missing
    ? `${field} is missing`
    : field === ""
      ? `a rule must be a map with at least name and update: ${lower(issue.message)}`
      : `${field}: ${lower(issue.message)}`;
  return new RuleFileError(path, placeOf(source, issue.path), what);
}

/** Do what may refuse the declaration, and say where in the file that is. */
function located(source: YamlSource, work: () => Rule): Rule {
  try {
    return work();
  } catch (error) {
    if (error instanceof FormulaError) throw formulaError(source, error);
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const [, hyper] = /^Cannot use \S+ as (\w+) must/.exec(error.message) ?? [];
    const named = /as a name must be|needs a name of its own/.test(error.message) ? ["hyper"] : ["name"];
    const at = hyper === undefined ? placeOf(source, named) : placeOf(source, ["hyper", hyper]);
    throw new RuleFileError(source.path, at, error.message, { cause: error });
  }
}

/** A mistake inside a formula, at the file's line and column. */
function formulaError(source: YamlSource, error: FormulaError): RuleFileError {
  const { path, prefix } = blockOf(error.rule);
  const at = placeInBlock(source, path, { line: error.line, column: error.column - prefix });
  const detail = error.message.replace(
    /^Cannot read the formula of .*? at line \d+, column \d+: /,
    `in the formula of ${error.rule}, `,
  );
  return new RuleFileError(source.path, at, detail, { cause: error });
}

/** Which text of the declaration a formula's name means, and how much was put before it to make it an assignment. */
function blockOf(rule: string): { path: Path; prefix: number } {
  const [, phase] = /, phase (\d+)$/.exec(rule) ?? [];
  if (phase !== undefined) return { path: ["before", Number(phase) - 1, "update"], prefix: 0 };
  const [, slot] = /, initial value of (\w+)$/.exec(rule) ?? [];
  if (slot !== undefined) return { path: ["state", slot, "initial"], prefix: "start = ".length };
  return rule.endsWith(", view")
    ? { path: ["view"], prefix: "theta = ".length }
    : { path: ["update"], prefix: 0 };
}

/**
 * A line and column of a text, in the file. A block after `|` keeps its lines, less their indentation; what stands on one
 * line keeps its columns. Folded and escaped texts do not, and are pointed at as a whole.
 */
function placeInBlock(source: YamlSource, path: Path, { line, column }: Place): Place {
  const node = nodeAt(source, path);
  if (!isScalar(node) || typeof node.value !== "string") return placeOf(source, path);
  const start = placeOf(source, path);
  const lines = source.text.split(/\r?\n/);
  if (node.type === Scalar.BLOCK_LITERAL) {
    const written = node.value.split("\n");
    const first = written.findIndex((one) => one.trim() !== "");
    const outer = lines[start.line + first] ?? "";
    const indent = outer.length - outer.trimStart().length - leading(written[first] ?? "");
    return { line: start.line + line, column: indent + column };
  }
  const quote = node.type === Scalar.PLAIN ? 0 : 1;
  const shown = source.text.slice(node.range![0] + quote, node.range![1] - quote);
  return shown === node.value ? { line: start.line, column: start.column + quote + column - 1 } : start;
}

const leading = (line: string) => line.length - line.trimStart().length;

function readSpace(source: YamlSource, written: unknown, rule: Rule): Space {
  try {
    const space = parseSpace(written);
    for (const [name, dimension] of Object.entries(space)) {
      const ends = "low" in dimension ? [dimension.low, dimension.high] : dimension.choices;
      for (const value of ends) checkHyper(rule, { [name]: value as number });
    }
    return space;
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const names = Object.keys((written ?? {}) as object);
    const named = names.find((name) => new RegExp(`\\b${name}\\b`).test(error.message));
    const at = placeOf(source, named === undefined ? ["space"] : ["space", named]);
    throw new RuleFileError(source.path, at, error.message, { cause: error });
  }
}
