import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generateParser, PARSER } from "./make-parser.ts";

test("the parser checked in is the one that the grammar generates", () => {
  expect(readFileSync(PARSER, "utf8")).toBe(generateParser());
});

test("the parser evaluates no text at run time", () => {
  expect(readFileSync(PARSER, "utf8")).not.toMatch(/\beval\s*\(|\bnew Function\b/);
});
