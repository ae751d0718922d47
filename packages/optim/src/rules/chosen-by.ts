/**
 * Rules under one name that differ by a choice: a table of declarations, the default first. Its keys become the values of
 * the choice, and `build` looks the declaration up.
 */
import type { CatalogueEntry } from "../catalogue.ts";
import { type RuleDeclaration, rule } from "../rule.ts";

/** The part of a catalogue entry that follows from a table of declarations. */
export function chosenBy(
  choice: string,
  table: Readonly<Record<string, RuleDeclaration>>,
): Required<Pick<CatalogueEntry, "choices" | "build">> {
  return {
    choices: { [choice]: Object.keys(table) },
    build: (chosen) => rule(table[String(chosen[choice])]!),
  };
}

/** The same for a choice between yes and no, by a table of both. */
export function yesOrNo(
  choice: string,
  table: Readonly<Record<"true" | "false", RuleDeclaration>>,
  usual: boolean,
): ReturnType<typeof chosenBy> {
  return { ...chosenBy(choice, table), choices: { [choice]: [usual, !usual] } };
}
