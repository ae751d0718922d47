/** Generate the parser from its grammar: `npm run generate -w @thalweg/formula`. The output is checked in, so that nothing is compiled at run time. */
import { readFileSync, writeFileSync } from "node:fs";
import peggy from "peggy";

const grammarFile = new URL("formula.peggy", import.meta.url);
const parserFile = new URL("generated/formula-parser.js", import.meta.url);

/** The text of the parser that `formula.peggy` describes. */
export function generateParser() {
  const source = peggy.generate(readFileSync(grammarFile, "utf8"), {
    output: "source",
    format: "es",
    grammarSource: "formula.peggy",
  });
  return `// Generated from formula.peggy by \`npm run generate -w @thalweg/formula\`. Do not edit.\n${source}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) writeFileSync(parserFile, generateParser());
