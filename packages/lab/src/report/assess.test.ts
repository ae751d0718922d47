import { expect, test } from "vitest";
import { madeUpComparison } from "../../fixtures/made-up-comparison.ts";
import { answer } from "./answer.ts";
import { assess } from "./assess.ts";
import type { MeasuredRule, Run } from "./comparison.ts";
import { curve } from "./learning-curves.ts";

const base = madeUpComparison({ rules: ["sgd", "adam"], seeds: 3, budget: 2 });

/** A rule with given final accuracies per seed; NaN is a run that diverged. */
function rule(name: string, accuracies: readonly number[]): MeasuredRule {
  const runs = accuracies.map((accuracy, k): Run => {
    const evaluation = (step: number, testAccuracy: number) => ({
      step,
      gradients: 2 * step, // as sam's, which takes two a step
      trainLoss: null,
      validationLoss: 1 - testAccuracy,
      testLoss: 1 - testAccuracy,
      testAccuracy,
    });
    const diverged = Number.isNaN(accuracy);
    return {
      seed: base.study.seeds[k] ?? 0,
      status: diverged ? "diverged" : "finished",
      reason: diverged ? "first non-finite loss at step 7" : "",
      steps: diverged ? 7 : 100,
      gradients: diverged ? 14 : 200,
      seconds: 2,
      folder: `runs/${name}-${k}`,
      evaluations: diverged
        ? [evaluation(0, 0.1)]
        : [evaluation(0, 0.1), evaluation(50, accuracy - 0.01), evaluation(100, accuracy)],
    };
  });
  return { ...base.rules[0]!, name, runs };
}

const compare = (...rules: MeasuredRule[]) => assess({ ...base, rules });

test("assess() computes means, paired differences and verdicts by hand", () => {
  const { rules } = compare(rule("a", [0.95, 0.96, 0.97]), rule("b", [0.96, 0.975, 0.985]));
  expect(rules[0]?.accuracy.mean).toBeCloseTo(0.96, 12);
  expect(rules[0]?.difference).toBeNull();
  const difference = rules[1]?.difference;
  expect(difference?.accuracy.mean).toBeCloseTo(0.04 / 3, 12); // 0.010, 0.015, 0.015
  expect(difference?.loss.mean).toBeCloseTo(-0.04 / 3, 12);
  // t = 0.013333 / (0.0028868/√3) = 8 on 2 degrees of freedom: p = 0.0153
  expect(difference?.accuracy.p).toBeCloseTo(0.0153, 4);
  expect(difference?.accuracy.verdict).toBe("distinguishable");
});

test("assess() times the first evaluation at the target and counts the misses", () => {
  const [first] = compare(rule("a", [0.95, 0.975, 0.99])).rules; // target 0.975: never, at 100, at 50
  expect(first?.gradientsToTarget).toEqual({ n: 3, misses: 1, median: 200 }); // two gradients a step
});

test("assess() charges tuning and final runs", () => {
  const [first] = compare(rule("a", [0.95, Number.NaN, 0.99])).rules;
  expect(first?.cost.finalGradients).toBe(200 + 14 + 200);
  expect(first?.cost.finalSeconds).toBe(6);
  expect(first?.cost.tuningGradients).toBe(2 * 2345);
});

test("assess() keeps a diverged run: counted, in the median, no mean", () => {
  const [, second] = compare(rule("a", [0.95, 0.96, 0.97]), rule("b", [0.99, Number.NaN, 0.98])).rules;
  expect(second?.accuracy).toMatchObject({ n: 3, diverged: 1, mean: null, median: 0.98 });
  expect(second?.difference?.accuracy).toMatchObject({
    mean: null,
    divergedA: 1,
    verdict: "not distinguishable",
  });
});

test("assess() refuses rules whose seeds do not pair", () => {
  const short = rule("b", [0.9, 0.9]);
  expect(() => compare(rule("a", [0.95, 0.96, 0.97]), short)).toThrow(
    "Cannot compare b as its final runs must have the study's seeds [43, 44, 45] in that order: found [43, 44]",
  );
});

test("curve() averages the finished runs only", () => {
  const [first] = compare(rule("a", [0.95, Number.NaN, 0.97])).rules;
  const points = curve(first!, ({ testAccuracy }) => testAccuracy);
  expect(points.map(({ gradients }) => gradients)).toEqual([0, 100, 200]);
  expect(points.at(-1)?.mean).toBeCloseTo(0.96, 12);
  expect(points.at(-1)).toMatchObject({ low: 0.95, high: 0.97 });
});

test("answer() names the highest mean and claims only what the verdicts carry", () => {
  const good = rule("good", [0.96, 0.975, 0.985]);
  const like = rule("like", [0.951, 0.957, 0.972]);
  const { headline, verdicts } = answer(
    compare(rule("a", [0.95, 0.96, 0.97]), good, like, rule("lost", [0.99, Number.NaN, 0.98])),
  );
  expect(headline).toMatch(
    /^good has the highest mean test accuracy, 97\.33\u00a0% \[\d\d\.\d\d,\u00a0\d\d\.\d\d\]\.$/,
  );
  // Four rules, three comparisons: Holm triples good's p of 0.0153, which is still below 0.05.
  expect(verdicts).toBe(
    "Against a, on the same seeds, good is distinguishably better; like is not distinguishable from it. lost diverged on at least one seed and so has no mean.",
  );
});

test("answer() has something to say about one rule, one seed, and none that finished", () => {
  expect(answer(madeUpComparison({ rules: ["adam"], seeds: 3 })).headline).toMatch(
    /^adam reaches a mean test accuracy of/,
  );
  expect(answer(madeUpComparison({ rules: ["sgd", "adam"], seeds: 1 })).verdicts).toContain("no verdicts");
  expect(answer(compare(rule("a", [Number.NaN, 0.9, 0.9]))).headline).toBe("No rule finished on every seed.");
});

test("assess() charges a run once that stands for several trials, as where nothing is searched", () => {
  const one = rule("a", [0.9, 0.9, 0.9]);
  const [trial] = one.trials;
  const [first] = compare({ ...one, trials: [trial!, { ...trial!, number: 1 }] }).rules;
  expect(first?.cost.tuningGradients).toBe(2345);
});
