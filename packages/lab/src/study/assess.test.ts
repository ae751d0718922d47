import { expect, test } from "vitest";
import { ACCURACY, LOSS, madeUpStudy } from "../../fixtures/made-up-study.ts";
import { assessStudy } from "./assess.ts";
import type { StudyData } from "./study-data.ts";
import { simulate, smallPlan } from "./testing.ts";

const TASKS = ["one", "two", "three", "four", "five", "six"].map((name) => ({ name, metric: LOSS }));
const RULES = [{ name: "sgd", effect: 0.2 }, { name: "adamw" }, { name: "lion" }];
const study = madeUpStudy({ rules: RULES, tasks: TASKS, luck: 0.01 });
const assessment = assessStudy(study);

test("assessStudy() finds a planted effect in every task, and its size", () => {
  for (const { differences, task } of assessment.conditions) {
    const sgd = differences.find(({ rule }) => rule === "sgd");
    expect(sgd, task).toMatchObject({ minus: "adamw", side: "higher", n: 10, lost: 0 });
    expect(sgd!.mean).toBeCloseTo(0.2, 1);
    expect(sgd!.interval!.low).toBeGreaterThan(sgd!.band!);
  }
  const [{ differences, scores, ranks }] = assessment.schedules as [(typeof assessment.schedules)[number]];
  // A loss that is 0.2 higher on a scale from 2.3 to 0 is a score that is 0.087 lower.
  expect(differences.find(({ rule }) => rule === "sgd")).toMatchObject({ side: "lower" });
  expect(differences.find(({ rule }) => rule === "sgd")!.mean).toBeCloseTo(-0.2 / 2.3, 2);
  expect(scores!.rules.find(({ rule }) => rule === "sgd")!.improvement.value).toBeLessThan(0.01);
  expect(ranks!.rules.find(({ rule }) => rule === "sgd")!.meanRank).toBe(3);
});

test("assessStudy() does not find an effect that is not there", () => {
  for (const { differences, task } of assessment.conditions) {
    expect(differences.find(({ rule }) => rule === "lion")?.side, task).toBe("not distinguishable");
  }
  const [{ differences, scores }] = assessment.schedules as [(typeof assessment.schedules)[number]];
  expect(differences.find(({ rule }) => rule === "lion")?.side).toBe("not distinguishable");
  const lion = scores!.rules.find(({ rule }) => rule === "lion")!.improvement;
  expect(lion.interval!.low).toBeLessThan(0.5);
  expect(lion.interval!.high).toBeGreaterThan(0.5);
});

test("assessStudy() is plain JSON without NaN, and the same for the same data", () => {
  expect(JSON.parse(JSON.stringify(assessment))).toEqual(assessment);
  expect(assessStudy(study)).toEqual(assessment);
});

test("assessStudy() counts what was planned, what ended, and what it took", () => {
  const lines = TASKS.length * RULES.length * 2 * (16 + 10);
  expect(assessment.progress).toMatchObject({ planned: lines, ended: lines });
  const total = [...study.results.values()].reduce((sum, { gradients }) => sum + gradients, 0);
  expect(assessment.cost.tuningGradients + assessment.cost.finalGradients).toBe(total);
  expect(assessment.runs).toHaveLength(lines);
  // Two rules against adamw, in six tasks and over all of them.
  expect(assessment.comparisons).toBe(2 * 7);
  expect(assessment.claims).toHaveLength(2 * 7);
});

test("assessStudy() takes adamw for the baseline where there is one, else the first rule, or what is asked for", () => {
  expect(assessment.baseline).toBe("adamw");
  expect(
    assessStudy(madeUpStudy({ rules: [{ name: "sgd" }, { name: "lion" }], tasks: [{ name: "one" }] }))
      .baseline,
  ).toBe("sgd");
  expect(assessStudy(study, { baseline: "lion" }).baseline).toBe("lion");
  expect(() => assessStudy(study, { baseline: "lyon" })).toThrow(
    /baseline must be a rule of the study.*sgd, adamw, lion/,
  );
});

test("assessStudy() refuses a result of another task before it compares anything", () => {
  const results = new Map(study.results);
  results.set(17, { ...results.get(17)!, fingerprint: "data-two 2.3" });
  expect(() => assessStudy({ ...study, results })).toThrow(
    /runs of one as all must have the plan's fingerprint data-one 2.3: trial 17 .*measured on data-two 2.3/,
  );
});

test("assessStudy() refuses a finished run without the task's metric", () => {
  const results = new Map(study.results);
  results.set(17, { ...results.get(17)!, end: "finished", final: { validationLoss: 1 } });
  expect(() => assessStudy({ ...study, results })).toThrow(
    /judge one by testLoss.*trial 17 has validationLoss/,
  );
});

test("assessStudy() of one search has no A/A band, and distinguishes nothing", () => {
  const single = assessStudy(madeUpStudy({ rules: RULES, tasks: TASKS.slice(0, 1), replicates: 1 }));
  expect(single.conditions[0]!.band).toBeNull();
  for (const { side, reason } of single.conditions[0]!.differences) {
    expect(side).toBe("not distinguishable");
    expect(reason).toMatch(/nothing was searched twice/);
  }
});

test("assessStudy() keeps runs that diverged: no mean, but a median, a rank and a test", () => {
  const rules = [{ name: "adamw" }, { name: "wild", unstable: 1 }, { name: "shaky", unstable: 0.3 }];
  const { conditions, schedules } = assessStudy(madeUpStudy({ rules, tasks: TASKS, replicates: 2 }));
  for (const { differences, cells } of conditions) {
    const wild = differences.find(({ rule }) => rule === "wild")!;
    expect(wild).toMatchObject({ lost: 10, lostMinus: 0, mean: null, interval: null, test: "signed-rank" });
    expect(wild.p).toBeCloseTo(2 ** -9, 12);
    const cell = cells.find(({ rule }) => rule === "wild")!;
    expect(cell.lost.diverged).toBe(20);
    expect(cell.value).toMatchObject({ n: 10, diverged: 10, mean: null, median: null });
    expect(cells.find(({ rule }) => rule === "shaky")!.lost.diverged).toBeGreaterThan(0);
  }
  // Family of 14: 2⁻⁹ would survive Holm's correction.
  expect(
    conditions.every(({ differences }) => differences.find(({ rule }) => rule === "wild")!.side === "higher"),
  ).toBe(true);
  expect(schedules[0]!.ranks!.rules.find(({ rule }) => rule === "wild")!.meanRank).toBe(3);
  expect(schedules[0]!.scores!.rules.find(({ rule }) => rule === "wild")!.iqm.value).toBe(0);
  expect(schedules[0]!.profile!.rules.find(({ rule }) => rule === "wild")!.score.value).toBe(0);
});

test("assessStudy() reads accuracies the other way up", () => {
  const tasks = [{ name: "digits", metric: ACCURACY }];
  const { conditions } = assessStudy(
    madeUpStudy({ rules: [{ name: "adamw" }, { name: "sgd", effect: 0.1 }], tasks }),
  );
  const [{ differences, cells, scale }] = conditions as [(typeof conditions)[number]];
  expect(differences[0]).toMatchObject({ rule: "sgd", side: "lower" });
  expect(scale).toEqual({ start: 0.1, best: 1 });
  const { points } = cells[0]!.curve!;
  expect(points.at(-1)!.median!).toBeGreaterThan(points[0]!.median!);
  for (const { low, median, high } of points) {
    if (low === null || high === null) continue;
    expect(low).toBeLessThanOrEqual(median!);
    expect(high).toBeGreaterThanOrEqual(median!);
  }
});

test("assessStudy() of a half-done study compares the seeds that both rules have", () => {
  const half: StudyData = {
    ...study,
    finishedAt: null,
    results: new Map(
      [...study.results].filter(([id]) => {
        const trial = study.trials[id]!;
        return !(
          trial.rule === "lion" &&
          trial.phase === "final" &&
          trial.replicate === 1 &&
          trial.number >= 4
        );
      }),
    ),
  };
  const { conditions, schedules, progress } = assessStudy(half);
  expect(progress.ended).toBe(progress.planned - 6 * 6);
  for (const { differences } of conditions) {
    expect(differences.find(({ rule }) => rule === "lion")!.n).toBe(4);
    expect(differences.find(({ rule }) => rule === "sgd")!.n).toBe(10);
  }
  expect(schedules[0]!.cases).toHaveLength(6);
});

test("assessStudy() of a study that has not begun says so by its numbers", () => {
  const empty = assessStudy({ ...study, results: new Map() });
  expect(empty.progress.ended).toBe(0);
  expect(empty.claims).toEqual([]);
  expect(empty.conditions[0]!.differences).toEqual([]);
  expect(empty.schedules[0]!.scores).toBeNull();
  expect(empty.schedules[0]!.notes[0]).toMatch(/6 of 6 conditions have no seed yet/);
});

test("assessStudy() tells which trial was best, what tuning gains, and where it diverges", () => {
  const cell = assessment.conditions[0]!.cells.find(({ rule }) => rule === "adamw")!;
  // Best rate 10⁻², trial 0 tries it; runs diverge from 10^-0.5 on.
  for (const { tuned } of cell.searches)
    expect(Math.abs(Math.log10(tuned!.lr as number) + 2)).toBeLessThan(0.7);
  expect(cell.pool.trials).toBe(32);
  const beyond = study.trials.filter(
    ({ task, rule, phase, hyper }) =>
      task === "one" && rule === "adamw" && phase === "tuning" && Math.log10(hyper!.lr as number) > -0.5,
  );
  expect(cell.pool.diverged).toBe(beyond.length);
  expect(cell.curve).toMatchObject({ kind: "expected", trials: 32 });
  expect(cell.curve!.points[0]!.mean).toBeNull(); // one trial may have diverged
  expect(cell.curve!.points.at(-1)!.median!).toBeLessThan(cell.curve!.points[0]!.median!);
  // Within 10 % of the gain 1.8: 0.1 away² ≤ 0.18, so 1.34 decades to either side.
  expect(cell.sensitivity!.decades).toBeGreaterThan(1.6);
  expect(cell.sensitivity!.decades).toBeLessThan(2.7);
});

test.each([
  { sampler: "tpe" as const, kind: "observed" },
  { sampler: "halton" as const, kind: "expected" },
  { sampler: "halton" as const, pruner: "asha", kind: undefined },
])("assessStudy() reads what the planner plans: $sampler, pruner $pruner", ({ sampler, pruner, kind }) => {
  const plan = smallPlan({ sampler, seeds: [43, 44, 45, 46, 47, 48], trials: 12, ...(pruner && { pruner }) });
  const results = new Map(
    [...simulate(plan)].map(([id, result]) => {
      const { validationLoss } = result.final;
      const measures = { validationLoss: validationLoss!, testLoss: validationLoss! };
      const initial = { validationLoss: 20, testLoss: 20 };
      return [id, { ...result, final: measures, initial }];
    }),
  );
  const metric = { ...LOSS, floor: 0 };
  const { conditions, runs, progress } = assessStudy({
    ...plan,
    tasks: plan.tasks.map((task) => ({ ...task, metric })),
    ...{ results, finishedAt: null },
  });
  expect(progress).toMatchObject({ planned: plan.trials.length, ended: plan.trials.length });
  expect(runs).toHaveLength(plan.trials.length);
  for (const { cells, differences } of conditions) {
    expect(cells.map(({ curve }) => curve?.kind)).toEqual([kind, kind]);
    for (const { searches, pool, points } of cells) {
      expect(pool.trials).toBe(24);
      expect(points).toHaveLength(12);
      for (const { tuned, validationLoss, replicate } of searches) {
        // The winner that the report names is the one that the final runs ran with.
        expect(
          results.get(plan.trials.find((t) => t.phase === "final" && t.replicate === replicate)!.id),
        ).toBeDefined();
        expect(tuned).not.toBeNull();
        expect(validationLoss).not.toBeNull();
      }
    }
    expect(differences[0]).toMatchObject({ rule: "sgd", minus: "adamw", n: 6, lost: 0 });
  }
});

test("assessStudy() with tasks drawn has the same values with wider intervals", () => {
  const drawn = assessStudy(study, { tasksDrawn: true }).schedules[0]!.scores!.rules;
  assessment.schedules[0]!.scores!.rules.forEach(({ rule, mean, iqm, improvement }, k) => {
    expect(drawn[k]!.mean.value).toBe(mean.value);
    expect(drawn[k]!.iqm.value).toBe(iqm.value);
    expect(drawn[k]!.improvement.value).toBe(improvement.value);
    const width = ({ interval }: typeof mean) => interval!.high - interval!.low;
    if (rule === "lion") expect(width(drawn[k]!.improvement)).toBeGreaterThan(width(improvement));
  });
});

test("assessStudy() chooses by a validation score, or by the metric, where runs of other people have no validation loss", () => {
  const { conditions } = assessment;
  for (const name of ["validationScore", undefined]) {
    const results = new Map(
      [...study.results].map(([id, result]) => {
        const { validationLoss, ...others } = result.final;
        const score = validationLoss === null || name === undefined ? {} : { [name]: -validationLoss! };
        return [id, { ...result, final: { ...others, ...score } }];
      }),
    );
    assessStudy({ ...study, results }).conditions.forEach(({ cells }, k) => {
      cells.forEach(({ pool, searches }, c) => {
        const same = conditions[k]!.cells[c]!;
        expect(pool).toEqual(same.pool);
        if (name)
          expect(searches.map(({ validationLoss }) => validationLoss)).toEqual(
            same.searches.map((one) => one.validationLoss),
          );
      });
    });
  }
});

test("assessStudy() names the winner of a search before its final runs have begun", () => {
  const tuning = new Map([...study.results].filter(([id]) => study.trials[id]!.phase === "tuning"));
  const early = assessStudy({ ...study, results: tuning, finishedAt: null });
  early.conditions.forEach(({ cells }, k) => {
    cells.forEach(({ rule, searches }, c) => {
      expect(
        searches.map(({ tuned }) => tuned),
        rule,
      ).toEqual(assessment.conditions[k]!.cells[c]!.searches.map(({ tuned }) => tuned));
    });
  });
});
