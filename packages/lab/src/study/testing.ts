/** For tests: a study planned without loading any data, and one that is done by computing losses instead of training. */
import { writeRule } from "@thalweg/optim";
import { runsIn } from "../compare/testing.ts";
import { readRuleSpec } from "../rules/index.ts";
import type { Configuration, SamplerName, Space } from "../samplers/index.ts";
import { isReady, type PlannedTrial } from "./plan.ts";
import type { Plan, PlannedRule, PlannedTask } from "./plan-file.ts";
import { type PlanRequest, planTrials } from "./planner.ts";
import { readStudy } from "./read-study.ts";
import { Resolver } from "./resolve.ts";
import type { TrialResult } from "./result.ts";

const task = (name: string): PlannedTask & { batchSize: number; steps: number } => ({
  ...{ name, description: name, architecture: "1-1", fingerprint: `${name}-1`, parameters: 1 },
  metric: { measure: "testLoss", better: "lower", unit: "nat" },
  ...{ evaluateEvery: 5, batchSize: 32, steps: 100 },
});

const SPACE: Space = { lr: { low: 1e-4, high: 1, log: true } };

const rule = (name: string, space: Space): PlannedRule => {
  const asked = readRuleSpec(name);
  const lr = asked.rule.hyper.lr!;
  const pinned = Object.keys(space).length === 1 ? { "task-0": { lr }, "task-1": { lr } } : {};
  return {
    name,
    spec: name,
    formula: "",
    source: "",
    space,
    written: writeRule(asked.rule),
    fixed: [],
    pinned,
  };
};

export interface SmallStudy {
  tasks?: number;
  rules?: readonly string[];
  space?: Space;
  trials?: number;
  replicates?: number;
  seeds?: readonly number[];
  tuningSeeds?: readonly number[];
  schedules?: readonly string[];
  sampler?: SamplerName;
  pruner?: unknown;
  seed?: number;
}

export function smallRequest(of: SmallStudy = {}): PlanRequest {
  const { tasks = 2, rules = ["sgd", "adamw"], space = SPACE, sampler = "halton", ...others } = of;
  return {
    name: "small",
    seed: 0,
    tasks: Array.from({ length: tasks }, (_, i) => task(`task-${i}`)),
    rules: rules.map((name) => rule(name, space)),
    ...{ schedules: ["constant"], trials: 6, replicates: 2, seeds: [43, 44], tuningSeeds: [42] },
    ...{ sampler, ...others },
  };
}

export function smallPlan(of: SmallStudy = {}): Plan {
  const request = smallRequest(of);
  const { name, seed, tasks, rules } = request;
  const facts = { name, seed, code: "test", tasks, rules };
  const about = { machine: {}, command: "", startedAt: "" };
  return {
    ...facts,
    ...about,
    hash: "",
    trials: planTrials(request),
    spec: JSON.parse(JSON.stringify(request)),
  };
}

/** The loss of a run: a bowl in log lr that differs between tasks, rules and seeds, and what falls off its edge diverges. */
export function lossOf(trial: PlannedTrial, hyper: Configuration, step: number): number {
  const best = trial.task === "task-0" ? -2 : -1.5;
  const at = Math.log10(hyper.lr as number);
  if (at > -0.3) return Number.POSITIVE_INFINITY;
  return (at - best) ** 2 + (trial.rule === "sgd" ? 0.1 : 0) + (trial.seed % 7) * 1e-3 + 10 / step;
}

/** Do a study by computing losses. `pick` chooses among the trials whose turn has come. */
export function simulate(plan: Plan, pick: (ready: number) => number = () => 0): Map<number, TrialResult> {
  const resolver = new Resolver(plan);
  const results = new Map<number, TrialResult>();
  while (results.size < plan.trials.length) {
    const ready = plan.trials.filter((trial) => !results.has(trial.id) && isReady(trial, results));
    if (ready.length === 0)
      throw new Error(`nothing is ready, ${results.size} of ${plan.trials.length} are done`);
    const trial = ready[pick(ready.length)]!;
    const resolved = resolver.resolve(trial, results);
    results.set(trial.id, resolved.kind === "ended" ? resolved.as : resultOf(trial, resolved.hyper));
  }
  return results;
}

function resultOf(trial: PlannedTrial, hyper: Configuration): TrialResult {
  const steps = trial.until ?? trial.steps;
  const loss = lossOf(trial, hyper, steps);
  const arrived = Number.isFinite(loss);
  return {
    ...{ id: trial.id, hyper, folder: `runs/${trial.id}`, fingerprint: `${trial.task}-1` },
    ...{ end: arrived ? "finished" : "diverged", reason: "", steps, gradients: steps, seconds: 0 },
    ...{ final: { validationLoss: arrived ? loss : null }, best: {}, initial: {} },
  };
}

/** Plan a study from its text into a folder, as `thalweg study run` does. */
export async function planStudyInto(folder: string, text: string): Promise<void> {
  const [{ readStudySpec }, { prepareStudy }, { beginStudy }] = await Promise.all([
    import("./spec-file.ts"),
    import("./prepare.ts"),
    import("./begin.ts"),
  ]);
  const prepared = await prepareStudy(readStudySpec({ path: "study.yaml", text }), {
    say: () => {},
    workers: 1,
  });
  beginStudy(folder, text, prepared, "");
}

/** Everything but the clock, with all digits: results, and every line of every run. */
export function timelessStudy(folder: string): unknown {
  const { results } = readStudy(folder);
  const runs = runsIn(folder).map(({ id, config, lines, end, partial }) => ({
    id,
    config,
    lines,
    end,
    partial,
  }));
  const known = [...results.values()].sort((a, b) => a.id - b.id);
  return JSON.parse(
    JSON.stringify({ known, runs: runs.sort((a, b) => (a.id < b.id ? -1 : 1)) }, (key, value: unknown) =>
      /^(seconds|attempt|endedAt)$/.test(key)
        ? undefined
        : typeof value === "number" && !Number.isFinite(value)
          ? String(value)
          : value,
    ),
  );
}
