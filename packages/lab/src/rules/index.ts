/** Rules from names, texts and files. */
export { type FileRule, parseRuleFile, RuleFileError, readRuleFile } from "./file.ts";
export { type AskedRule, looksLikePath, nameInChain, readRuleSpec } from "./read.ts";
export { parseSpec, RuleSpecError, type SpecPart, showSpec, splitRules } from "./spec.ts";
