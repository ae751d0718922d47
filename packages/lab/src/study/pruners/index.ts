/** The pruners by name, and their options as a study's file gives them. */
import { nearest } from "@thalweg/formula";
import { z } from "zod";
import { keepBest, promote, stopOnArrival } from "./halving.ts";
import { bracketOf, bracketsOf } from "./hyperband.ts";
import { aboveNoPercentile } from "./percentile.ts";
import { geometricRungs, onEvaluations, type Pruner, type Search } from "./pruner.ts";

export {
  type Course,
  decide,
  type Look,
  type Pruner,
  planRungs,
  type RungLine,
  type Search,
  type Sight,
  type Verdict,
} from "./pruner.ts";

export interface PrunerEntry<Options = never> {
  title: string;
  source: string;
  /** What may be set, with the values it has otherwise. */
  options: z.ZodType<Options>;
  create(options: Options): Omit<Pruner, "name">;
}

const count = z.int().min(1);
const ladder = z.strictObject({
  /** The first look, in steps; an η³-th of the run where it is left out. */
  first: count.optional(),
  /** η: one of so many goes on. */
  factor: z.int().min(2).default(3),
});
const percentile = z.strictObject({
  /** The first look, in steps; a quarter of the run where it is left out. */
  first: count.optional(),
  /** Steps between looks; those to the first where it is left out. */
  every: count.optional(),
  percentile: z.number().min(0).max(100).default(25),
  startup: count.default(5),
  against: z.enum(["reached", "completed"]).default("reached"),
});
const hyperband = ladder.extend({
  synchronous: z.boolean().default(false),
  assignment: z.enum(["number", "crc32"]).default("number"),
});

const alone = () => 0;
const firstLook = (first: number | undefined, factor: number, { steps }: Search): number =>
  first ?? Math.max(1, Math.ceil(steps / factor ** 3));
const onLadder =
  ({ first, factor }: z.infer<typeof ladder>) =>
  (_: number, search: Search): number[] =>
    geometricRungs(firstLook(first, factor, search), factor, search);

function evenly({ first, every }: z.infer<typeof percentile>) {
  return (_: number, search: Search): number[] => {
    const begin = first ?? Math.max(1, Math.ceil(search.steps / 4));
    const step = every ?? begin;
    const looks = Math.max(0, Math.ceil((search.steps - begin) / step));
    return onEvaluations(
      Array.from({ length: looks }, (_, i) => begin + i * step),
      search,
    );
  };
}

const percentilePruner = (options: z.infer<typeof percentile>): Omit<Pruner, "name"> => ({
  sight: options.against === "completed" ? "ended" : "earlier",
  rungs: evenly(options),
  bracket: alone,
  judge: aboveNoPercentile(options),
});

const entry = <Options>(of: PrunerEntry<Options>): PrunerEntry => of as unknown as PrunerEntry;

export const pruners: Readonly<Record<string, PrunerEntry>> = {
  none: entry({
    title: "every trial goes to its last step",
    source:
      "what a fair comparison asks for: a schedule tied to the last step makes values on the way incomparable",
    options: z.strictObject({}),
    create: () => ({ sight: "earlier", rungs: () => [], bracket: alone, judge: () => "go on" }),
  }),
  halving: entry({
    title: "successive halving: all come to a rung, the best 1/η go on",
    source: "Jamieson & Talwalkar, arXiv:1502.07943",
    options: ladder,
    create: (options) => ({
      sight: "all",
      rungs: onLadder(options),
      bracket: alone,
      judge: keepBest(options.factor),
    }),
  }),
  asha: entry({
    title: "asynchronous successive halving, stopping: judged once at a rung, by those that came before",
    source: "Li et al., arXiv:1810.05934; as Optuna's SuccessiveHalvingPruner",
    options: ladder,
    create: (options) => ({
      sight: "earlier",
      rungs: onLadder(options),
      bracket: alone,
      judge: stopOnArrival(options.factor),
    }),
  }),
  "asha-promotion": entry({
    title: "asynchronous successive halving, promotion: goes on once it is among the best 1/η",
    source: "Li et al., arXiv:1810.05934, Algorithm 2, as with one worker",
    options: ladder,
    create: (options) => ({
      sight: "all",
      rungs: onLadder(options),
      bracket: alone,
      judge: promote(options.factor),
    }),
  }),
  hyperband: entry({
    title: "Hyperband: successive halving from several first looks",
    source: "Li et al., JMLR 18 (2018) 1–52",
    options: hyperband,
    create: ({ first, factor, synchronous, assignment }) => {
      const brackets = (search: Search) => bracketsOf(firstLook(first, factor, search), factor, search.steps);
      const bracket = (trial: number, search: Search) =>
        bracketOf(brackets(search), trial, search, assignment === "crc32");
      return {
        sight: synchronous ? "all" : "earlier",
        rungs: (trial, search) =>
          geometricRungs(firstLook(first, factor, search) * factor ** bracket(trial, search), factor, search),
        bracket,
        judge: synchronous ? keepBest(factor) : stopOnArrival(factor),
      };
    },
  }),
  median: entry({
    title: "the median rule: stopped where its best is worse than the median of the others",
    source: "Golovin et al., KDD 2017, §3.2.2; as Optuna's MedianPruner with against: completed",
    options: percentile.omit({ percentile: true }),
    create: (options) => percentilePruner({ ...options, percentile: 50 }),
  }),
  percentile: entry({
    title: "the percentile rule: stopped where its best is worse than that percentile of the others",
    source: "as Optuna's PercentilePruner with against: completed",
    options: percentile,
    create: percentilePruner,
  }),
};

/**
 * A pruner by its name, or by an object with its name and options.
 *
 * Errors    TypeError naming the pruner or the option, what it must be and what was found.
 *
 * @example parsePruner({ name: "asha", factor: 4, first: 50 })
 */
export function parsePruner(input: unknown): Pruner {
  const { name, ...options } = typeof input === "string" ? { name: input } : Object(input);
  const known = typeof name === "string" && Object.hasOwn(pruners, name) ? pruners[name] : undefined;
  if (known === undefined) {
    const guess = typeof name === "string" ? nearest(name, Object.keys(pruners)) : undefined;
    throw new TypeError(
      `Cannot prune as the pruner must be one of ${Object.keys(pruners).join(", ")}: current value is ${JSON.stringify(name ?? input)}${guess ? `; did you mean ${guess}?` : ""}`,
    );
  }
  const parsed = known.options.safeParse(options);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const place = path.length > 0 ? `.${path.join(".")}` : "";
    const found = path.length > 0 ? `: current value is ${JSON.stringify(options[path[0] as string])}` : "";
    throw new TypeError(
      `Cannot prune by ${name}${place} as ${message.charAt(0).toLowerCase()}${message.slice(1)}${found}`,
    );
  }
  return { name, ...known.create(parsed.data as never) };
}
