/**
 * From text to syntax tree. The grammar is `formula.peggy`; the generated parser knows what it expected where it stopped,
 * and this file turns that into a FormulaError.
 */
import { FormulaError } from "./error.ts";
import * as generated from "./generated/formula-parser.js";
import type { Statement } from "./tree.ts";

/** Parse the text of a formula. Raises FormulaError at the first place that no formula can continue from. */
export function parseFormula(text: string, rule = "formula"): Statement[] {
  try {
    return generated.parse(text);
  } catch (error) {
    if (!(error instanceof generated.SyntaxError)) throw error;
    const { line, column } = error.location.start;
    throw new FormulaError({
      rule,
      text,
      at: { line, column },
      found: error.found === null ? "the end of the text" : JSON.stringify(error.found),
      accepted: listExpected(error.expected),
    });
  }
}

const UNINTERESTING = new Set(["a blank line", "a space", "end of input"]);

function listExpected(expected: generated.SyntaxError["expected"]): string {
  const names = expected.map(
    (one) => one.description ?? (one.text === undefined ? one.type : `"${one.text}"`),
  );
  const distinct = [...new Set(names)].filter((name) => !UNINTERESTING.has(name)).sort();
  if (distinct.length === 0) return "the end of the text";
  return distinct.length === 1 ? distinct[0]! : `${distinct.slice(0, -1).join(", ")} or ${distinct.at(-1)}`;
}
