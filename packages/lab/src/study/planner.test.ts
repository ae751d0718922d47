import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Space } from "../samplers/index.ts";
import { planTrials } from "./planner.ts";
import { winner } from "./resolve.ts";
import { lossOf, type SmallStudy, simulate, smallPlan, smallRequest } from "./testing.ts";

const TWO: Space = {
  lr: { low: 1e-4, high: 1, log: true },
  momentum: { low: 0.5, high: 0.99, oneMinus: true },
};

const studies: fc.Arbitrary<SmallStudy> = fc.record({
  tasks: fc.integer({ min: 1, max: 2 }),
  trials: fc.integer({ min: 2, max: 17 }),
  replicates: fc.integer({ min: 1, max: 3 }),
  seeds: fc.uniqueArray(fc.integer({ min: 43, max: 60 }), { minLength: 1, maxLength: 3 }),
  schedules: fc.constantFrom(["constant"], ["constant", "cosine"]),
  seed: fc.nat(1000),
});
const searches = fc.oneof(
  fc.record({
    sampler: fc.constantFrom("halton", "random", "tpe", "gp"),
    tuningSeeds: fc.constantFrom([42], [42, 41]),
  }),
  fc.record({
    pruner: fc.constantFrom("asha", "asha-promotion", "halving", "hyperband", { name: "median", startup: 2 }),
  }),
  fc.record({ sampler: fc.constant("tpe"), pruner: fc.constant("asha") }),
) as fc.Arbitrary<SmallStudy>;
const anyStudy = fc.tuple(studies, searches).map(([study, search]): SmallStudy => ({ ...study, ...search }));

describe("planTrials()", () => {
  it("counts: per setting and replicate, trials on each tuning seed, then the winner on each seed", () => {
    const plan = planTrials(
      smallRequest({ trials: 6, replicates: 2, seeds: [43, 44, 45], tuningSeeds: [42, 41] }),
    );
    expect(plan.filter(({ phase }) => phase === "tuning")).toHaveLength(2 * 2 * 2 * 6 * 2); // tasks, rules, replicates, trials, seeds
    expect(plan.filter(({ phase }) => phase === "final")).toHaveLength(2 * 2 * 2 * 3);
  });

  it("tries what cannot be searched once", () => {
    const plan = planTrials(smallRequest({ tasks: 1, rules: ["sgd"], space: {}, replicates: 1 }));
    expect(plan.filter(({ phase }) => phase === "tuning")).toHaveLength(1);
  });

  it("gives all rules and tasks the same points of lr, and each replicate others", () => {
    const plan = planTrials(smallRequest({ trials: 5, replicates: 2 }));
    const points = (task: string, rule: string, replicate: number) =>
      plan
        .filter(
          (one) =>
            one.task === task && one.rule === rule && one.replicate === replicate && one.phase === "tuning",
        )
        .map(({ hyper }) => hyper!.lr)
        .slice(1); // trial 0 is the rule's default
    expect(points("task-0", "sgd", 0)).toEqual(points("task-1", "adamw", 0));
    expect(points("task-0", "sgd", 1)).toEqual(points("task-1", "adamw", 1));
    const [a, b] = [points("task-0", "sgd", 0), points("task-0", "sgd", 1)];
    expect(a.every((lr) => !b.includes(lr))).toBe(true);
  });

  it("lets the first trial of each search try the defaults", () => {
    const plan = planTrials(smallRequest({ rules: ["adamw"] }));
    for (const one of plan)
      if (one.number === 0 && one.phase === "tuning") expect(one.hyper).toEqual({ lr: 1e-3 });
  });

  it("lets a trial wait for earlier ones alone, so that one worker comes to the end by going down the list", () => {
    fc.assert(
      fc.property(anyStudy, (study) => {
        for (const { id, after = [] } of planTrials(smallRequest(study))) {
          expect(after.every((other) => other < id)).toBe(true);
          expect(new Set(after).size).toBe(after.length);
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("is a pure function of the study", () => {
    fc.assert(
      fc.property(anyStudy, (study) => {
        expect(planTrials(smallRequest(study))).toEqual(planTrials(smallRequest(study)));
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it("keeps the trials of a smaller budget: they are the first ones of a larger", () => {
    const few = planTrials(smallRequest({ tasks: 1, rules: ["sgd"], trials: 4, space: TWO, replicates: 1 }));
    const many = planTrials(smallRequest({ tasks: 1, rules: ["sgd"], trials: 9, space: TWO, replicates: 1 }));
    expect(many.slice(0, 4).map(({ hyper }) => hyper)).toEqual(few.slice(0, 4).map(({ hyper }) => hyper));
  });
});

describe("a study", () => {
  it("has the same results in whatever order its trials are done", () => {
    fc.assert(
      fc.property(anyStudy, fc.infiniteStream(fc.nat()), (study, draws) => {
        const plan = smallPlan(study);
        const inOrder = simulate(plan);
        const mixed = simulate(plan, (ready) => draws.next().value! % ready);
        expect([...mixed].sort(([a], [b]) => a - b)).toEqual([...inOrder].sort(([a], [b]) => a - b));
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("lets the trial with the lowest mean validation loss win, by a search of its own", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.constantFrom([42], [42, 41, 40]), (seed, tuningSeeds) => {
        const plan = smallPlan({ tasks: 1, rules: ["sgd"], replicates: 1, trials: 12, seed, tuningSeeds });
        const results = simulate(plan);
        const tried = plan.trials.filter(({ phase }) => phase === "tuning");
        const mean = (number: number) => {
          const own = tried.filter((one) => one.number === number);
          return own.reduce((sum, one) => sum + lossOf(one, one.hyper!, 100), 0) / own.length;
        };
        const numbers = [...new Set(tried.map(({ number }) => number))];
        const best = numbers.toSorted((a, b) => mean(a) - mean(b))[0]!;
        const final = plan.trials.find(({ phase }) => phase === "final")!;
        expect(results.get(final.id)!.hyper).toEqual(tried.find(({ number }) => number === best)!.hyper);
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it("lets the first trial win where all diverged, and the lower number of equal ones", () => {
    const plan = smallPlan({ tasks: 1, rules: ["sgd"], replicates: 1, trials: 3 });
    const search = plan.trials.filter(({ phase }) => phase === "tuning");
    const results = simulate(plan);
    const all = (end: "diverged" | "finished", loss: number | null) =>
      new Map(
        [...results].map(([id, one]) => [id, { ...one, end, final: { validationLoss: loss } }] as const),
      );
    expect(winner(search, all("diverged", null))).toEqual(search[0]!.hyper);
    expect(winner(search, all("finished", 1))).toEqual(search[0]!.hyper);
  });

  it("stops the same trials as its pruner does by itself, and no stopped trial wins", () => {
    const plan = smallPlan({
      tasks: 1,
      rules: ["sgd"],
      replicates: 1,
      trials: 9,
      pruner: { name: "asha", first: 10, factor: 2 },
    });
    const results = simulate(plan);
    const ends = plan.trials
      .filter(({ phase, until }) => phase === "tuning" && until === undefined)
      .map(({ id }) => results.get(id)!);
    const pruned = ends.filter(({ end }) => end === "pruned");
    expect(pruned.length).toBeGreaterThan(0);
    expect(pruned[0]!.reason).toMatch(/^stopped at step \d+ by asha$/);
    const final = results.get(plan.trials.at(-1)!.id)!;
    expect(ends.filter(({ end }) => end === "finished").map(({ hyper }) => hyper)).toContainEqual(
      final.hyper,
    );
  });

  it("lets a sampler that learns find lower losses than its first points", () => {
    const plan = smallPlan({
      tasks: 1,
      rules: ["sgd"],
      replicates: 1,
      trials: 40,
      sampler: "gp",
      space: TWO,
    });
    const results = simulate(plan);
    const loss = (number: number) =>
      results.get(plan.trials.find((one) => one.number === number)!.id)!.final.validationLoss ?? 9;
    const numbers = Array.from({ length: 40 }, (_, i) => i);
    const mean = (some: number[]) => some.map(loss).reduce((a, b) => a + b) / some.length;
    expect(mean(numbers.slice(20))).toBeLessThan(mean(numbers.slice(0, 10)));
    expect(plan.trials[10]!.hyper).toBeUndefined();
    expect(plan.trials[10]!.after).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
