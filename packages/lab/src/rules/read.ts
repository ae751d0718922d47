/**
 * Rules as people name them, on the command line and in a comparison: one reader for all commands.
 *
 *   adamw                                  a name of the catalogue
 *   muon(scale=none, lr=0.05)              with choices and hyperparameters
 *   clipByGlobalNorm(maxNorm=1) > adamw    a chain of transforms, wrappers and rules
 *   my-rule.yaml                           a file with a declaration, alone or in a chain
 *
 * A hyperparameter that is given is meant: it is the rule's default then, and a comparison does not tune it.
 */
import { existsSync } from "node:fs";
import {
  cataloguedPart,
  chain,
  type Link,
  onlyNumbers,
  parseSpec,
  type Rule,
  refuseName,
  type SpecPart,
  showSpec,
  withHyper,
} from "@thalweg/optim";
import type { Space } from "../samplers/index.ts";
import { readRuleFile } from "./file.ts";

/** A rule that was asked for. Its name is the text as one would write it. */
export interface AskedRule {
  rule: Rule;
  /** Hyperparameters with a value of the asker's, by their names in the chain. */
  fixed: readonly string[];
  /** What its file says should be tuned, by names in the chain. */
  space?: Space;
}

/**
 * Read a rule. Raises RangeError or TypeError for what does not exist or does not fit, RuleSpecError for a text of another
 * form, RuleFileError for a file that holds no rule.
 *
 * @example readRuleSpec("clipByGlobalNorm(maxNorm=1) > adamw(lr=3e-3)").rule
 */
export function readRuleSpec(text: string): AskedRule {
  const parts = existsSync(text) && looksLikePath(text) ? [{ name: text, options: {} }] : parseSpec(text);
  const read = parts.map(readPart);
  const chained =
    read.length === 1 && "links" in read[0]!.part ? read[0]!.part : chain(...read.map(({ part }) => part));
  const shown = parts.map(({ options }, i) => ({ name: read[i]!.part.name, options }));
  const rule = { ...chained, name: showSpec(shown) };
  let first = 0;
  const fixed: string[] = [];
  const space: Record<string, Space[string]> = {};
  let hasSpace = false;
  read.forEach(({ part, space: own }, i) => {
    const nameOf = (local: string) => nameInChain(rule, first, local);
    fixed.push(
      ...Object.keys(parts[i]!.options)
        .filter((name) => part.hyper[name] !== undefined)
        .map(nameOf),
    );
    for (const [name, dimension] of Object.entries(own ?? {})) space[nameOf(name)] = dimension;
    hasSpace ||= own !== undefined;
    first += "links" in part ? part.links.length : 1;
  });
  return { rule, fixed, ...(hasSpace ? { space } : {}) };
}

interface ReadPart {
  part: Rule | Link;
  space?: Space;
}

function readPart({ name, options }: SpecPart): ReadPart {
  const part = cataloguedPart({ name, options });
  if (part !== undefined) return { part };
  if (looksLikePath(name)) {
    const { rule, space } = readFile(name);
    const part = withHyper(rule, onlyNumbers(rule.name, options));
    return space === undefined ? { part } : { part, space };
  }
  return refuseName(name, ", and files that end in .yaml, .yml or .json");
}

/** Whether a name means a file: by its ending, or by a slash. */
export const looksLikePath = (name: string) => /\.(ya?ml|json)$/i.test(name) || /[/\\]/.test(name);

function readFile(path: string) {
  try {
    return readRuleFile(path);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message;
    throw new RangeError(`Cannot read the rule ${path} as ${reason}`, { cause: error });
  }
}

/** What a link's hyperparameter is called in the chain: its own name, or `link.name` where another link has it too. */
export function nameInChain({ links, hyper }: Rule, link: number, local: string): string {
  const { name } = links[link]!;
  const before = links.slice(0, link).filter((other) => other.name === name).length;
  const qualified = `${before === 0 ? name : `${name}#${before + 1}`}.${local}`;
  return Object.hasOwn(hyper, qualified) ? qualified : local;
}
