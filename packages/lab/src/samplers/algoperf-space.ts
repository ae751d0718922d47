/**
 * Search spaces as AlgoPerf writes them:
 *
 *   {"learning_rate": {"min": 1e-4, "max": 1e-2, "scaling": "log"}, "one_minus_beta1": {"min": 0.02, "max": 0.5, "scaling": "log"},
 *    "beta2": {"feasible_points": [0.999]}}
 *
 * learning_rate is lr, epsilon is eps, other names change their form only: weight_decay is weightDecay. one_minus_x is x, searched by its distance from 1.
 *
 * Source   mlcommons/algorithmic-efficiency, algoperf/halton.py and its tuning_search_space.json files.
 */
import { z } from "zod";
import { type Dimension, parseSpace, type Space } from "./space.ts";

const range = z.strictObject({ min: z.number(), max: z.number(), scaling: z.enum(["log", "linear"]) });
const points = z.strictObject({
  feasible_points: z.array(z.union([z.number(), z.string(), z.boolean()])).min(1),
});
const dialect = z.record(z.string(), z.union([range, points]));

const NAMES: Readonly<Record<string, string>> = { learning_rate: "lr", epsilon: "eps" };
const ONE_MINUS = "one_minus_";

/** What is about the model or the schedule there, and no value of a rule. */
const NOT_OF_RULES: ReadonlySet<string> = new Set([
  "dropout_rate",
  "attention_dropout_rate",
  "aux_dropout_rate",
  "label_smoothing",
  "warmup_factor",
  "end_factor",
  "decay_steps_factor",
  "grad_clip",
  "l2",
]);

export interface AlgoperfSpace {
  space: Space;
  /** Names that are about the model or the schedule, and were left out. */
  leftOut: string[];
}

/** Whether a value has the form of such a space, and not that of ours. */
export const isAlgoperfSpace = (input: unknown): boolean =>
  typeof input === "object" &&
  input !== null &&
  !Array.isArray(input) &&
  Object.keys(input).length > 0 &&
  Object.values(input).every(
    (entry) => typeof entry === "object" && entry !== null && ("min" in entry || "feasible_points" in entry),
  );

/** Errors    TypeError or RangeError naming the entry that is of another form. */
export function readAlgoperfSpace(input: unknown): AlgoperfSpace {
  if (Array.isArray(input)) {
    throw new TypeError(
      `Cannot read a search space as it must be an object of ranges: it is a list of ${input.length} points; give each of them as a rule of its own`,
    );
  }
  const parsed = dialect.safeParse(input);
  if (!parsed.success) {
    const { path } = parsed.error.issues[0]!;
    const entry = JSON.stringify((input as Record<string, unknown> | null)?.[path[0] as string] ?? input);
    throw new TypeError(
      `Cannot search ${path[0] === undefined ? "this" : String(path[0])} as it must be { min, max, scaling: "log" or "linear" } or { feasible_points: […] }: got ${entry}`,
    );
  }
  const entries = Object.entries(parsed.data);
  const leftOut = entries.map(([name]) => name).filter((name) => NOT_OF_RULES.has(name));
  const ours = entries
    .filter(([name]) => !NOT_OF_RULES.has(name))
    .map(([name, entry]) => dimensionOf(name, entry));
  return { space: parseSpace(Object.fromEntries(ours)), leftOut };
}

function dimensionOf(name: string, entry: z.infer<typeof dialect>[string]): [string, Dimension] {
  const mirrored = name.startsWith(ONE_MINUS);
  const ours = camel(mirrored ? name.slice(ONE_MINUS.length) : name);
  if ("feasible_points" in entry) {
    const choices = entry.feasible_points.map((point) =>
      mirrored && typeof point === "number" ? 1 - point : point,
    );
    return [ours, { type: "categorical", choices }];
  }
  const { min, max, scaling } = entry;
  if (!mirrored) return [ours, { low: min, high: max, ...(scaling === "log" && { log: true }) }];
  return [ours, { low: 1 - max, high: 1 - min, ...(scaling === "log" && { oneMinus: true }) }];
}

/**
 * A space in their form. Whole numbers are listed.
 *
 * Errors    RangeError for a range with 0 besides, which they cannot say, and for more than a hundred whole numbers.
 */
export function writeAlgoperfSpace(space: Space): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => {
      const theirs = snake(name);
      if (dimension.type === "categorical") return [theirs, { feasible_points: dimension.choices }];
      const { low, high, log } = dimension;
      if (dimension.type === "int") return [theirs, { feasible_points: wholeNumbers(name, low, high) }];
      if (dimension.orZero !== undefined) {
        throw new RangeError(
          `Cannot write ${name} for AlgoPerf as its range must be one: it has 0 besides ${low} … ${high}; leave orZero out`,
        );
      }
      if (dimension.oneMinus)
        return [`${ONE_MINUS}${theirs}`, { min: 1 - high, max: 1 - low, scaling: "log" }];
      return [theirs, { min: low, max: high, scaling: log ? "log" : "linear" }];
    }),
  );
}

function wholeNumbers(name: string, low: number, high: number): number[] {
  if (high - low < 100) return Array.from({ length: high - low + 1 }, (_, i) => low + i);
  throw new RangeError(
    `Cannot write ${name} for AlgoPerf as whole numbers must be listed: there are ${high - low + 1}, more than 100; search a float`,
  );
}

const camel = (name: string): string =>
  NAMES[name] ?? name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const snake = (name: string): string =>
  Object.keys(NAMES).find((theirs) => NAMES[theirs] === name) ??
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
