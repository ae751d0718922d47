/**
 * From text to syntax tree. The grammar is `formula.peggy`; the generated parser knows what it expected where it stopped,
 * and this file turns that into a FormulaError. Formulas also come from web pages, so their nesting is bounded here.
 */
import { FormulaError } from "./error.ts";
import * as generated from "./generated/formula-parser.js";
import type { Place, Statement, SyntaxTree } from "./tree.ts";

/** Deeper than any formula a person writes, and shallow enough for the call stack. A sum of n terms is n deep. */
const MAX_DEPTH = 500;

/** Parse the text of a formula. Raises FormulaError at the first place that no formula can continue from. */
export function parseFormula(text: string, rule = "formula"): Statement[] {
  const fail = (at: Place, found: string, accepted: string): never => {
    throw new FormulaError({ rule, text, at, found, accepted });
  };
  try {
    const statements = generated.parse(text);
    for (const { value } of statements) {
      if (depth(value) > MAX_DEPTH) throw new RangeError(`deeper than ${MAX_DEPTH}`);
    }
    return statements;
  } catch (error) {
    if (error instanceof generated.SyntaxError) {
      const { line, column, offset } = error.location.start;
      return fail({ line, column }, tokenAt(text, offset), listExpected(error.expected));
    }
    // The call stack ends in a RangeError too.
    if (error instanceof RangeError) {
      return fail({ line: 1, column: 1 }, "an expression nested too deeply", `at most ${MAX_DEPTH} levels`);
    }
    throw error;
  }
}

function depth(tree: SyntaxTree): number {
  switch (tree.kind) {
    case "number":
    case "name":
      return 1;
    case "call":
      return 1 + Math.max(0, ...tree.operands.map(depth));
    case "unary":
      return 1 + depth(tree.operand);
    case "binary":
      return 1 + Math.max(depth(tree.left), depth(tree.right));
  }
}

const TOKEN = /\r?\n|[A-Za-z0-9_]+|[<>=!]=|./suy;

/** What a reader sees at a place: a whole word or number, not its first letter. */
function tokenAt(text: string, offset: number): string {
  TOKEN.lastIndex = offset;
  const [token] = TOKEN.exec(text) ?? [];
  if (token === undefined) return "the end of the text";
  return token.endsWith("\n") ? "the end of the line" : JSON.stringify(token);
}

/** White space may stand anywhere, so it is not worth mentioning. */
const UNINTERESTING = new Set(["a blank line", "a space", "end"]);

function listExpected(expected: generated.SyntaxError["expected"]): string {
  const names = expected.map(
    (one) => one.description ?? (one.text === undefined ? one.type : `"${one.text}"`),
  );
  const distinct = [...new Set(names)].filter((name) => !UNINTERESTING.has(name)).sort();
  return distinct.length === 1 ? distinct[0]! : `${distinct.slice(0, -1).join(", ")} or ${distinct.at(-1)}`;
}
