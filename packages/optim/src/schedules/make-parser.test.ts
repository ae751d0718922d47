import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generateParser, PARSER, PARSER_TYPES } from "./make-parser.ts";

test("the parser checked in is the one that the grammar generates", () => {
  const { parser, types } = generateParser();
  expect(readFileSync(PARSER, "utf8")).toBe(parser);
  expect(readFileSync(PARSER_TYPES, "utf8")).toBe(types);
});

test("the parser evaluates no text at run time", () => {
  expect(readFileSync(PARSER, "utf8")).not.toMatch(/\beval\s*\(|\bnew Function\b/);
});
