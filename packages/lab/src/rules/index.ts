/** Rules from names, texts and files. */

export { parseSpec, RuleSpecError, type SpecPart, showSpec, splitRules } from "@thalweg/optim";
export { type FileRule, parseRuleFile, RuleFileError, readRuleFile } from "./file.ts";
export { type AskedRule, looksLikePath, nameInChain, readRuleSpec } from "./read.ts";
export { type ShownRule, showRule } from "./show.ts";
