import fc from "fast-check";
import { expect, test } from "vitest";
import expected from "../../fixtures/statistics.json" with { type: "json" };
import { holm, pairedDifference, pairedFamily, pairedTP, signFlipP } from "./paired.ts";

const differences = (a: readonly number[], b: readonly number[]) =>
  a.map((value, i) => value - (b[i] ?? Number.NaN));

test("pairedTP() and signFlipP() equal scipy's ttest_rel and exact permutation_test", () => {
  for (const { a, b, t, signFlip } of expected.pairs) {
    expect(pairedTP(differences(a, b))).toBeCloseTo(t, 7); // jStat's t is good to a few 1e-8
    expect(signFlipP(differences(a, b), 0)).toBe(signFlip); // multiples of 2^-n: exact
  }
});

test("signFlipP() counts by hand: of 8 patterns of (1, 2, 3) only +++ and --- reach 6", () => {
  expect(signFlipP([1, 2, 3], 0)).toBe(2 / 8);
  expect(signFlipP([1, 1, -1], 0)).toBe(1); // every pattern of three ones has |sum| >= 1
});

test("signFlipP() above 16 seeds draws patterns, never reaches zero, and repeats", () => {
  const clear = Array.from({ length: 20 }, (_, i) => 1 + i / 100);
  expect(signFlipP(clear, 1)).toBe(1 / 10_001); // 2^-19 chance per draw of an equal pattern
  const noisy = Array.from({ length: 17 }, (_, i) => (i % 2 === 0 ? 1.1 : -1) * (1 + i / 10));
  // The sum of the first k patterns is deterministic; a different seed moves p by no more than four standard errors, 4·√(0.25/10⁴).
  expect(Math.abs(signFlipP(noisy, 1) - signFlipP(noisy, 2))).toBeLessThan(0.02 * Math.SQRT2);
  expect(signFlipP(noisy, 1)).toBe(signFlipP(noisy, 1));
});

test("pairedDifference() takes the t-test below six seeds and sign flips from six on", () => {
  const a = [1.1, 1.3, 1.2, 1.5, 1.25, 1.35];
  const b = [1.0, 1.1, 1.15, 1.2, 1.1, 1.15];
  const five = pairedDifference(a.slice(0, 5), b.slice(0, 5), { seed: 1 });
  expect(five.test).toBe("paired t");
  expect(five.verdict).toBe("distinguishable");
  const six = pairedDifference(a, b, { seed: 1 });
  expect(six).toMatchObject({
    n: 6,
    test: "sign-flip",
    p: 2 / 64,
    pHolm: 2 / 64,
    verdict: "distinguishable",
  });
  expect(six.mean).toBeCloseTo((0.1 + 0.2 + 0.05 + 0.3 + 0.15 + 0.2) / 6, 12);
  expect(six.reason).toBe("the interval excludes 0 and p = 0.031 (sign-flip test over 6 seeds)");
});

test("pairedDifference() in a family of five needs eight seeds before sign flips can speak", () => {
  const run = (n: number) => pairedDifference(ramp(n, 1), ramp(n, 0), { seed: 1, family: 5 }).test;
  expect(run(7)).toBe("paired t"); // 2/128 > 0.05/5
  expect(run(8)).toBe("sign-flip"); // 2/256 < 0.05/5
});

test("pairedDifference() needs both the interval and p: three seeds that agree loosely are not enough", () => {
  const { interval, p, verdict, reason } = pairedDifference([0.4, 0.1, 0.9], [0.1, 0.0, 0.2], { seed: 1 });
  expect(interval?.low).toBeGreaterThan(0); // all differences are positive, so every resampled mean is
  expect(p).toBeGreaterThan(0.05); // t = 0.3667 / (0.3055/√3) = 2.079 on 2 degrees of freedom: p = 0.173
  expect(p).toBeCloseTo(0.1732, 3);
  expect(verdict).toBe("not distinguishable");
  expect(reason).toContain("paired t test over 3 seeds");
});

test("pairedDifference() never separates one seed, identical runs, or equal differences", () => {
  expect(pairedDifference([2], [1], { seed: 0 })).toMatchObject({
    mean: 1,
    interval: null,
    test: "none",
    p: null,
    verdict: "not distinguishable",
    reason: "one seed cannot tell a difference from noise",
  });
  const same = pairedDifference([0.3, 0.7, 0.1], [0.3, 0.7, 0.1], { seed: 0 });
  expect(same).toMatchObject({
    mean: 0,
    interval: { low: 0, high: 0 },
    p: 1,
    verdict: "not distinguishable",
  });
  const shifted = pairedDifference([0.95, 0.96, 0.94], [0.93, 0.94, 0.92], { seed: 0 });
  expect(shifted).toMatchObject({ p: null, verdict: "not distinguishable" });
  expect(shifted.reason).toContain("no spread");
});

test("pairedDifference() keeps diverged runs and says how many there are", () => {
  const { mean, p, divergedA, divergedB, verdict, reason } = pairedDifference(
    [0.9, Number.NaN, Number.POSITIVE_INFINITY],
    [0.8, 0.8, 0.8],
    { seed: 0 },
  );
  expect({ mean, p, divergedA, divergedB, verdict }).toEqual({
    mean: null,
    p: null,
    divergedA: 2,
    divergedB: 0,
    verdict: "not distinguishable",
  });
  expect(reason).toBe("2 of 3 runs diverged, against 0 of 3 of the baseline, so there is no mean difference");
});

test("pairedDifference() refuses lists that do not pair", () => {
  expect(() => pairedDifference([1, 2], [1], { seed: 0 })).toThrow(
    /same seeds in the same order: got 2 and 1/,
  );
});

test("pairedDifference() changes sign with its arguments and is otherwise the same", () => {
  const values = fc.array(
    fc.tuple(fc.float({ noNaN: true, min: -8, max: 8 }), fc.float({ noNaN: true, min: -8, max: 8 })),
    {
      minLength: 2,
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(values, (pairs) => {
      const a = pairs.map(([x]) => x);
      const b = pairs.map(([, y]) => y);
      const forward = pairedDifference(a, b, { seed: 1 });
      const backward = pairedDifference(b, a, { seed: 1 });
      expect(forward.mean).toBeCloseTo(-(backward.mean ?? Number.NaN), 10);
      expect(forward.interval?.low).toBeCloseTo(-(backward.interval?.high ?? Number.NaN), 6);
      expect(forward.p === null).toBe(backward.p === null);
      if (forward.p !== null) expect(forward.p).toBeCloseTo(backward.p ?? Number.NaN, 9);
    }),
    { seed: 20261120, numRuns: 200 },
  );
});

test("pairedFamily() corrects over all comparisons, those without a p included", () => {
  const baseline = [0.1, 0.2, 0.3];
  const others = [
    [0.6, 0.71, 0.79],
    [0.12, 0.2, 0.31],
    [0.6, Number.NaN, 0.8],
  ];
  const [clear, faint, broken] = pairedFamily(others, baseline, { seed: 1 });
  expect(clear?.pHolm).toBeCloseTo(3 * (clear?.p ?? Number.NaN), 12);
  expect(faint?.pHolm).toBeCloseTo(2 * (faint?.p ?? Number.NaN), 12);
  expect(clear?.verdict).toBe("distinguishable");
  expect(clear?.reason).toContain("Holm-corrected over 3 comparisons");
  expect(broken).toMatchObject({ p: null, pHolm: null, divergedA: 1, verdict: "not distinguishable" });
});

test("holm() steps down by hand", () => {
  // sorted 0.005·4 = 0.02, 0.01·3 = 0.03, 0.03·2 = 0.06, 0.04·1 = 0.04 → 0.06 (monotone)
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((value, i) => {
    expect(adjusted[i]).toBeCloseTo(value, 12);
  });
  expect(holm([])).toEqual([]);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
});

const ramp = (n: number, shift: number) => Array.from({ length: n }, (_, i) => shift * (1 + i / 10) + i);
