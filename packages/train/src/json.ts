/** JSON in the two forms that a run's files have: canonical, for what is hashed, and with all numbers, for what is measured. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * Canonical JSON (RFC 8785): keys sorted by UTF-16 code units, no spaces, numbers in shortest form. Keys whose value
 * is undefined are left out; NaN and infinities are refused, since JSON has none.
 */
export function canonicalJson(value: Json): string {
  const number = (n: number) => {
    if (!Number.isFinite(n)) {
      throw new RangeError(`Cannot write canonical JSON as numbers must be finite: current value is ${n}`);
    }
    return JSON.stringify(n);
  };
  return encode(value, number, (keys) => keys.sort());
}

/** A line's JSON: keys in their order, numbers in shortest round-trip form, −0 kept, NaN and infinities as strings. */
export function lineJson(line: JsonObject): string {
  const number = (n: number) => (Number.isFinite(n) ? (Object.is(n, -0) ? "-0" : String(n)) : `"${n}"`);
  return encode(line, number, (keys) => keys);
}

function encode(value: Json, number: (n: number) => string, order: (keys: string[]) => string[]): string {
  if (typeof value === "number") return number(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isArray(value)) return `[${value.map((item) => encode(item, number, order)).join(",")}]`;
  const keys = order(Object.keys(value).filter((key) => value[key] !== undefined));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${encode(value[key]!, number, order)}`).join(",")}}`;
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** The numbers that JSON lacks. A text that happens to be one of these words is read as the number. */
const WORDS: ReadonlyMap<unknown, number> = new Map(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((n) => [String(n), n]),
);

/** A line's value, or undefined if the text is not a JSON object. */
export function parseLine(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text, (_, item: unknown) => WORDS.get(item) ?? item);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
