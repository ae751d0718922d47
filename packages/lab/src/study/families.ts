/** Which spaces a study searches: a family by its name, or spaces by a rule's label. */
import { checkHyper, lookUp } from "@thalweg/optim";
import { spaceOf } from "../compare/spaces.ts";
import type { AskedRule } from "../rules/index.ts";
import { parseSpace, type Space } from "../samplers/index.ts";

/** The space of a rule, by the names of its chain. Raises RangeError or TypeError where there is none. */
export type SpaceFamily = (asked: AskedRule, label: string) => Space;

export const families: Readonly<Record<string, SpaceFamily>> = {
  "learning-rate": ({ rule, space }) => space ?? spaceOf(rule),
};

/** What `spaces` of a study means. Raises RangeError for an unknown family. */
export function spaceFamily(spaces: string | Readonly<Record<string, unknown>>): SpaceFamily {
  if (typeof spaces === "string") return lookUp("family of spaces", families, spaces);
  return (asked, label) =>
    spaces[label] === undefined
      ? families["learning-rate"]!(asked, label)
      : checkedSpace(spaces[label], asked);
}

/** Both ends of every range must be values that the rule takes. */
export function checkedSpace(written: unknown, { rule }: AskedRule): Space {
  const space = parseSpace(written);
  for (const [name, dimension] of Object.entries(space)) {
    const ends = "low" in dimension ? [dimension.low, dimension.high] : dimension.choices;
    for (const value of ends) checkHyper(rule, { [name]: value as number });
  }
  return space;
}
