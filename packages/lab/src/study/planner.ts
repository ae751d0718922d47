/**
 * From what a study asks for to its trials, one by one: a pure function, so that the same study is always the same plan.
 *
 *   setting   = task × batch size × steps × schedule × rule
 *   search    = `trials` points of the rule's space, in a setting; `replicates` of them, with other points
 *   trial     = a point, on every tuning seed; in parts, where a pruner looks at it on the way
 *   final run = the winner of a search, on one seed
 *
 * Searches of the same replicate share the points of lr over rules, tasks and schedules, each scaled to its rule's range: common random numbers.
 * Values that follow from nothing but the plan stand in it; others name in `after` what they follow from, and `resolve.ts` computes them.
 */
import { stream } from "@thalweg/random";
import { type SamplerName, type Study, startOfRound, suggest } from "../samplers/index.ts";
import type { PlannedTrial, Setting } from "./plan.ts";
import type { PlannedRule, PlannedTask } from "./plan-file.ts";
import { parsePruner, planRungs, type Search } from "./pruners/index.ts";

/** What the plan needs of a spec. */
export interface PlanRequest {
  name: string;
  seed: number;
  tasks: readonly (PlannedTask & { batchSize: number; steps: number })[];
  rules: readonly PlannedRule[];
  schedules: readonly string[];
  batchSizes?: readonly number[] | undefined;
  steps?: readonly number[] | undefined;
  trials: number;
  replicates: number;
  seeds: readonly number[];
  tuningSeeds: readonly number[];
  sampler: SamplerName;
  pruner?: unknown;
}

/** All trials of a study, in the order in which one worker does them. */
export function planTrials(request: PlanRequest): PlannedTrial[] {
  const { tasks, rules, schedules, batchSizes, steps } = request;
  const lines: PlannedTrial[] = [];
  for (const task of tasks) {
    for (const batchSize of batchSizes ?? [task.batchSize]) {
      for (const length of steps ?? [task.steps]) {
        for (const schedule of schedules) {
          for (const rule of rules) {
            const setting: Setting = { task: task.name, rule: rule.name, schedule, batchSize, steps: length };
            planSetting(lines, setting, task, rule, request);
          }
        }
      }
    }
  }
  return lines;
}

/** The searches of a setting, then the runs of their winners. */
function planSetting(
  lines: PlannedTrial[],
  setting: Setting,
  task: PlanRequest["tasks"][number],
  rule: PlannedRule,
  request: PlanRequest,
): void {
  const replicates = Array.from({ length: request.replicates }, (_, replicate) => replicate);
  const searches = replicates.map((replicate) => planSearch(lines, setting, replicate, task, rule, request));
  for (const replicate of replicates) {
    request.seeds.forEach((seed, number) => {
      const place = { replicate, phase: "final", number, seed } as const;
      lines.push({ id: lines.length, ...setting, ...place, after: searches[replicate]! });
    });
  }
}

/** What pruners know of the search: looks fall on evaluations. */
export const searchOf = (
  { name }: { name: string },
  { budget }: Pick<Study, "budget">,
  { steps }: Setting,
  { evaluateEvery }: { evaluateEvery: number },
): Search => ({ trials: budget, steps, evaluateEvery, name });

/** The trials of a search; what comes back are the numbers of the lines that end them. */
function planSearch(
  lines: PlannedTrial[],
  setting: Setting,
  replicate: number,
  task: PlanRequest["tasks"][number],
  rule: PlannedRule,
  request: PlanRequest,
): number[] {
  const study = studyOf(rule, task.name, replicate, request);
  const pruner = parsePruner(request.pruner ?? "none");
  const search = searchOf(request, study, setting, task);
  const ends: number[] = [];
  const ids = new Map<string, number>(); // of a trial's part, with its first seed
  const key = (trial: number, rung: number) => `${trial}/${rung}`;
  for (const { trial, rung, until, after } of planRungs(pruner, search)) {
    const round = startOfRound(request.sampler, trial);
    const learnt = round === 0 ? [] : ends.slice(0, round * request.tuningSeeds.length);
    const awaited = [...after.map((part) => ids.get(key(part.trial, part.rung))!), ...learnt];
    const hyper = round === 0 ? { hyper: suggest(study, trial) } : {};
    for (const seed of request.tuningSeeds) {
      const place = { replicate, phase: "tuning", number: trial, seed } as const;
      const id = lines.length;
      lines.push({
        ...{ id, ...setting, ...place, ...hyper },
        ...(awaited.length > 0 && { after: [...new Set(awaited)].sort((a, b) => a - b) }),
        ...(until !== undefined && { until }),
      });
      if (!ids.has(key(trial, rung))) ids.set(key(trial, rung), id);
      if (until === undefined) ends.push(id);
    }
  }
  return ends.sort((a, b) => a - b);
}

/** The search of a rule on a task, as samplers have it. What cannot be searched is tried once. */
export function studyOf(
  { space, pinned }: Pick<PlannedRule, "space" | "pinned">,
  task: string,
  replicate: number,
  { seed, trials, sampler }: Pick<PlanRequest, "seed" | "trials" | "sampler">,
): Study {
  const pin = pinned?.[task];
  const budget = Object.keys(space).length === 0 ? 1 : trials;
  return { space, budget, sampler, studySeed: replicateSeed(seed, replicate), ...(pin && { pinned: pin }) };
}

/** Each replicate has points of its own; the first those of a study without replicates. */
const replicateSeed = (seed: number, replicate: number): number =>
  replicate === 0 ? seed : stream(seed, "replicate", replicate).uint32();

/** All that is the same in the trials of a search. */
export const searchKey = ({ task, rule, schedule, batchSize, steps, replicate }: PlannedTrial): string =>
  JSON.stringify([task, batchSize, steps, schedule, rule, replicate]);
