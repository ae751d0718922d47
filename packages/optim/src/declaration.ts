/**
 * Rules from outside: the form that a declaration has in a file or a recording, and the way from there to a rule. It is a
 * RuleDeclaration as plain data; its fallback is written in the same form, or named as in the catalogue.
 */
import { nearest, type StateSlot } from "@thalweg/formula";
import { z } from "zod";
import { type Rule, rule } from "./rule.ts";
import { catalogue } from "./rules/index.ts";

/** What a field with alternatives must be, beside what was found: a union by itself only says "Invalid input". */
export const mustBe = (what: string) => ({
  error: ({ input }: { input?: unknown }) =>
    `must be ${what}: found ${JSON.stringify(input)?.slice(0, 80) ?? "nothing"}`,
});

/** YAML has infinities, JSON has none and writes them as text. */
const number = z.union(
  [
    z.number(),
    z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    z.enum(["Infinity", "-Infinity"]).transform(Number),
  ],
  mustBe("a number"),
);
const SHAPES = ["tensor", "scalar", "shared", "rows", "cols", "rows×rows", "cols×cols"] as const;
const slot = z.strictObject({
  shape: z.enum(SHAPES satisfies readonly StateSlot["shape"][]).optional(),
  initial: z.string().optional(),
});
const phase = z.strictObject({
  update: z.string(),
  gradient: z.enum(["batch", "sampled-labels", "full"]).optional(),
  every: z.int().optional(),
});
const fields = z.strictObject({
  name: z.string(),
  summary: z.string().optional(),
  hyper: z.record(z.string(), number).optional(),
  uses: z.array(z.string()).optional(),
  state: z
    .union(
      [z.array(z.string()), z.record(z.string(), slot)],
      mustBe("names of slots, or slots by their names"),
    )
    .optional(),
  update: z.string(),
  before: z.array(phase).optional(),
  view: z.string().optional(),
  minimumRank: z.int().nonnegative().optional(),
  coupled: z.array(z.string()).optional(),
  nonzero: z.array(z.string()).optional(),
  initialisation: z.string().optional(),
  source: z.string().optional(),
});

/** A rule's declaration as it is written. */
export type WrittenDeclaration = z.infer<typeof fields> & {
  /** A declaration, or a name of the catalogue. */
  fallback?: string | WrittenDeclaration | undefined;
};

/** The form of a declaration, for parsers of files that hold one. */
export const declarationSchema: z.ZodObject<
  typeof fields.shape & { fallback: z.ZodType<WrittenDeclaration["fallback"]> },
  z.core.$strict
> = fields.extend({
  fallback: z
    .union([z.string(), z.lazy(() => declarationSchema)], mustBe("the name of a rule, or a declaration"))
    .optional(),
});

/**
 * The rule of a declaration in that form. Raises FormulaError for its formulas, TypeError for names, RangeError for defaults
 * outside their domain and for a fallback that does not exist.
 */
export function declareRule({ fallback, ...written }: WrittenDeclaration): Rule {
  const given = Object.entries(written).filter(([, value]) => value !== undefined);
  const declaration = Object.fromEntries(given) as { [Key in keyof typeof written]: (typeof written)[Key] };
  if (fallback === undefined) return rule(declaration as Parameters<typeof rule>[0]);
  const other =
    typeof fallback === "string" ? lookUp("rule", catalogue, fallback).rule : declareRule(fallback);
  return rule({ ...(declaration as Parameters<typeof rule>[0]), fallback: other });
}

/** The entry of a catalogue. Raises RangeError with the nearest name for one that does not exist. */
export function lookUp<T>(what: string, table: Readonly<Record<string, T>>, name: string): T {
  const names = Object.keys(table);
  if (Object.hasOwn(table, name)) return table[name]!;
  const close = nearest(name, names);
  const hint = close === undefined ? "" : `; did you mean "${close}"?`;
  throw new RangeError(`Cannot find the ${what} "${name}": there are ${names.join(", ")}${hint}`);
}
