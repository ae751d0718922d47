import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { bracketsOf } from "./hyperband.ts";
import { type Course, decide, parsePruner, planRungs, pruners, type Search } from "./index.ts";

interface Case {
  pruner: Record<string, unknown>;
  study: string;
  /** By trial, the loss after each step from 1. */
  values: number[][];
  /** By trial, the step at which it was stopped. */
  stops: (number | null)[];
}
const FIXTURE = new URL("../../../fixtures/pruners/pruners.json", import.meta.url);
const cases = JSON.parse(readFileSync(FIXTURE, "utf8")) as Case[];

const searchOf = ({ values, study }: Case): Search => ({
  trials: values.length,
  steps: values[0]!.length,
  name: study,
});

/** Run the planned parts, in any order that their `after` allows; `pick` chooses among those that are ready. */
function stopsOf(example: Case, pick: (ready: number) => number = () => 0): (number | null)[] {
  const search = searchOf(example);
  const pruner = parsePruner(example.pruner);
  const lines = planRungs(pruner, search);
  const key = ({ trial, rung }: { trial: number; rung: number }) => `${trial}/${rung}`;
  const done = new Set<string>();
  const courses: { values: number[]; completed: boolean }[] = example.values.map(() => ({
    values: [],
    completed: false,
  }));
  const stops: (number | null)[] = example.values.map(() => null);
  let waiting = [...lines];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ after }) => after.every((one) => done.has(key(one))));
    const line = ready[pick(ready.length)]!;
    const { trial, rung, until } = line;
    const course = courses[trial]!;
    waiting = waiting.filter((one) => one !== line);
    done.add(key(line));
    if (stops[trial] !== null) continue;
    if (rung > 0 && decide(pruner, search, { trial, rung: rung - 1, courses }) === "stop") {
      stops[trial] = pruner.rungs(trial, search)[rung - 1]!;
      continue;
    }
    if (until === undefined) course.completed = true;
    else course.values.push(example.values[trial]![until - 1]!);
  }
  return stops;
}

describe("pruners", () => {
  it.each(
    cases.map((example) => [JSON.stringify(example.pruner), example] as const),
  )("stop the trials that the others' programs stop: %s", (_, example) => {
    expect(stopsOf(example)).toEqual(example.stops);
  });

  it("reproduce Optuna's published row of successive halving", () => {
    const [known] = cases;
    expect(known!.stops).toEqual([null, null, 1, null, 1, 3, 1, 1, 1, null]);
    expect(stopsOf(known!)).toEqual(known!.stops);
  });

  it("stop the same trials in whatever order the parts are done", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(pruners)),
        fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 }), {
          minLength: 1,
          maxLength: 9,
        }),
        fc.infiniteStream(fc.nat()),
        (name, values, draws) => {
          const options =
            name === "none" ? {} : name === "median" || name === "percentile" ? { startup: 2 } : { first: 1 };
          const example: Case = { pruner: { name, ...options }, study: "any", values, stops: [] };
          const inOrder = stopsOf(example);
          expect(stopsOf(example, (ready) => draws.next().value! % ready)).toEqual(inOrder);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("decide()", () => {
  const course = (...values: number[]): Course => ({ values, completed: false });
  const search: Search = { trials: 3, steps: 9 };

  it("stops a trial that diverged, whatever the pruner", () => {
    for (const name of Object.keys(pruners)) {
      const courses = [course(1), course(2), course(Number.POSITIVE_INFINITY)];
      expect(decide(parsePruner(name), search, { trial: 2, rung: 0, courses })).toBe("stop");
    }
  });

  it("looks at lower numbers alone where a pruner says so", () => {
    const asha = parsePruner({ name: "asha", first: 1 });
    expect(decide(asha, search, { trial: 1, rung: 0, courses: [course(3), course(2)] })).toBe("go on");
    expect(decide(asha, search, { trial: 1, rung: 0, courses: [course(3), course(2), course(0)] })).toBe(
      "go on",
    );
  });

  it("says which trial it waits for", () => {
    const halving = parsePruner({ name: "halving", first: 1 });
    expect(() => decide(halving, search, { trial: 1, rung: 0, courses: [course(3), course(2)] })).toThrow(
      "Cannot judge trial 1 at rung 0 as halving depends on trial 2",
    );
  });

  it("keeps ⌊n/η^(i+1)⌋ of n at synchronous rungs, by hand", () => {
    // nine trials, η = 3: three go on after rung 0, one after rung 1; of equal values the lower number
    const halving = parsePruner({ name: "halving", first: 1 });
    const nine: Search = { trials: 9, steps: 27 };
    const first = [5, 1, 7, 2, 8, 2, 9, 2, 6].map((value) => course(value));
    const kept = (rung: number, courses: readonly Course[]) =>
      courses.flatMap(({ values }, trial) =>
        values.length > rung && decide(halving, nine, { trial, rung, courses }) === "go on" ? [trial] : [],
      );
    expect(kept(0, first)).toEqual([1, 3, 5]);
    const second = first.map((one, trial) =>
      trial === 3 ? course(2, 0) : trial === 1 || trial === 5 ? course(1, 4) : one,
    );
    expect(kept(1, second)).toEqual([3]);
  });
});

test("bracketsOf() gives Hyperband's own table for R = 81, η = 3", () => {
  // Li et al. 2018, Table 1: 81, 27, 9, 6, 5 configurations begin, the most in the bracket that looks first; 5 · 27/4 = 33.75 → 34 by Algorithm 1,
  // whose ceiling the paper's table does not follow
  expect(bracketsOf(1, 3, 81).shares).toEqual([81, 34, 15, 8, 5]);
});

test("rungs fall on evaluations, before the last step", () => {
  const asha = parsePruner({ name: "asha", first: 10, factor: 2 });
  expect(asha.rungs(0, { trials: 1, steps: 100, evaluateEvery: 15 })).toEqual([15, 30, 45, 90]);
  expect(parsePruner("median").rungs(0, { trials: 1, steps: 100 })).toEqual([25, 50, 75]);
  expect(parsePruner("none").rungs(0, { trials: 1, steps: 100 })).toEqual([]);
});

test.each([
  [
    "ahsa",
    'Cannot prune as the pruner must be one of none, halving, asha, asha-promotion, hyperband, median, percentile: current value is "ahsa"; did you mean asha?',
  ],
  [{ name: "asha", factor: 1 }, /Cannot prune by asha\.factor as .*: current value is 1/],
  [{ name: "asha", facter: 3 }, /Cannot prune by asha as .*facter/],
  [3, /must be one of .*: current value is 3/],
])("parsePruner() refuses %j and says why", (input, message) => {
  expect(() => parsePruner(input)).toThrow(message);
});
