/**
 * Search spaces: what a study may try, as data.
 *
 * A space is one entry per hyperparameter: `{ lr: { low: 1e-4, high: 1, log: true } }`. An entry without `type` is a float. `oneMinus`
 * is for momenta and betas, whose distance from 1 is what matters: bounds are those of x itself, and 1 − x is searched log-uniformly. `orZero` is
 * the share of the unit interval that means 0 instead, for weight decay and the like. `levels` is how many values a grid has there.
 * `valueAt` maps the unit interval to an entry's values; every sampler draws unit points and nothing else. Spaces come from files and command
 * lines too, so `parseSpace` checks them with zod and says what to change.
 */
import { z } from "zod";

export type Value = number | string | boolean;
/** One value per hyperparameter. */
export type Configuration = Record<string, Value>;

const float = z.strictObject({
  type: z.literal("float").optional(),
  low: z.number(),
  high: z.number(),
  log: z.boolean().optional(),
  oneMinus: z.boolean().optional(),
  orZero: z.number().gt(0).lt(1).optional(),
  levels: z.int().min(1).optional(),
});
const int = z.strictObject({
  type: z.literal("int"),
  low: z.int(),
  high: z.int(),
  log: z.boolean().optional(),
  levels: z.int().min(1).optional(),
});
const categorical = z.strictObject({
  type: z.literal("categorical"),
  choices: z.array(z.union([z.number(), z.string(), z.boolean()])).min(1),
});

export type Float = z.infer<typeof float>;
export type Int = z.infer<typeof int>;
export type Categorical = z.infer<typeof categorical>;
export type Dimension = Float | Int | Categorical;
export type Space = Readonly<Record<string, Dimension>>;

const kinds = { float, int, categorical } as const;

/** What a dimension must satisfy beyond its shape; the first that fails is reported. */
const requirements: readonly [holds: (dimension: Float | Int) => boolean, requirement: string][] = [
  [({ low, high }) => low < high, "low must be below high"],
  [({ log, low }) => !log || low > 0, "a log scale needs low above 0"],
  [
    (dimension) => !("oneMinus" in dimension && dimension.oneMinus && dimension.log),
    "log and oneMinus exclude each other",
  ],
  [
    (dimension) => !("oneMinus" in dimension && dimension.oneMinus) || dimension.high < 1,
    "oneMinus needs high below 1",
  ],
  [
    (dimension) => !("orZero" in dimension && dimension.orZero !== undefined) || dimension.low > 0,
    "orZero needs low above 0, since 0 is searched besides the range",
  ],
];

/**
 * Check a search space read from outside.
 *
 * Errors    TypeError or RangeError naming the hyperparameter, what it needs and what was found.
 *
 * @example parseSpace({ lr: { low: 1e-4, high: 1, log: true }, momentum: { low: 0.5, high: 0.999, oneMinus: true } })
 */
export function parseSpace(input: unknown): Space {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new TypeError(
      `Cannot read a search space as it must be an object like { lr: { low: 1e-4, high: 1, log: true } }: got ${show(input)}`,
    );
  }
  return Object.fromEntries(
    Object.entries(input).map(([name, entry]) => [name, parseDimension(name, entry)]),
  );
}

function parseDimension(name: string, entry: unknown): Dimension {
  if (typeof entry !== "object" || entry === null) {
    throw new TypeError(
      `Cannot search ${name} as it must be an object like { low, high }: got ${show(entry)}`,
    );
  }
  const kind = "type" in entry ? entry.type : "float";
  if (typeof kind !== "string" || !Object.hasOwn(kinds, kind)) {
    throw new TypeError(
      `Cannot search ${name} as type must be one of ${Object.keys(kinds).join(", ")}: got ${show(kind)}`,
    );
  }
  const parsed = kinds[kind as keyof typeof kinds].safeParse(entry);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "invalid" };
    const found = path.length > 0 ? `: ${path.join(".")} is ${show(at(entry, path))}` : "";
    throw new TypeError(
      `Cannot search ${name} as ${message.charAt(0).toLowerCase()}${message.slice(1)}${found}`,
    );
  }
  const dimension: Dimension = parsed.data;
  if (dimension.type === "categorical") return dimension;
  const broken = requirements.find(([holds]) => !holds(dimension));
  if (broken) {
    throw new RangeError(
      `Cannot search ${name} as ${broken[1]}: current values are low ${dimension.low}, high ${dimension.high}`,
    );
  }
  return dimension;
}

/**
 * The value of a dimension at u in [0, 1]; 1 is reached by grids only.
 *
 *   uniform  low + u (high − low)      log  low (high/low)^u      oneMinus  1 − (1 − low)((1 − high)/(1 − low))^u
 *
 * Whole numbers and choices get equal shares of [0, 1]; a log whole number x gets the share of [x, x + 1); with `orZero`, 0
 * gets the first share. All but `categorical` increase with u.
 */
export function valueAt(dimension: Dimension, u: number): Value {
  if (dimension.type === "categorical") {
    const { choices } = dimension;
    return choices[Math.min(Math.floor(u * choices.length), choices.length - 1)] as Value;
  }
  const { low, high, log } = dimension;
  if ("orZero" in dimension && dimension.orZero !== undefined) {
    const { orZero, ...range } = dimension;
    return u < orZero ? 0 : valueAt(range, (u - orZero) / (1 - orZero));
  }
  const clamp = (x: number) => Math.min(high, Math.max(low, x)); // exp(ln low) can miss low by an ulp
  if (dimension.type === "int") {
    return clamp(Math.floor(log ? low * ((high + 1) / low) ** u : low + u * (high + 1 - low)));
  }
  if (dimension.oneMinus) return clamp(1 - (1 - low) * ((1 - high) / (1 - low)) ** u);
  return clamp(log ? low * (high / low) ** u : low + u * (high - low));
}

/**
 * Where in [0, 1] a value lies: the inverse of `valueAt`. Whole numbers and choices lie at the middle of their share; what is outside the
 * range lies at its end.
 */
export function unitOf(dimension: Dimension, value: Value): number {
  if (dimension.type === "categorical") {
    return (Math.max(0, dimension.choices.indexOf(value)) + 0.5) / dimension.choices.length;
  }
  if (dimension.type === "int") {
    const x = Math.min(dimension.high, Math.max(dimension.low, Number(value)));
    return (edgeOf(dimension, x) + edgeOf(dimension, x + 1)) / 2;
  }
  const { orZero, ...range } = dimension;
  if (orZero !== undefined) return value === 0 ? orZero / 2 : orZero + (1 - orZero) * unitOf(range, value);
  const { low, high, log, oneMinus } = range;
  const x = Math.min(high, Math.max(low, Number(value)));
  if (oneMinus) return Math.log((1 - x) / (1 - low)) / Math.log((1 - high) / (1 - low));
  return log ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low);
}

/** Where in [0, 1] the share of the whole number x begins; that of x = high + 1 would begin at 1. */
export const edgeOf = ({ low, high, log }: Int, x: number): number =>
  log ? Math.log(x / low) / Math.log((high + 1) / low) : (x - low) / (high + 1 - low);

/** Names in the order their coordinates are drawn: `lr` first, so that all rules share its points, then as declared. */
export function dimensionOrder(space: Space): string[] {
  const names = Object.keys(space);
  return names.includes("lr") ? ["lr", ...names.filter((name) => name !== "lr")] : names;
}

const show = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
