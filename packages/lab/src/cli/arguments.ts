/**
 * Readers of option values. A value that is not of its form is refused before anything runs, with the option's name and
 * what was found.
 */
import { UsageError } from "./errors.ts";

/**
 * The value of an option that must be given. Commander could ask for it too, but before it has read the others: a
 * misspelt `--surfac` would be reported as a missing `--surface`.
 */
export function required<T>(option: string, value: T | undefined, choices: readonly string[]): T {
  if (value !== undefined) return value;
  throw new UsageError(`Cannot go on without ${option}: give ${choices.join(", ")}`);
}

/** A reader of whole numbers in [least, most]. */
export const wholeNumber =
  (option: string, least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = toNumber(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
    throw new UsageError(
      `Cannot use ${option} as it must be a whole number, ${range}: current value is ${text}`,
    );
  };

/** A reader of finite numbers. */
export const finiteNumber =
  (option: string) =>
  (text: string): number => {
    const value = toNumber(text);
    if (Number.isFinite(value)) return value;
    throw new UsageError(`Cannot use ${option} as it must be a finite number: current value is ${text}`);
  };

/** `-1.5,2` → a point of the plane. */
export function point(text: string): readonly [number, number] {
  const [x, y, ...more] = text.split(",").map(toNumber);
  if (Number.isFinite(x) && Number.isFinite(y) && more.length === 0) return [x!, y!];
  throw new UsageError(
    `Cannot start there as --start must be two finite numbers, x,y: current value is ${text}`,
  );
}

/** One `--set name=value` added to those before it; whether the name exists is for its rule to say. */
export function setting(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(
      `Cannot use --set as it must be name=value, for example lr=0.01: current value is ${text}`,
    );
  }
  if (Object.hasOwn(before, name)) {
    throw new UsageError(`Cannot use --set as ${name} is given twice: ${before[name]} and ${value}`);
  }
  const number = toNumber(value);
  if (Number.isNaN(number)) {
    throw new UsageError(
      `Cannot use --set as ${name} must be a number: current value is ${value || "empty"}`,
    );
  }
  return { ...before, [name]: number };
}

/** A reader of `name=value` with whole numbers, one added to those before it. */
export const sizes =
  (option: string) =>
  (text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> => {
    const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name !== undefined) return { ...before, [name]: wholeNumber(`${option} ${name}`, 1)(value) };
    throw new UsageError(
      `Cannot use ${option} as it must be name=size, for example batch=32: current value is ${text}`,
    );
  };

/** One `NAME` or `NAME=weight` added to those before it. */
export const weighted =
  (option: string) =>
  (text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> => {
    const [, name = text, weight = "1"] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
    return { ...before, [name]: finiteNumber(`the weight of ${option} ${name}`)(weight) };
  };

/** One more value of an option that may be repeated. */
export const repeated = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** One of a few words. */
export const oneOf =
  <T extends string>(option: string, ...words: readonly T[]) =>
  (text: string): T => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw new UsageError(
      `Cannot use ${option} as it must be one of ${words.join(", ")}: current value is ${text}`,
    );
  };

/** NaN for text that is no number; the empty text, which `Number` takes for 0, is none. */
const toNumber = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));
