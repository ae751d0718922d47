/**
 * Pruners: whether a trial is worth going on with, judged at a few steps on the way, its rungs.
 *
 * A decision is a pure function of numbers and values that are fixed by the trial's own number: which results of other trials it may
 * depend on is declared (`sight`) and enforced here, by hiding all others. So the same trials are stopped by one worker or by twenty,
 * interrupted or not. What a look depends on is planned beforehand, as lines (`planRungs`).
 *
 * Values are losses: the lowest is best. A value that is not finite stops its trial whatever the pruner says.
 */

export type Verdict = "go on" | "stop";

/**
 * Which other trials of its bracket a trial is judged by at a rung.
 *
 * earlier  lower-numbered ones, by their values up to that rung
 * ended    lower-numbered ones, by all their values and whether they went to their last step
 * all      every one, by its values up to that rung: nobody goes on before all have come to the rung, or were stopped
 */
export type Sight = "earlier" | "ended" | "all";

/** The search that trials belong to. */
export interface Search {
  /** Trials in all, numbered from 0. */
  trials: number;
  /** Length of a trial that is not stopped. */
  steps: number;
  /** Steps between evaluations: a look falls on one of them. 1 by default. */
  evaluateEvery?: number;
  /** The study's name: one way of dealing out brackets hashes it. */
  name?: string;
}

/** What is known of a trial. */
export interface Course {
  /** Its loss at each rung that it came to; ∞ at the one on whose way it diverged, and none from then on. */
  readonly values: readonly number[];
  /** Whether it went to its last step. */
  readonly completed: boolean;
}

export interface Look {
  readonly trial: number;
  readonly rung: number;
  readonly search: Search;
  /** By trial number, the trial's own included; undefined for those that it must not be judged by. */
  readonly courses: readonly (Course | undefined)[];
}

export interface Pruner {
  readonly name: string;
  readonly sight: Sight;
  /** The steps at which the trial is looked at, ascending, all before the last step. */
  rungs(trial: number, search: Search): readonly number[];
  /** Trials of one bracket are judged by each other and by nobody else; all are in bracket 0 where there are none. */
  bracket(trial: number, search: Search): number;
  /** Called by `decide` alone, with a finite value of its own. */
  judge(look: Look): Verdict;
}

/**
 * Whether a trial goes on after a rung.
 *
 * @param courses  of all trials by number, as far as they are known; more than the trial may be judged by does no harm
 *
 * Errors    RangeError where a course is missing that the decision depends on.
 */
export function decide(
  pruner: Pruner,
  search: Search,
  { trial, rung, courses }: Pick<Look, "trial" | "rung" | "courses">,
): Verdict {
  const own = courses[trial]?.values[rung];
  if (own === undefined) {
    throw new RangeError(
      `Cannot judge trial ${trial} at rung ${rung} as its value there must be known: it came to ${courses[trial]?.values.length ?? 0} rungs`,
    );
  }
  if (!Number.isFinite(own)) return "stop";
  const seen = Array.from({ length: search.trials }, (_, other) => {
    const course = courses[other];
    if (other === trial) return { values: course!.values.slice(0, rung + 1), completed: false };
    if (!isSeen(pruner, search, trial, other)) return undefined;
    if (course === undefined) {
      throw new RangeError(
        `Cannot judge trial ${trial} at rung ${rung} as ${pruner.name} depends on trial ${other}: wait until it has come there, or was stopped`,
      );
    }
    return pruner.sight === "ended" ? course : { values: course.values.slice(0, rung + 1), completed: false };
  });
  return pruner.judge({ trial, rung, search, courses: seen });
}

/** Whether the trial is judged by the other one. */
const isSeen = (pruner: Pruner, search: Search, trial: number, other: number): boolean =>
  (pruner.sight === "all" ? other !== trial : other < trial) &&
  pruner.bracket(other, search) === pruner.bracket(trial, search);

/** A part of a trial: from the rung before to this one, or from the last rung to the end. */
export interface RungLine {
  trial: number;
  /** The rung it ends at; the number of rungs for the part that goes to the end. */
  rung: number;
  /** The step of that rung; undefined for the part that goes to the end. */
  until: number | undefined;
  /**
   * The parts that must have ended, or have been left out, before it is known whether this one is done. Trials that were stopped
   * leave their later parts out, and these count as ended.
   */
  after: readonly { trial: number; rung: number }[];
}

/** All parts of all trials, in the order in which one worker takes them. */
export function planRungs(pruner: Pruner, search: Search): RungLine[] {
  const rungs = Array.from({ length: search.trials }, (_, trial) => pruner.rungs(trial, search));
  const lines = rungs.flatMap((steps, trial) =>
    Array.from({ length: steps.length + 1 }, (_, rung): RungLine => {
      const others =
        rung === 0
          ? []
          : rungs.map((_, other) => other).filter((other) => isSeen(pruner, search, trial, other));
      const own = rung === 0 ? [] : [{ trial, rung: rung - 1 }];
      const awaited = others.map((other) => ({
        trial: other,
        rung: pruner.sight === "ended" ? rungs[other]!.length : rung - 1,
      }));
      return { trial, rung, until: steps[rung], after: [...own, ...awaited] };
    }),
  );
  return pruner.sight === "all" ? lines.sort((a, b) => a.rung - b.rung || a.trial - b.trial) : lines;
}

/** The rungs r, rη, rη² … below the last step, each moved up to the next evaluation. */
export function geometricRungs(first: number, factor: number, search: Search): number[] {
  const rungs: number[] = [];
  for (let step = first; step < search.steps; step *= factor) rungs.push(step);
  return onEvaluations(rungs, search);
}

/** Steps moved up to the next evaluation, without repetitions and what is not before the last step. */
export function onEvaluations(
  steps: readonly number[],
  { evaluateEvery = 1, steps: last }: Search,
): number[] {
  const moved = steps.map((step) => Math.ceil(step / evaluateEvery) * evaluateEvery);
  return [...new Set(moved)].filter((step) => step < last);
}
