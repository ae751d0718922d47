/** Which spaces a study searches: a family by its name, a file in AlgoPerf's form for all rules, or spaces by a rule's label. */
import { readFileSync } from "node:fs";
import { checkHyper, lookUp } from "@thalweg/optim";
import { deepobsSpaceOf, FAMILIES, familySpaceOf } from "../compare/families.ts";
import { spaceOf } from "../compare/spaces.ts";
import type { AskedRule } from "../rules/index.ts";
import { isAlgoperfSpace, readAlgoperfSpace } from "../samplers/algoperf-space.ts";
import { parseSpace, type Space } from "../samplers/index.ts";

/** The space of a rule, by the names of its chain. Raises RangeError or TypeError where there is none. */
export type SpaceFamily = (asked: AskedRule, label: string) => Space;

export const families: Readonly<Record<string, SpaceFamily>> = {
  "learning-rate": ({ rule, space }) => space ?? spaceOf(rule),
  modern: ({ rule, space }) => space ?? familySpaceOf(FAMILIES.modern, rule),
  cv2021: ({ rule, space }) => space ?? familySpaceOf(FAMILIES.cv2021, rule),
  deepobs: ({ rule, space }) => space ?? deepobsSpaceOf(rule),
};

/** What `spaces` of a study means. Raises RangeError for an unknown family, and for a file that cannot be read. */
export function spaceFamily(spaces: string | Readonly<Record<string, unknown>>): SpaceFamily {
  if (typeof spaces === "string" && spaces.endsWith(".json")) return familyOfFile(spaces);
  if (typeof spaces === "string") return lookUp("family of spaces", families, spaces);
  return (asked, label) =>
    spaces[label] === undefined
      ? families["learning-rate"]!(asked, label)
      : checkedSpace(spaces[label], asked);
}

/** A space for all rules: each searches what it has of it, and none of a rule's own is refused. */
function familyOfFile(path: string): SpaceFamily {
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new RangeError(`Cannot read the space ${path} as ${(cause as Error).message}`, { cause });
  }
  return (asked) => {
    const { space } = isAlgoperfSpace(written) ? readAlgoperfSpace(written) : { space: parseSpace(written) };
    const own = Object.entries(space).filter(([name]) => asked.rule.hyper[name] !== undefined);
    if (own.length > 0) return checkedSpace(Object.fromEntries(own), asked);
    throw new RangeError(
      `Cannot search ${asked.rule.name} by ${path} as it must name one of its values, ${Object.keys(asked.rule.hyper).join(", ")}: it names ${Object.keys(space).join(", ")}`,
    );
  };
}

/** In our form or AlgoPerf's. Both ends of every range must be values that the rule takes. */
export function checkedSpace(written: unknown, { rule }: AskedRule): Space {
  const space = isAlgoperfSpace(written) ? readAlgoperfSpace(written).space : parseSpace(written);
  for (const [name, dimension] of Object.entries(space)) {
    const ends = "low" in dimension ? [dimension.low, dimension.high] : dimension.choices;
    for (const value of ends) checkHyper(rule, { [name]: value as number });
  }
  return space;
}
