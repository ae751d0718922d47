/** A rule's colour by its place in the study; beyond the eight colours that anyone can tell apart, the same ones again, dashed. */
import { COLOURS, ruleColour } from "../style.ts";

export type RuleColours = ReadonlyMap<string, number>;

export const coloursOf = (rules: readonly { name: string }[]): RuleColours =>
  new Map(rules.map(({ name }, index) => [name, index]));

export const colourOf = (colours: RuleColours, rule: string): string => ruleColour(colours.get(rule) ?? 0);

export function lineStyle(colours: RuleColours, rule: string): { stroke: string; strokeDasharray?: string } {
  const index = colours.get(rule) ?? 0;
  return {
    stroke: ruleColour(index),
    ...(index >= COLOURS && { strokeDasharray: index >= 2 * COLOURS ? "1.5 3" : "6 3" }),
  };
}
