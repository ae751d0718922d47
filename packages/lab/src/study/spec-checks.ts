/**
 * What the fields of a study mean together: names are looked up, rules and schedules are read, and what cannot be meant is refused with the place of
 * the field. All mistakes are found at once, so that a file is mended in one go.
 */
import { lookUp, parseSchedules, withHyper } from "@thalweg/optim";
import { schedulesFor } from "../compare/learner.ts";
import { scheduleOf } from "../compare/spaces.ts";
import { type AskedRule, readRuleSpec } from "../rules/index.ts";
import { type Sampler, type SamplerName, type Space, samplers } from "../samplers/index.ts";
import { describeTaskFile, isTaskFile, type TaskFile } from "../tasks/from-file.ts";
import { type Task, tasks } from "../tasks/index.ts";
import type { Path } from "../yaml-source.ts";
import { checkedSpace, type SpaceFamily, spaceFamily } from "./families.ts";
import { parsePruner, type Sight } from "./pruners/index.ts";
import { labelOf, type WrittenSpec } from "./spec.ts";

export interface StudyRequest {
  spec: WrittenSpec & { name: string };
  /** Built-in tasks, or the files that make them. */
  tasks: readonly (Task | TaskFile)[];
  rules: readonly RequestedRule[];
}

export interface RequestedRule extends AskedRule {
  /** Unique within the study. */
  label: string;
  /** As it was written. */
  spec: string;
  /** Of its own, in the study; else the family's counts. */
  ownSpace?: Space;
  /** What is searched. */
  searched: Space;
  sampler: SamplerName;
}

/** Told of each mistake: where, and what. */
export type Refuse = (path: Path, reason: string) => void;

/** What the spec asks for; after a refusal the answer is not to be used. */
export function checkSpec(spec: WrittenSpec & { name: string }, refuse: Refuse): StudyRequest {
  const attempt = attempting(refuse);
  const found = spec.tasks.map((entry, i) => attempt(["tasks", i], () => taskOf(entry)));
  checkTwice(
    found.map((task) => (task === undefined ? undefined : nameOf(task))),
    "tasks",
    refuse,
  );
  checkTwice(spec.rules.map(labelOf), "rules", refuse);
  checkTwice(spec.schedules, "schedules", refuse);
  checkTwice(spec.batchSizes ?? [], "batchSizes", refuse);
  checkTwice(spec.steps ?? [], "steps", refuse);
  checkTwice(spec.seeds, "seeds", refuse);
  checkTwice(spec.tuningSeeds, "tuningSeeds", refuse);
  attempt(["pruner"], () => parsePruner(spec.pruner ?? "none"));
  attempt(["sampler"], () => lookUp("sampler", samplers, spec.sampler));
  const sampler = spec.sampler as SamplerName;
  const family = attempt(["spaces"], () => spaceFamily(spec.spaces));
  const given = typeof spec.spaces === "string" ? {} : spec.spaces;
  checkNames(given, spec, refuse);
  const rules = spec.rules.map((entry, i) =>
    attempt(["rules", i, "rule"], () =>
      ruleOf(entry, sampler, family, (path, reason) => refuse(["rules", i, ...path], reason)),
    ),
  );
  checkSchedules(spec, found, rules, refuse);
  for (const [path, reason] of conflicts(spec)) refuse(path, reason);
  return {
    spec,
    tasks: found.filter((task) => task !== undefined),
    rules: rules.filter((rule) => rule !== undefined),
  };
}

/** Do what may refuse the user's words, and say so at a place. */
const attempting =
  (refuse: Refuse) =>
  <T>(path: Path, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (
        !(
          error instanceof SyntaxError ||
          error instanceof RangeError ||
          error instanceof TypeError ||
          isOfNode(error)
        )
      )
        throw error;
      refuse(path, (error as Error).message);
      return undefined;
    }
  };

const isOfNode = (error: unknown): boolean => error instanceof Error && "syscall" in error;

export const nameOf = (task: Task | TaskFile): string => ("path" in task ? task.path : task.name);

function taskOf(entry: WrittenSpec["tasks"][number]): Task | TaskFile {
  if ("name" in entry && !isTaskFile(entry.name)) return lookUp("task", tasks, entry.name);
  const { file, ...options } = "name" in entry ? { file: entry.name } : entry;
  if (!isTaskFile(file)) {
    throw new RangeError(
      `Cannot use ${file} as a task as it must be an ONNX file, a TypeScript module, or a task in YAML`,
    );
  }
  try {
    return describeTaskFile(file, dropUndefined(options));
  } catch (error) {
    if (!isOfNode(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : message;
    throw new RangeError(`Cannot use ${file} as a task as ${reason}`, { cause: error });
  }
}

const dropUndefined = <T extends object>(options: T) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

function ruleOf(
  entry: WrittenSpec["rules"][number],
  sampler: SamplerName,
  family: SpaceFamily | undefined,
  refuse: Refuse,
): RequestedRule {
  const asked = readRuleSpec(entry.rule);
  const label = labelOf(entry);
  const own = attempting(refuse)(["space"], () =>
    entry.space === undefined ? undefined : checkedSpace(entry.space, asked),
  );
  const fromFamily = attempting(refuse)(["rule"], () => family?.(asked, label)) ?? {};
  const searched = own ?? withoutFixed(fromFamily, asked);
  return { ...asked, label, spec: entry.rule, searched, sampler, ...(own && { ownSpace: own }) };
}

/** What the asker has given a value is not searched. */
const withoutFixed = (space: Space, { fixed }: AskedRule): Space =>
  Object.fromEntries(Object.entries(space).filter(([name]) => !fixed.includes(name)));

function checkTwice(values: readonly (string | number | undefined)[], field: string, refuse: Refuse): void {
  values.forEach((value, i) => {
    if (value === undefined || values.indexOf(value) === i) return;
    const wayOut = field === "rules" ? "; give one of them another label" : "; name it once";
    refuse([field, i], `${field} must differ: ${value} is there twice${wayOut}`);
  });
}

function checkNames(given: Readonly<Record<string, unknown>>, spec: WrittenSpec, refuse: Refuse): void {
  const labels = Object.fromEntries(spec.rules.map((rule) => [labelOf(rule), true]));
  for (const label of Object.keys(given)) {
    attempting(refuse)(["spaces", label], () => lookUp("rule of this study", labels, label));
  }
}

/** Every schedule must suit every rule, at every length of a run that is known before data are loaded. */
function checkSchedules(
  { schedules, steps }: WrittenSpec,
  found: readonly (Task | TaskFile | undefined)[],
  rules: readonly (RequestedRule | undefined)[],
  refuse: Refuse,
): void {
  const lengths = new Set(
    steps ?? found.flatMap((task) => (task !== undefined && "steps" in task ? [task.steps] : [])),
  );
  schedules.forEach((schedule, i) => {
    for (const length of lengths) {
      const read = attempting(refuse)(["schedules", i], () => parseSchedules(schedule, length));
      if (read === undefined) return;
      for (const asked of rules) {
        if (asked === undefined) continue;
        const { rule } = asked;
        const own = scheduleOf(rule, schedule);
        const fits = attempting(refuse)(["schedules", i], () =>
          schedulesFor(withHyper(rule, {}), own === schedule ? read : parseSchedules(own, length), length),
        );
        if (fits === undefined) return;
      }
    }
  });
}

const learns = (name: string): boolean =>
  (samplers as Readonly<Record<string, Sampler>>)[name]?.learns !== undefined;

/** Undefined for a pruner that there is not. */
function sightOf(pruner: unknown): Sight | undefined {
  let sight: Sight | undefined;
  attempting(() => {})(["pruner"], () => {
    ({ sight } = parsePruner(pruner));
  });
  return sight;
}

/** Fields that exclude each other: where, and why. */
function* conflicts(spec: WrittenSpec): Generator<[Path, string]> {
  const { seeds, tuningSeeds, replicates, trials, sampler, pruner, schedules, ranks = 1 } = spec;
  const shared = seeds.findIndex((seed) => tuningSeeds.includes(seed));
  if (shared >= 0) {
    yield [
      ["seeds", shared],
      `seeds must differ from tuningSeeds, ${tuningSeeds.join(", ")}, as the winners were chosen by those: ${seeds[shared]} is in both; choose another`,
    ];
  }
  if (sampler === "grid" && replicates > 1) {
    yield [
      ["replicates"],
      `replicates must be 1 with sampler grid, whose points are always the same, so that ${replicates} searches would be one: set replicates: 1, or choose another sampler`,
    ];
  }
  if (trials === 1 && replicates > 1) {
    yield [
      ["replicates"],
      `replicates must be 1 with trials: 1, which tries each rule's defaults alone, so that ${replicates} searches would be one: set replicates: 1, or more trials`,
    ];
  }
  if (pruner !== undefined && pruner.name !== "none") {
    const tied = schedules.findIndex((schedule) => schedule.trim() !== "constant");
    if (tied >= 0) {
      yield [
        ["pruner"],
        `a pruner compares runs before their end, which says nothing where the schedule is tied to the number of steps: leave pruner out, or set schedules: constant instead of ${schedules[tied]}`,
      ];
    }
    if (learns(sampler) && sightOf(pruner) === "all") {
      yield [
        ["pruner"],
        `${pruner.name} lets no trial go on before all have begun, and sampler ${sampler} lets none begin before others have ended: choose another of the two`,
      ];
    }
    if (ranks > 1) {
      yield [
        ["pruner"],
        `a pruner leaves runs half way, which runs on several ranks are not: leave pruner out, or ranks, which is ${ranks}`,
      ];
    }
    if (tuningSeeds.length > 1) {
      yield [
        ["pruner"],
        `a pruner needs one tuning seed, as it ends single runs: current number is ${tuningSeeds.length}; leave pruner out, or name one seed`,
      ];
    }
  }
}
