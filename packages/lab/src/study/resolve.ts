/**
 * What a planned trial does, once the trials that it waits for have ended: which values it runs with, or that it is not run at all. A pure function
 * of the plan and of those results; each worker computes it for itself, and all come to the same.
 */
import { type Configuration, type Study, suggest, type Tried } from "../samplers/index.ts";
import type { PlannedTrial } from "./plan.ts";
import type { Plan } from "./plan-file.ts";
import { searchKey, searchOf, studyOf } from "./planner.ts";
import { type Course, decide, parsePruner } from "./pruners/index.ts";
import type { TrialResult } from "./result.ts";

export { isReady } from "./plan.ts";

export type Results = ReadonlyMap<number, TrialResult>;

export type Resolved =
  | { kind: "run"; hyper: Configuration }
  /** Not run, or not gone on with: its result follows from that of an earlier part. */
  | { kind: "ended"; as: TrialResult };

/** The trials of a plan, found by their search. */
export class Resolver {
  private readonly plan: Plan;
  private readonly searches = new Map<string, PlannedTrial[]>();
  /** Values of trials that learnt, by search and number: what they follow from does not change any more. */
  private readonly learnt = new Map<string, Configuration>();

  constructor(plan: Plan) {
    this.plan = plan;
    for (const trial of plan.trials) {
      if (trial.phase !== "tuning") continue;
      const key = searchKey(trial);
      const there = this.searches.get(key);
      if (there === undefined) this.searches.set(key, [trial]);
      else there.push(trial);
    }
  }

  /** What a trial does. It must be ready. */
  resolve(trial: PlannedTrial, results: Results): Resolved {
    const search = this.searches.get(searchKey(trial))!;
    if (trial.phase === "final") return { kind: "run", hyper: winner(search, results) };
    const before = this.partBefore(trial, search);
    if (before !== undefined) {
      const ended = this.endedAt(before, trial, search, results);
      if (ended !== undefined) return { kind: "ended", as: ended };
      return { kind: "run", hyper: results.get(before.id)!.hyper };
    }
    return { kind: "run", hyper: trial.hyper ?? this.suggestion(trial, search, results) };
  }

  /** The part of the same trial that comes before this one, where a pruner looked. */
  private partBefore(
    { id, number, seed }: PlannedTrial,
    search: readonly PlannedTrial[],
  ): PlannedTrial | undefined {
    return search.findLast((other) => other.number === number && other.seed === seed && other.id < id);
  }

  /** The result of a trial that does not go on after a part of it; undefined if it goes on. */
  private endedAt(
    before: PlannedTrial,
    trial: PlannedTrial,
    search: readonly PlannedTrial[],
    results: Results,
  ): TrialResult | undefined {
    const there = results.get(before.id)!;
    if (there.end !== "finished") return { ...there, id: trial.id };
    const pruner = parsePruner(this.plan.spec.pruner ?? "none");
    const task = this.plan.tasks.find(({ name }) => name === trial.task)!;
    const of = searchOf(this.plan, this.study(trial), trial, task);
    const rung =
      search.filter(
        ({ number, until, id }) => number === trial.number && until !== undefined && id <= before.id,
      ).length - 1;
    if (
      decide(pruner, of, { trial: trial.number, rung, courses: coursesOf(search, results, of.trials) }) ===
      "go on"
    )
      return undefined;
    return {
      ...there,
      id: trial.id,
      end: "pruned",
      reason: `stopped at step ${before.until} by ${pruner.name}`,
    };
  }

  private study({ task, rule, replicate }: PlannedTrial): Study {
    const { trials, sampler } = this.plan.spec as unknown as Pick<Study, "sampler"> & { trials: number };
    const planned = this.plan.rules.find(({ name }) => name === rule)!;
    return studyOf(planned, task, replicate, { seed: this.plan.seed, trials, sampler: sampler! });
  }

  /** What the sampler suggests, having seen what the trial waits for; other trials before it are under way. */
  private suggestion(trial: PlannedTrial, search: readonly PlannedTrial[], results: Results): Configuration {
    const key = `${searchKey(trial)}/${trial.number}`;
    const known = this.learnt.get(key);
    if (known !== undefined) return known;
    const seen = new Set(trial.after);
    const tried = Array.from({ length: trial.number }, (_, number): Tried => {
      const lines = search.filter((line) => line.number === number && line.until === undefined);
      const first = lines[0]!;
      const configuration = first.hyper ?? this.suggestion(first, search, results);
      return {
        configuration,
        value: lines.every(({ id }) => seen.has(id)) ? objective(lines, results) : undefined,
      };
    });
    const found = suggest(this.study(trial), trial.number, tried);
    this.learnt.set(key, found);
    return found;
  }
}

/** The values of the search's best trial: of equal ones, or where all failed, the first. */
export function winner(search: readonly PlannedTrial[], results: Results): Configuration {
  const trials = new Map<number, PlannedTrial[]>();
  for (const line of search) {
    if (line.until === undefined) trials.set(line.number, [...(trials.get(line.number) ?? []), line]);
  }
  let best: { value: number; hyper: Configuration } | undefined;
  for (const [, lines] of [...trials].sort(([a], [b]) => a - b)) {
    const value = objective(lines, results);
    if (best === undefined || value < best.value) best = { value, hyper: results.get(lines[0]!.id)!.hyper };
  }
  return best!.hyper;
}

/** What a search minimises: the mean over tuning seeds of the validation loss at the last step; ∞ where one of them did not come there. */
export function objective(lines: readonly PlannedTrial[], results: Results): number {
  const losses = lines.map(({ id }) => lossOf(results.get(id)!));
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  return Number.isNaN(mean) ? Number.POSITIVE_INFINITY : mean;
}

/** JSON has no NaN and no infinities: a loss that is not finite is null. */
const lossOf = ({ end, final }: TrialResult): number =>
  end === "finished" ? (final.validationLoss ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

/** What is known of a search's trials, as pruners have it. */
function coursesOf(
  search: readonly PlannedTrial[],
  results: Results,
  trials: number,
): (Course | undefined)[] {
  return Array.from({ length: trials }, (_, number) => {
    const lines = search.filter((line) => line.number === number);
    const ended = lines.filter(({ id }) => results.has(id));
    if (ended.length === 0) return undefined;
    const values: number[] = [];
    for (const { id, until } of ended) {
      const result = results.get(id)!;
      if (until === undefined || result.end === "pruned") break;
      values.push(lossOf(result));
      if (result.end !== "finished") break;
    }
    const last = lines.find(({ until }) => until === undefined)!;
    return { values, completed: results.get(last.id)?.end === "finished" };
  });
}
