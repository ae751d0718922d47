/** `thalweg rules [NAME]`: the catalogue of update rules and transforms, or one of them in full. */

import { type StateDeclaration, stateSlots, toLatex } from "@thalweg/formula";
import {
  HYPERPARAMETERS,
  type Link,
  lookUp,
  type Rule,
  rules,
  ruleToLatex,
  transforms,
} from "@thalweg/optim";
import type { Command } from "commander";
import { fromUser } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson, settings } from "./print.ts";

const BYTES_PER_FLOAT32 = 4;

export function define(command: Command, io: Io): void {
  command
    .description(
      "List the update rules and gradient transforms, or explain one: formula, hyperparameters, state, source.",
    )
    .argument("[name]", "a rule or transform")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg rules\n  $ thalweg rules adamw\n  $ thalweg rules lion --json",
    )
    .action((name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) {
        if (json) printJson(io.stdout, catalogue.map(brief));
        else io.stdout.write(list());
        return;
      }
      const entry = fromUser(() =>
        lookUp("rule", Object.fromEntries(catalogue.map((one) => [one.name, one])), name),
      );
      if (json) printJson(io.stdout, full(entry));
      else io.stdout.write(explanation(entry));
    });
}

interface Entry extends Link {
  latex: readonly string[];
}

const catalogue: readonly Entry[] = [
  ...Object.values(rules).map((rule): Entry => ({ ...onlyLink(rule), latex: ruleToLatex(rule) })),
  ...Object.values(transforms).map((transform): Entry => {
    const link = transform();
    return { ...link, latex: toLatex(link.update, link.name) };
  }),
];

function onlyLink({ name, links, hyper }: Rule): Link {
  return { ...links[0]!, name, hyper };
}

const brief = ({ name, kind, summary, hyper, state }: Entry) => ({
  name,
  kind,
  summary,
  hyper,
  state: stateSlots(state),
  stateBytesPerParameter: stateBytes(state),
});

/** float32 state per parameter element; state that is one number does not count. */
const stateBytes = (state: StateDeclaration) =>
  BYTES_PER_FLOAT32 * stateSlots(state).filter(({ shape }) => shape === "tensor").length;

/** `m, v, d (shared, from d0)` */
function describeState(state: StateDeclaration): string[] {
  return stateSlots(state).map(({ name, shape, initial }) => {
    const remarks = [shape === "tensor" ? "" : shape, initial === "0" ? "" : `from ${initial}`].filter(
      Boolean,
    );
    return remarks.length === 0 ? name : `${name} (${remarks.join(", ")})`;
  });
}

const full = (entry: Entry) => ({
  ...brief(entry),
  formula: formulaLines(entry),
  latex: entry.latex,
  hyperparameters: Object.entries(entry.hyper).map(([name, value]) => ({
    name,
    default: value,
    ...meaning(name),
  })),
  source: entry.source,
});

function meaning(name: string): { meaning: string; unit: string | null; domain: string } {
  const known = HYPERPARAMETERS[name];
  return {
    meaning: known?.meaning ?? "",
    unit: known?.unit ?? null,
    domain: known?.domain.text.replace(/^be /, "") ?? "a finite number",
  };
}

const formulaLines = ({ update }: Entry): string[] =>
  update
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

function list(): string {
  const head = ["name", "B/param", "state", "hyperparameters", "summary"];
  const rows = catalogue.map(({ name, state, hyper, summary }) => [
    name,
    String(stateBytes(state)),
    stateSlots(state)
      .map((slot) => slot.name)
      .join(" ") || "–",
    settings(hyper),
    summary,
  ]);
  return columns([head, ...rows], new Set([1]));
}

function explanation(entry: Entry): string {
  const { name, kind, summary, latex, state, source } = entry;
  const slots = describeState(state);
  const hyper = Object.entries(entry.hyper).map(([one, value]) => {
    const { meaning: text, unit, domain } = meaning(one);
    return [`  ${one}`, String(value), domain, unit === null ? text : `${text} [${unit}]`];
  });
  return [
    `${name} (${kind}): ${summary}\n`,
    `\nFormula\n${indented(formulaLines(entry))}`,
    `\nLaTeX\n${indented(latex)}`,
    hyper.length === 0 ? "" : `\nHyperparameters\n${columns(hyper)}`,
    slots.length === 0
      ? "\nState    none\n"
      : `\nState    ${slots.join(", ")}: ${stateBytes(state)} bytes per parameter in float32\n`,
    `Source   ${source}\n`,
  ].join("");
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join("");
