/**
 * Options of a method as a table: default, meaning and requirement of each. What checks a value, what a page shows and what
 * `--help` prints is this one table.
 */
import { nearest } from "@thalweg/formula";

export type OptionValue = number | string | boolean;

export interface Option<V extends OptionValue = OptionValue> {
  readonly default: V;
  readonly meaning: string;
  /** Follows "must be". */
  readonly requirement: string;
  readonly holds: (value: OptionValue) => boolean;
}

export type Options = Readonly<Record<string, Option>>;
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** The values that go with a table of options. */
export type ValuesOf<T extends Options> = { readonly [K in keyof T]: T[K]["default"] };

type Numeric = (value: number, meaning: string) => Option<number>;

export const numeric =
  (requirement: string, holds: (value: number) => boolean): Numeric =>
  (value, meaning) => ({
    default: value,
    meaning,
    requirement,
    holds: (given) => typeof given === "number" && holds(given),
  });

export const positive = numeric("a positive finite number", (v) => v > 0 && v < Infinity);
export const nonNegative = numeric("a finite number >= 0", (v) => v >= 0 && v < Infinity);
export const count = numeric("a whole number >= 1", (v) => Number.isSafeInteger(v) && v >= 1);
export const countOrZero = numeric("a whole number >= 0", (v) => Number.isSafeInteger(v) && v >= 0);
export const countFrom = (low: number): Numeric =>
  numeric(`a whole number >= ${low}`, (v) => Number.isSafeInteger(v) && v >= low);
/** Both ends excluded. */
export const fraction = numeric("in (0, 1)", (v) => v > 0 && v < 1);
/** Both ends included. */
export const share = numeric("in [0, 1]", (v) => v >= 0 && v <= 1);
export const atLeast = (low: number): Numeric =>
  numeric(`a finite number >= ${low}`, (v) => v >= low && v < Infinity);

export const flag = (value: boolean, meaning: string): Option<boolean> => ({
  default: value,
  meaning,
  requirement: "true or false",
  holds: (given) => typeof given === "boolean",
});

/** One of some words; the first is the default. */
export const oneOf = <const W extends readonly string[]>(words: W, meaning: string): Option<W[number]> => ({
  default: words[0]!,
  meaning,
  requirement: `one of ${words.join(", ")}`,
  holds: (given) => words.includes(given as string),
});

export const defaultsOf = (options: Options): OptionValues =>
  Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.default]));

/** Raises RangeError, with the nearest name, for an option that is not in the table or a value that it does not take. */
export function checkOptions(what: string, options: Options, given: OptionValues): void {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(options, name)) {
      const known = Object.keys(options);
      const close = nearest(name, known);
      const hint = close === undefined ? "" : `; did you mean "${close}"?`;
      throw new RangeError(
        `Cannot use ${what} as it has no option "${name}": it has ${known.join(", ") || "none"}${hint}`,
      );
    }
    const { requirement, holds } = options[name]!;
    if (!holds(value)) {
      throw new RangeError(
        `Cannot use ${what} as ${name} must be ${requirement}: current value is ${JSON.stringify(value) ?? value}`,
      );
    }
  }
}
