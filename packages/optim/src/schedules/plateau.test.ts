import { describe, expect, test } from "vitest";
import { parseSchedule } from "./parse.ts";
import type { Schedule } from "./schedule.ts";

const observe = (schedule: Schedule, metrics: readonly (readonly [step: number, metric: number])[]) =>
  metrics.reduce((now, [step, metric]) => now.after(step, metric), schedule);

describe("a schedule with a plateau", () => {
  // first metric is the best; two that are not better exceed patience = 1: a drop at step 30
  const stalled = [
    [10, 1],
    [20, 1],
    [30, 1],
  ] as const;

  test("is a pure function of the step, given its state: later drops leave earlier steps as they were", () => {
    const before = parseSchedule("plateau(patience=1, gamma=0.5)", 100);
    const after = observe(before, stalled);
    expect([29, 30, 99, 500].map(after.at)).toEqual([1, 0.5, 0.5, 0.5]);
    expect(before.at(30)).toBe(1);
    expect(before.state).toEqual([null]);
  });

  test("runs on its own clock inside a sequence, and sees no metric before its part begins", () => {
    const schedule = parseSchedule("warmup(25) > plateau(patience=1, gamma=0.5)", 100);
    const after = observe(schedule, [...stalled, [40, 1], [50, 1]]);
    // 10 and 20 fall into the warm-up; 30 is the best, 40 and 50 are bad
    expect([0, 24, 49, 50].map(after.at)).toEqual([1 / 25, 1, 1, 0.5]);
    expect(after.curve).toMatchObject({ parts: [{}, { state: { drops: [[25, 0.5]] } }] });
  });

  test("multiplies with what it stands beside, and counts epochs where its steps are epochs", () => {
    const product = observe(parseSchedule("warmup(25) * plateau(patience=1, gamma=0.5)", 100), stalled);
    expect([4, 29, 30].map(product.at)).toEqual([0.2, 1, 0.5]);
    const epochs = parseSchedule("epochs(plateau(patience=1, gamma=0.5), stepsPerEpoch=10)", 100);
    expect([29, 30].map(observe(epochs, stalled).at)).toEqual([1, 0.5]);
  });

  test("goes on from its saved state as if nothing had happened", () => {
    const spec = "warmup(5) > (plateau(patience=1, gamma=0.5) * plateau(patience=0, gamma=0.9, cooldown=1))";
    const metrics = Array.from({ length: 40 }, (_, i) => [i, Math.max(1, 3 - i / 7)] as const);
    const straight = observe(parseSchedule(spec, 50), metrics);
    expect(straight.at(49)).toBeLessThan(0.5);
    for (let cut = 0; cut <= 40; cut += 8) {
      const first = observe(parseSchedule(spec, 50), metrics.slice(0, cut));
      const saved = JSON.parse(JSON.stringify(first.state));
      const resumed = observe(parseSchedule(spec, 50).from(saved), metrics.slice(cut));
      expect(resumed.state).toEqual(straight.state);
      expect(resumed.at(49)).toBe(straight.at(49));
    }
  });

  test("never takes NaN for better, nor an infinity for a best", () => {
    const schedule = parseSchedule("plateau(patience=0, gamma=0.5)", 100);
    expect(observe(schedule, [[1, Number.NaN]]).at(1)).toBe(0.5);
    expect(observe(schedule, [[1, Infinity]]).at(1)).toBe(0.5);
  });

  test("cannot be repeated, and the state of another schedule is refused", () => {
    expect(() => parseSchedule("repeat(plateau(50), times=2)", 100)).toThrow(/a plateau cannot be repeated/);
    expect(() => parseSchedule("plateau", 100).from([])).toThrow(/has 1 plateaus: the state is of 0/);
  });
});

test("a schedule without a plateau has no state and stays itself", () => {
  const schedule = parseSchedule("warmup(10) > cosine", 100);
  expect(schedule.state).toEqual([]);
  expect(schedule.after(50, 1)).toBe(schedule);
  expect(schedule.from([])).toBe(schedule);
});
