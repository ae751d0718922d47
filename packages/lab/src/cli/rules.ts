/** `thalweg rules [NAME]`: the catalogue of update rules, transforms and wrappers, or one of them, or of a file, in full. */
import {
  type BriefEntry,
  briefEntries,
  entry,
  entryNames,
  type FullEntry,
  lookUp,
  ownEntry,
  type RuleOptions,
} from "@thalweg/optim";
import type { Command } from "commander";
import { looksLikePath, readRuleSpec } from "../rules/index.ts";
import { fromUser, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { columns, printJson, settings } from "./print.ts";

interface Options {
  dialect?: string;
  choose?: Record<string, string>;
  json?: boolean;
}

export function define(command: Command, io: Io): void {
  command
    .description(
      "List update rules, transforms and wrappers by family, or explain one: formula, symbols, defaults, state, when to use it.",
    )
    .argument("[name]", "a rule, transform or wrapper, or a file with a rule of your own")
    .option("--dialect <dialect>", "whose form of the rule: torch, optax, keras, tf1, paper")
    .option("--choose <name=value>", "another choice that the rule offers; repeat for more", choice)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ thalweg rules\n  $ thalweg rules adamw\n  $ thalweg rules rmsprop --dialect keras --choose centered=true\n  $ thalweg rules lion --json\n  $ thalweg rules my-rule.yaml",
    )
    .action((name: string | undefined, { dialect, choose = {}, json = false }: Options) => {
      const options: RuleOptions = { ...choose, ...(dialect === undefined ? {} : { dialect }) };
      if (name === undefined) {
        if (Object.keys(options).length > 0) {
          throw new UsageError(`Cannot choose ${Object.keys(options)[0]} without a rule: give its name too`);
        }
        if (json) printJson(io.stdout, briefEntries());
        else io.stdout.write(list(briefEntries()));
        return;
      }
      const found = fromUser(() => {
        if (looksLikePath(name)) return ownEntry(readRuleSpec(name).rule);
        lookUp("rule", Object.fromEntries(entryNames.map((one) => [one, one])), name);
        return entry(name, options);
      });
      if (json) printJson(io.stdout, found);
      else io.stdout.write(explanation(found));
    });
}

/** One `--choose name=value` added to those before it; whether there is such a choice is for the rule to say. */
function choice(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return { ...before, [name]: value };
  throw new UsageError(
    `Cannot use --choose as it must be name=value, for example centered=true: current value is ${text}`,
  );
}

/** One table per family, in the order of the catalogue. */
function list(entries: readonly BriefEntry[]): string {
  const families = groupBy(entries, ({ family }) => family);
  return [...families]
    .map(([family, members]) => {
      const head = ["name", "B/param", "state", "hyperparameters", "summary"];
      const rows = members.map(({ name, state, stateBytesPerParameter, hyper, summary }) => [
        name,
        String(stateBytesPerParameter),
        state.map((slot) => slot.name).join(" ") || "–",
        settings(hyper) || "–",
        summary,
      ]);
      return `# ${family}\n${columns([head, ...rows], new Set([1]))}`;
    })
    .join("\n");
}

function explanation(found: BriefEntry | FullEntry): string {
  const { name, family, kind, summary, use, watch, source } = found;
  const advice = Object.entries({ Use: use, Watch: watch, Source: source })
    .map(([head, text]) => (text === "" ? "" : `\n${head.padEnd(8)} ${text}`))
    .join("")
    .concat("\n");
  const title = `${name} (${kind}, ${family}): ${summary}\n`;
  if (!("formula" in found)) return title + advice;
  return [
    title,
    chosenText(found),
    ...found.phases.map(
      ({ formula, gradient, every }) =>
        `\nBefore the update, by a gradient of its own (${gradient}${every === 1 ? "" : `, every ${every} steps`})\n${indented(formula)}`,
    ),
    `\nFormula\n${indented(found.formula)}`,
    found.view === null ? "" : `\nTo evaluate with\n${indented([found.view])}`,
    `\nLaTeX\n${indented([...found.phases.flatMap(({ latex }) => latex), ...found.latex])}`,
    `\nSymbols\n${columns(found.symbols.filter(({ role }) => role !== "intermediate").map(symbolRow))}`,
    hyperText(found),
    defaultsText(found),
    stateText(found),
    found.fallback === null ? "" : `         parameters with too few dimensions get ${found.fallback}\n`,
    advice,
  ].join("");
}

function chosenText({ chosen, choices }: FullEntry): string {
  const rows = Object.entries(chosen).map(([name, value]) => [
    `  ${name}`,
    String(value),
    `of ${choices[name]!.join(", ")}`,
  ]);
  return rows.length === 0 ? "" : `\nChosen\n${columns(rows)}`;
}

const symbolRow = ({ name, latex, meaning, unit }: FullEntry["symbols"][number]) => [
  `  ${name}`,
  latex,
  unit === null ? meaning : `${meaning} [${unit}]`,
];

function hyperText({ hyperparameters }: FullEntry): string {
  const rows = hyperparameters.map(({ name, default: value, domain }) => [
    `  ${name}`,
    String(value),
    `must be ${domain}`,
  ]);
  return rows.length === 0 ? "" : `\nHyperparameters\n${columns(rows)}`;
}

/** What each choice changes in the defaults; choices that change none are left out. */
function defaultsText({ defaults }: FullEntry): string {
  const groups = [...groupBy(defaults, ({ choice: name }) => name).values()];
  const telling = groups.filter((group) => new Set(group.map(({ hyper }) => settings(hyper))).size > 1);
  const rows = telling.flat().map(({ choice, value, hyper }) => [`  ${choice} ${value}`, settings(hyper)]);
  return rows.length === 0 ? "" : `\nDefaults by choice\n${columns(rows)}`;
}

/** `m, v, d (shared, from d0): 8 bytes per parameter in float32` */
function stateText({ state, stateBytesPerParameter }: FullEntry): string {
  if (state.length === 0) return "\nState    none\n";
  const slots = state.map(({ name, shape, initial }) => {
    const remarks = [shape === "tensor" ? "" : shape, initial === "0" ? "" : `from ${initial}`].filter(
      Boolean,
    );
    return remarks.length === 0 ? name : `${name} (${remarks.join(", ")})`;
  });
  return `\nState    ${slots.join(", ")}: ${stateBytesPerParameter} bytes per parameter in float32\n`;
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join("");

/** Items by key, in the order in which keys first appear. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
