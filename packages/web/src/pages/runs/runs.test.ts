/** The parts of the page of runs that need no browser: filter, groups, aggregates, smoothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aggregate, smooth, studentT } from "./aggregate.ts";
import { parseFilter, unknownFields } from "./filter.ts";
import { groupRuns } from "./groups.ts";
import { readState, writeState } from "./state.ts";
import { logTicks } from "./ticks.ts";
import type { RunSummary } from "./types.ts";

const run = (key: string, config: Record<string, unknown>, more: Partial<RunSummary> = {}): RunSummary => ({
  ...{
    key,
    folder: `runs/${key}`,
    config,
    status: "finished",
    last: { step: 100, testLoss: 0.5 },
    changedMs: 0,
    has: [],
  },
  ...more,
});
const adamw = (key: string, lr: number, seed: number) =>
  run(key, { task: "digits", rule: "adamw", hyper: { lr }, seed });

describe("parseFilter()", () => {
  const one = adamw("a", 0.003, 7);
  test.each([
    ["", true],
    ["adamw", true],
    ["ADAMW digits", true],
    ["sgd", false],
    ["lr<0.01", true],
    ["lr<0.003", false],
    ["lr<=3e-3", true],
    ["lr=0.003 seed=7", true],
    ["seed!=7", false],
    ["momentum!=0.9", true],
    ["momentum<0.9", false],
    ["testLoss>0.4 status=finished", true],
    ["lr<", false],
    ["=x", false],
  ])("%s fits: %s", (text, fits) => {
    expect(parseFilter(text)(one)).toBe(fits);
  });

  test("takes any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => typeof parseFilter(text)(one) === "boolean"),
    );
  });

  test("names fields that no run has", () => {
    expect(unknownFields("lr<1 betta1=0.9 adamw", [one])).toEqual(["betta1"]);
  });
});

describe("groupRuns()", () => {
  test("puts seeds together, and calls groups by what differs within a rule", () => {
    const sgd = run("s", { task: "digits", rule: "sgd", hyper: { lr: 0.1 }, seed: 1 });
    const groups = groupRuns([adamw("a", 0.1, 1), adamw("b", 0.1, 2), adamw("c", 0.25, 1), sgd], "seed");
    const told = groups.map(({ label, runs }) => [label, runs.map(({ key }) => key)]);
    expect(told.sort()).toEqual([
      ["adamw lr=0.1", ["a", "b"]],
      ["adamw lr=0.25", ["c"]],
      ["sgd", ["s"]],
    ]);
  });

  test("gives a group the same name in addresses, whatever the others are", () => {
    const [a] = groupRuns([adamw("a", 0.1, 1)], "seed");
    const both = groupRuns([adamw("b", 0.2, 1), adamw("c", 0.1, 5)], "seed");
    expect(both.map(({ id }) => id)).toContain(a!.id);
    expect(new Set(both.map(({ id }) => id)).size).toBe(2);
  });
});

describe("aggregate()", () => {
  const curve = (step: number[], y: number[]) => ({
    step: Float64Array.from(step),
    x: Float64Array.from(step),
    y: Float64Array.from(y),
  });

  test("means and bands, by hand", () => {
    const three = [curve([0, 1], [1, 10]), curve([0, 1], [2, 20]), curve([0, 1], [6, 60])];
    expect([...aggregate(three, "mean", "range").y]).toEqual([3, 30]);
    expect([...aggregate(three, "median", "range").y]).toEqual([2, 20]);
    expect([...aggregate(three, "mean", "range").high]).toEqual([6, 60]);
    // 1, 2, 6: s = √7; t of 2 degrees 4.302653
    expect(aggregate(three, "mean", "deviation").low[0]).toBeCloseTo(3 - Math.sqrt(7), 12);
    expect(aggregate(three, "mean", "interval").low[0]).toBeCloseTo(
      3 - (4.302653 * Math.sqrt(7)) / Math.sqrt(3),
      6,
    );
  });

  test("has no mean where a run has no value, and ends where the first run does", () => {
    const two = [curve([0, 1, 2], [1, Number.NaN, 3]), curve([0, 1, 2, 3], [1, 2, 5, 9])];
    const { x, y } = aggregate(two, "mean", "range");
    expect([...x]).toEqual([0, 1, 2]);
    expect([...y]).toEqual([1, Number.NaN, 4]);
  });

  test("takes the steps that all runs have where they differ", () => {
    const two = [curve([0, 2, 4, 6], [1, 2, 3, 4]), curve([0, 3, 6], [3, 5, 8])];
    expect([...aggregate(two, "mean", "none").x]).toEqual([0, 6]);
    expect([...aggregate(two, "mean", "none").y]).toEqual([2, 6]);
  });
});

test("studentT() is scipy.stats.t.ppf(0.975, n)", () => {
  // scipy 1.x: 31 → 2.039513446396408, 100 → 1.9839715185235518
  expect(studentT(31)).toBeCloseTo(2.039513446396408, 5);
  expect(studentT(100)).toBeCloseTo(1.9839715185235518, 6);
});

describe("logTicks()", () => {
  test("ends for any range, inside it and growing, with some marks and not too many", () => {
    const end = fc.double({ min: 1e-30, max: 1e30, noNaN: true });
    fc.assert(
      fc.property(end, end, (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const marks = logTicks(from, to);
        expect(
          marks.every((mark, i) => mark >= from && mark <= to && (i === 0 || mark > marks[i - 1]!)),
        ).toBe(true);
        expect(marks.length).toBeLessThanOrEqual(12);
        if (to > 1.001 * from) expect(marks.length).toBeGreaterThanOrEqual(1);
      }),
    );
    expect(logTicks(0.3, 25)).toEqual([0.5, 1, 2, 5, 10, 20]);
    expect(logTicks(0.07, 0.09).length).toBeGreaterThan(1);
  });
});

describe("smooth()", () => {
  test("has no pull to its start, keeps what is constant, and leaves gaps", () => {
    expect([...smooth(Float64Array.of(3, 3, 3), 0.9)].map((value) => Number(value.toFixed(12)))).toEqual([
      3, 3, 3,
    ]);
    // s = 0.5·1, then 0.25·1 + 0.5·3 over 0.75
    expect([...smooth(Float64Array.of(1, Number.NaN, 3), 0.5)]).toEqual([1, Number.NaN, (0.25 + 1.5) / 0.75]);
  });
});

test("readState() gives back what writeState() wrote, and takes any text", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (query) => {
      const state = readState(query);
      expect(readState(writeState({}, state))).toEqual({
        ...state,
        ...(state.zoom && { zoom: expect.anything() }),
      });
    }),
  );
});
