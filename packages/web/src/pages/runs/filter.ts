/**
 * The filter of runs: words that must all fit. `adamw` fits where the text is found in the run's name or configuration; `lr<0.01`, `seed=1`, `rule!=sgd`
 * and `status=running` compare a field of the configuration, of its hyperparameters, or of the last evaluation.
 */
import { flatConfig } from "./groups.ts";
import type { RunSummary } from "./types.ts";

type Comparison = (found: unknown, wanted: string) => boolean;

const numbers =
  (holds: (a: number, b: number) => boolean): Comparison =>
  (found, wanted) =>
    found !== undefined && wanted !== "" && holds(Number(found), Number(wanted));

const same: Comparison = (found, wanted) =>
  String(found) === wanted || (wanted !== "" && Number(found) === Number(wanted));

/** The longer signs first, as they begin like shorter ones. */
const COMPARISONS: readonly (readonly [string, Comparison])[] = [
  ["!=", (found, wanted) => !same(found, wanted)],
  ["<=", numbers((a, b) => a <= b)],
  [">=", numbers((a, b) => a >= b)],
  ["=", same],
  ["<", numbers((a, b) => a < b)],
  [">", numbers((a, b) => a > b)],
];

export type Fits = (run: RunSummary) => boolean;

/** What a text asks for. Every text is a filter; a sign without a name before it is looked for as it is. */
export function parseFilter(text: string): Fits {
  const tests = text.trim().split(/\s+/).filter(Boolean).map(parseWord);
  return (run) => {
    const fields = fieldsOf(run);
    return tests.every((test) => test(fields));
  };
}

/** Names that a text compares and that no run has: mistyped, most likely. */
export function unknownFields(text: string, runs: readonly RunSummary[]): string[] {
  const known = new Set(runs.flatMap((run) => Object.keys(fieldsOf(run).values)));
  const asked = text
    .trim()
    .split(/\s+/)
    .flatMap((word) => split(word)?.name ?? []);
  return runs.length === 0 ? [] : asked.filter((name) => !known.has(name));
}

interface Fields {
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function fieldsOf(run: RunSummary): Fields {
  const { folder, status, last } = run;
  const config = flatConfig(run.config);
  return {
    values: { ...last, ...config, folder, status },
    text: `${folder} ${status} ${Object.entries(config)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")}`.toLowerCase(),
  };
}

function split(word: string): { name: string; wanted: string; holds: Comparison } | undefined {
  const at = word.search(/[!<>=]/);
  if (at <= 0) return undefined;
  const [sign, holds] = COMPARISONS.find(([one]) => word.startsWith(one, at)) ?? [];
  if (sign === undefined || holds === undefined) return undefined;
  return { name: word.slice(0, at), wanted: word.slice(at + sign.length), holds };
}

function parseWord(word: string): (fields: Fields) => boolean {
  const asked = split(word);
  if (asked === undefined) return ({ text }) => text.includes(word.toLowerCase());
  const { name, wanted, holds } = asked;
  return ({ values }) => holds(values[name], wanted);
}
