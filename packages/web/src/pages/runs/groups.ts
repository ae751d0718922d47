/**
 * Runs that belong together: those whose configurations are equal but for some fields, usually the seed. Seeds are what nobody chooses, so curves of a group
 * are shown as one, with its spread; and what a group is called is what tells it from the other groups.
 */
import type { RunSummary } from "./types.ts";

export interface Group {
  /** Of the configuration without the fields that differ inside the group. */
  readonly id: string;
  readonly label: string;
  readonly runs: readonly RunSummary[];
  /** Fields, without those that may differ inside. */
  readonly config: Readonly<Record<string, string>>;
}

/** A configuration as one flat record of texts: hyperparameters by their own names, what is nested as JSON. */
export function flatConfig(config: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const known = flattened.get(config);
  if (known !== undefined) return known;
  const flat: Record<string, string> = {};
  flattened.set(config, flat);
  for (const [name, value] of Object.entries(config)) {
    if (name === "hyper" && typeof value === "object" && value !== null) {
      for (const [hyper, number] of Object.entries(value)) flat[hyper] = show(number);
    } else if (value !== undefined) flat[name] = show(value);
  }
  return flat;
}

/** Ten thousand runs are grouped anew whenever one of them changes. */
const flattened = new WeakMap<object, Readonly<Record<string, string>>>();

const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** What a run is grouped by: everything but these fields. */
export const GROUPINGS = {
  seed: ["seed"],
  "rule and task": null,
  none: [],
} as const satisfies Record<string, readonly string[] | null>;
export type Grouping = keyof typeof GROUPINGS;

/** Fields of a run that are no choice: they follow from the others, or say how it was watched. */
const NO_CHOICE = ["kind", "version", "taskFingerprint", "test", "diagnostics", "trajectory"];

/** Groups, the one with the latest change first, named by what differs among them. */
export function groupRuns(runs: readonly RunSummary[], grouping: Grouping): Group[] {
  const left = GROUPINGS[grouping];
  const byId = new Map<string, { runs: RunSummary[]; config: Record<string, string> }>();
  for (const run of runs) {
    const flat = flatConfig(run.config);
    const entries = Object.entries(flat)
      .filter(([name]) =>
        left === null ? ["task", "rule"].includes(name) : !(left as readonly string[]).includes(name),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const id = grouping === "none" ? run.key : digest(JSON.stringify(entries));
    const group = byId.get(id);
    if (group === undefined) byId.set(id, { runs: [run], config: Object.fromEntries(entries) });
    else group.runs.push(run);
  }
  const groups = [...byId].map(([id, group]) => ({ id, ...group }));
  const latest = (group: { runs: readonly RunSummary[] }) =>
    Math.max(...group.runs.map(({ changedMs }) => changedMs));
  groups.sort((a, b) => latest(b) - latest(a));
  const tasks = new Set(groups.map(({ config }) => config.task));
  const alike = new Map<string, typeof groups>();
  for (const group of groups) {
    const family = `${group.config.task} ${group.config.rule}`;
    alike.set(family, [...(alike.get(family) ?? []), group]);
  }
  const labels = new Map(
    [...alike.values()].flatMap((family) => {
      const differing = differingFields(family.map(({ config }) => config));
      return family.map(({ id, config }) => [id, labelOf(config, differing, tasks.size > 1)] as const);
    }),
  );
  return groups.map((group) => ({ ...group, label: labels.get(group.id)! }));
}

/** Fields that are not the same in all configurations, the telling ones first. */
export function differingFields(configs: readonly Readonly<Record<string, string>>[]): string[] {
  const names = new Set(configs.flatMap((config) => Object.keys(config)));
  const differing = [...names].filter(
    (name) => !NO_CHOICE.includes(name) && configs.some((config) => config[name] !== configs[0]![name]),
  );
  const rank = (name: string) => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  return differing.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const FIRST = ["task", "rule", "lr", "schedule", "batchSize", "steps", "seed"];

/** The rule, and what tells it from others of the same rule. A formula's digest says nothing to people where values differ already. */
function labelOf(
  config: Readonly<Record<string, string>>,
  differing: readonly string[],
  withTask: boolean,
): string {
  const told = differing.filter((name) => name in config);
  const words = told.filter((name) => name !== "formula" || told.length === 1);
  const { task = "", rule = task } = config;
  return [
    rule,
    ...words.map((name) => `${name}=${short(config[name]!)}`),
    ...(withTask && rule !== task ? [`on ${task}`] : []),
  ].join(" ");
}

/** Numbers with four digits; long texts are cut. */
function short(text: string): string {
  const number = Number(text);
  if (text !== "" && Number.isFinite(number)) return String(Number(number.toPrecision(4)));
  return text.length > 40 ? `${text.slice(0, 38)}…` : text;
}

/** FNV-1a in two halves: short names for addresses, where a collision among some hundred groups would only merge their colours. */
function digest(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) + i;
  }
  return ((a >>> 0) * 4_096 + ((b >>> 0) % 4_096)).toString(36);
}
