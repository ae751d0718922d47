/** The readings of known tools against NumPy transcriptions of their sources; see fixtures/range-test-readings.make.py. */
import { readFileSync } from "node:fs";
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import { methods } from "./methods.ts";
import type { RangeTest } from "./range-test.ts";
import { testRates } from "./rates.ts";
import { conventions, smoothedCurve } from "./smoothing.ts";
import { movingSlopes, slide, steepestPerRate, steepestPerStep, valley } from "./suggestions.ts";

interface Recording {
  name: string;
  from: number;
  to: number;
  steps: number;
  end: RangeTest["end"];
  losses: (number | string)[];
}

interface Answers {
  name: string;
  smoothed: Record<string, { length: number; samples: [number, number][] }>;
  suggestions: Record<string, number | null>;
}

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url), "utf8"));
const recordings = fixture<Recording[]>("range-tests");
const answers = fixture<Answers[]>("range-test-readings");
const cases = recordings.map((recording, i) => [recording.name, recording, answers[i]!] as const);

const asTest = ({ losses, end, ...range }: Recording): RangeTest => ({
  rates: [...testRates(range)],
  losses: losses.map(Number),
  end,
});

/** Powers may differ in the last bits between NumPy and V8. */
const CLOSE = 1e-12;

describe("methods", () => {
  test.each(cases)("suggest what their sources suggest: %s", (_, recording, { suggestions }) => {
    expect(methods.map(({ name }) => name).sort()).toEqual(Object.keys(suggestions).sort());
    for (const { name, suggest } of methods) {
      const expected = suggestions[name];
      const rate = suggest(asTest(recording));
      if (expected === null) expect(rate, name).toBeUndefined();
      else expect(Math.abs(rate! / expected! - 1), `${name}: ${rate}, not ${expected}`).toBeLessThan(CLOSE);
    }
  });

  test.each(cases)("see the curve that their sources record: %s", (_, recording, { smoothed }) => {
    const { losses, rates } = asTest(recording);
    const tail = Number.isNaN(losses.at(-1)) ? rates.length - losses.length : 0;
    const all = [...losses, ...new Array<number>(tail).fill(Number.NaN)];
    for (const [name, { length, samples }] of Object.entries(smoothed)) {
      const curve = smoothedCurve(conventions[name as keyof typeof conventions], all);
      expect(curve.length, name).toBe(length);
      for (const [i, value] of samples) expect(Math.abs(curve[i]! / value - 1), name).toBeLessThan(CLOSE);
    }
  });

  test("answer undefined, and do not raise, for tests too short to read", () => {
    const rates = [...testRates({ from: 1e-3, to: 1, steps: 20 })];
    for (const length of [0, 1, 2, 5, 12]) {
      const short: RangeTest = { rates, losses: new Array<number>(length).fill(1), end: "non-finite" };
      for (const { suggest } of methods) expect(suggest(short) ?? 1).toBeGreaterThan(0);
    }
  });
});

describe("the synthetic curve of Lightning's issue #21141", () => {
  const STEPS = 100;
  const rates = Array.from({ length: STEPS }, (_, i) => 1e-8 * 1e8 ** ((i + 1) / STEPS));
  /** A parabola over equal steps, with noise of ±0.1 drawn by a seed; the points that Lightning leaves out are left out. */
  const curve = (seed?: number) => {
    const random = stream(seed ?? 0, "noise");
    const losses = rates.map((_, i) => {
      const x = -50 + (100 * i) / (STEPS - 1);
      const noise = seed === undefined ? 0 : 0.2 * random.uniform() - 0.1;
      return (4000 - 30 * x - x * x) / 1000 + noise;
    });
    return { rates: rates.slice(10, -1), losses: losses.slice(10, -1) };
  };
  const decades = (a: number, b: number) => Math.abs(Math.log10(a / b));
  const seeds = Array.from({ length: 100 }, (_, seed) => seed);

  test("acceptance 8: takes Lightning from 2.5.3 to tiny rates by noise alone, decades away from its own answer", () => {
    const free = steepestPerRate(curve())!;
    const off = seeds.map((seed) => decades(steepestPerRate(curve(seed))!, free));
    expect(off.filter((by) => by > 1).length).toBeGreaterThan(90);
  });

  test("acceptance 8: leaves slopes over many steps within a decade of the noise-free answer, for 100 seeds", () => {
    const steepest = ({ rates: of, losses }: { rates: number[]; losses: number[] }) => {
      const slopes = movingSlopes(losses, 20);
      return of[slopes.indexOf(Math.min(...slopes))]!;
    };
    const free = steepest(curve());
    expect(decades(free, steepestPerStep(curve())!)).toBeLessThan(1);
    for (const seed of seeds) expect(decades(steepest(curve(seed)), free)).toBeLessThan(1);
  });
});

describe("valley()", () => {
  test("takes 1/3 + 1/6 of the longest decreasing subsequence, by hand", () => {
    // 9 8 7 6 5 4 and then 5 6: six long, ending at 5, nominal start 5 − 6 = −1; index −1 + int(2) + int(1) = 2
    expect(valley({ rates: [0, 1, 2, 3, 4, 5, 6, 7], losses: [9, 8, 7, 6, 5, 4, 5, 6] })).toBe(2);
    // two points that fall: start −1, a third is 2/3, so index −1, which Python reads as the last
    expect(valley({ rates: [10, 20], losses: [2, 1] })).toBe(20);
    // nothing falls: the first
    expect(valley({ rates: [10, 20, 30], losses: [1, 1, 2] })).toBe(10);
  });
});

describe("slide()", () => {
  test("answers the left end of the first window where slopes agree", () => {
    const rates = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(slide({ rates, losses: rates.map(() => 1) })).toBe(5); // index 19 − 15 = 4
    expect(slide({ rates: rates.slice(5), losses: rates.slice(5) })).toBeUndefined(); // 15 points hold no window
  });
});
