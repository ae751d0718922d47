/**
 * From a study's file to its plan: tasks are loaded and measured, rules are tried on them, and everything is written down, so that workers need
 * nothing but the folder. What cannot work is refused here, before anything runs.
 */
import { parseSchedules, withHyper, writeRule } from "@thalweg/optim";
import type { JsonObject } from "@thalweg/train";
import { checkParts, checkTrainable, fitToTask, schedulesFor } from "../compare/learner.ts";
import { engine, machineFacts } from "../compare/machine.ts";
import { scheduleOf } from "../compare/spaces.ts";
import { pinDefaults } from "../compare/study.ts";
import { taskFacts } from "../compare/task-facts.ts";
import { showRule } from "../rules/index.ts";
import type { Task } from "../tasks/index.ts";
import { type LoadedTask, type LoadTaskOptions, loadTask, loadTaskFile } from "../tasks/load.ts";
import type { PlannedTrial } from "./plan.ts";
import type { PlanFacts, PlannedRule, PlannedTask } from "./plan-file.ts";
import { planTrials } from "./planner.ts";
import type { RequestedRule, StudyRequest } from "./spec-checks.ts";

export interface PreparedStudy {
  facts: PlanFacts;
  trials: PlannedTrial[];
  /** The machine that plans it, in words. */
  machine: Readonly<Record<string, string | number>>;
  loaded: readonly LoadedTask[];
}

/**
 * Plan a study. Raises DatasetUnavailable where data cannot be had, since another task would be another study; RangeError where a rule cannot
 * train a task, or a batch is larger than what is trained on.
 */
export async function prepareStudy(
  { spec, tasks, rules }: StudyRequest,
  options: Omit<LoadTaskOptions, "fallBack"> & { workers: number },
): Promise<PreparedStudy> {
  const loaded: LoadedTask[] = [];
  for (const task of tasks) {
    loaded.push(
      await ("path" in task ? loadTaskFile(task, options) : loadTask(task, { ...options, fallBack: false })),
    );
  }
  checkNames(loaded);
  for (const one of loaded) for (const rule of rules) check(one, rule, spec);
  const planned = await Promise.all(loaded.map(planTask));
  const plannedRules = rules.map((rule) => planRule(rule, loaded));
  const { name, seed } = spec;
  const request = { ...spec, sampler: rules[0]!.sampler, rules: plannedRules };
  const trials = planTrials({
    ...request,
    tasks: planned.map((task, i) => ({ ...task, ...pick(loaded[i]!) })),
  });
  const facts = {
    name,
    seed,
    code: engine,
    tasks: planned,
    rules: plannedRules,
    spec: spec as unknown as JsonObject,
  };
  return { facts, trials, machine: { ...machineFacts(options.workers) }, loaded };
}

/** Tasks from files have the names of their files. */
function checkNames(loaded: readonly LoadedTask[]): void {
  const names = loaded.map(({ task }) => task.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new RangeError(
    `Cannot plan the study as its tasks must have names of their own: two are called ${twice}; rename one of their files`,
  );
}

const pick = ({ task: { batchSize, steps } }: LoadedTask) => ({ batchSize, steps });

async function planTask({ task, dataset }: LoadedTask): Promise<PlannedTask> {
  const { name, description, architecture, metric, evaluateEvery, file } = task;
  const identity = await taskFacts(task, dataset);
  return { name, description, architecture, ...identity, metric, evaluateEvery, ...(file && { file }) };
}

function planRule(asked: RequestedRule, loaded: readonly LoadedTask[]): PlannedRule {
  const { rule, label, spec, fixed, searched } = asked;
  const source = rule.links
    .map((link) => link.source)
    .filter((text) => text !== "")
    .join("; ");
  const formula = showRule(rule).text;
  const pinned = loaded.flatMap(({ task }) => {
    const pin = pinDefaults(onTask(asked, task), searched).pinned;
    return pin === undefined ? [] : [[task.name, pin] as const];
  });
  const about = { name: label, spec, formula, source, space: searched };
  return { ...about, written: writeRule(rule), fixed, pinned: Object.fromEntries(pinned) };
}

/** The rule with what the task says. */
const onTask = ({ rule, fixed }: RequestedRule, task: Task) => withHyper(rule, fitToTask(rule, task, fixed));

/** Raises RangeError for what this task's runs cannot be. */
function check(
  { task, dataset }: LoadedTask,
  asked: RequestedRule,
  { schedules, steps, batchSizes, ranks = 1 }: StudyRequest["spec"],
): void {
  const rule = onTask(asked, task);
  checkTrainable(rule, task, dataset);
  for (const length of steps ?? [task.steps]) {
    for (const schedule of schedules)
      schedulesFor(rule, parseSchedules(scheduleOf(rule, schedule), length), length);
  }
  for (const batchSize of batchSizes ?? [task.batchSize]) {
    checkParts({ ranks, accumulate: 1, batchSize, sharded: false }, rule, task, dataset);
  }
  const images = dataset.train.count - task.validation;
  const large = batchSizes?.find((size) => size > images);
  if (large === undefined) return;
  throw new RangeError(
    `Cannot train ${task.name} with batches of ${large} as there are ${images} examples to train on: choose a smaller batch size`,
  );
}
