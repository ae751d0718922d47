import { describe, expect, it } from "vitest";
import { factsOf } from "./facts.ts";
import { gradientDescent } from "./first-order/gradient-descent.ts";
import type { Limits } from "./limits.ts";
import {
  finished,
  gradientAt,
  hessianAt,
  type Method,
  method,
  valueAt,
  valuesAt,
  withOptions,
} from "./method.ts";
import { Minimization } from "./minimization.ts";
import { evaluate, minimize, minimizeAsync } from "./minimize.ts";
import { type AsyncObjective, type Functions, fromFunctions, type Objective } from "./objective.ts";
import { ObjectiveError } from "./result.ts";

/** ½(x² + 4y²) */
const bowl = fromFunctions({
  name: "bowl",
  dimension: 2,
  value: ([x = 0, y = 0]) => (x * x + 4 * y * y) / 2,
  gradient: ([x = 0, y = 0]) => [x, 4 * y],
  hessian: () => [
    [1, 0],
    [0, 4],
  ],
});

const changed = (change: Partial<Functions>): Objective =>
  fromFunctions({
    name: "bowl",
    dimension: 2,
    value: bowl.value,
    gradient: ([x = 0, y = 0]) => [x, 4 * y],
    ...change,
  });

/** A method of these steps, for what the driver does with them. */
const steps = (run: Method["run"], needs: Method["needs"] = ["gradient"]): Method =>
  method({
    name: "probe",
    family: "zero-order",
    summary: "Asks.",
    source: "this test",
    needs,
    options: {},
    run,
  });

/** Asks for values at the start, 1 + 2 + 3 + … of them, forever. */
const asker = steps(function* ({ start }) {
  for (let k = 1; ; k++) {
    const values = yield* valuesAt(Array.from({ length: k }, () => start));
    yield* finished({ point: start, value: values[0]! });
  }
}, []);

const minimizeBowl = (limits: Limits = {}, objective: Objective = bowl) =>
  minimize(gradientDescent, objective, [3, 1], limits);

describe("minimize()", () => {
  it("ends at the minimum with the reason, and has counted every call", () => {
    let calls = 0;
    const counted = changed({
      value: (at) => {
        calls++;
        return bowl.value(at);
      },
    });
    const result = minimizeBowl({}, counted);
    expect(result.reason).toBe("gradient below tolerance");
    expect(result.value).toBeLessThan(1e-15);
    expect(result.evaluations.value + result.evaluations.gradient).toBe(calls); // gradient calls value once
    expect(result.spent).toBe(calls);
    expect(result.trace).toHaveLength(result.iterations + 1);
    expect(result.trace[0]).toEqual({
      iteration: 0,
      value: 6.5, // (9 + 4) / 2
      gradientNorm: 4,
      stepLength: 0,
      evaluations: { value: 0, gradient: 1, hessian: 0, product: 0, residuals: 0, component: 0 },
    });
  });

  it("keeps to the budget, and gives the best until then", () => {
    for (let budget = 1; budget < 30; budget++) {
      const result = minimizeBowl({ budget });
      expect(result.spent).toBeLessThanOrEqual(budget);
      expect(result.reason).toBe("budget spent");
      expect(result.value).toBe(bowl.value(result.point));
      expect(result.value).toBe(Math.min(...result.trace.map(({ value }) => value)));
    }
  });

  it("evaluates nothing with a budget of zero: the start, and that nothing is known of it", () => {
    const result = minimizeBowl({ budget: 0 });
    expect([...result.point]).toEqual([3, 1]);
    expect(result).toMatchObject({ value: Number.NaN, reason: "budget spent", spent: 0, iterations: 0 });
  });

  it("asks for a whole population or for none of it", () => {
    expect(minimize(asker, bowl, [3, 1], { budget: 9 }).spent).toBe(6); // 1 + 2 + 3, and 4 more are too many
  });

  it("counts a component of a finite sum as one N-th", () => {
    const sum: Objective = {
      ...bowl,
      components: { count: 10, gradient: (_, at, into) => bowl.gradient!(at, into) },
    };
    const single = steps(
      function* ({ start }) {
        for (;;) yield { kind: "component", indices: [0, 1], at: start, into: new Float64Array(2) };
      },
      ["components"],
    );
    const result = minimize(single, sum, [3, 1], { budget: 2 });
    expect(result.evaluations.component).toBe(20);
    expect(result.spent).toBe(2);
  });

  it("ends at a target, after so many iterations, and when its signal is aborted", () => {
    expect(minimizeBowl({ target: 1e-3 })).toMatchObject({ reason: "target reached" });
    expect(minimizeBowl({ iterations: 3 })).toMatchObject({ reason: "iterations spent", iterations: 3 });
    expect(minimizeBowl({ iterations: 0 })).toMatchObject({ reason: "iterations spent", value: 6.5 });
    expect(minimizeBowl({ signal: AbortSignal.abort() })).toMatchObject({ reason: "stopped by the caller" });
  });

  it("gives the point that met the tolerance, though another is as low to rounding", () => {
    const flat = steps(function* ({ start }) {
      yield* finished({ point: start, value: 1, gradientNorm: 1e-7 });
      yield* finished({ point: Float64Array.of(4, 4), value: 1 + 2 ** -52, gradientNorm: 1e-9 });
      return { reason: "no descent", detail: "" };
    });
    const result = minimize(flat, bowl, [3, 1]);
    expect(result).toMatchObject({ reason: "gradient below tolerance", gradientNorm: 1e-9 });
    expect([...result.point]).toEqual([4, 4]);
  });

  it("keeps points when asked, each as it was", () => {
    const { trace } = minimizeBowl({ trace: "points" });
    for (const { point, value } of trace) expect(bowl.value(point!)).toBe(value);
    expect(minimizeBowl({ trace: "none" }).trace).toEqual([]);
  });

  it("goes the same way through promises", async () => {
    const later: AsyncObjective = {
      name: "bowl",
      dimension: 2,
      value: async (at) => bowl.value(at),
      gradient: async (at, into) => bowl.gradient!(at, into),
    };
    expect(await minimizeAsync(gradientDescent, later, [3, 1])).toEqual(minimizeBowl());
    expect(() => minimize(gradientDescent, later as Objective, [3, 1])).toThrow("use minimizeAsync()");
    const broken: AsyncObjective = { ...later, gradient: () => Promise.reject(new Error("no device")) };
    await expect(minimizeAsync(gradientDescent, broken, [3, 1])).rejects.toThrow(
      "Cannot go on minimizing bowl with gradient-descent as evaluation 1 (gradient) at the start failed: no device",
    );
  });
});

describe("bad input", () => {
  it("NaN at the start is a result that says where", () => {
    const result = minimizeBowl({}, changed({ value: () => Number.NaN }));
    expect(result.reason).toBe("value is not finite");
    expect(result.detail).toBe("the value is NaN at evaluation 1 (gradient) at the start");
    const gradient = minimizeBowl({}, changed({ gradient: () => [1, Number.NaN] }));
    expect(gradient.detail).toBe("gradient[1] is NaN at evaluation 1 (gradient) at the start");
  });

  it("NaN at a trial point is a step too far", () => {
    // log is not defined left of 0: from 3, the first step of 1 · (3 − 1/3) lands at 1/3, of 8 beyond
    const log = fromFunctions({
      name: "log",
      dimension: 1,
      value: ([x = 0]) => (x * x) / 2 - Math.log(x),
      gradient: ([x = 0]) => [x - 1 / x],
    });
    const result = minimize(withOptions(gradientDescent, { first: 8 }), log, [3]);
    expect(result.reason).toBe("gradient below tolerance");
    expect(result.point[0]).toBeCloseTo(1, 7);
  });

  it("−∞ ends the run: there is no minimum", () => {
    const cliff = changed({ value: ([x = 0]) => (x < 2 ? Number.NEGATIVE_INFINITY : x) });
    expect(minimizeBowl({}, cliff)).toMatchObject({ reason: "unbounded below", value: 3 });
  });

  it("what the function throws keeps its cause, and says method, evaluation and iteration", () => {
    const cause = new Error("out of paper");
    let left = 5;
    const throwing = changed({
      value: (at) => {
        if (left-- === 0) throw cause;
        return bowl.value(at);
      },
    });
    const thrown = catching(() => minimizeBowl({}, throwing));
    expect(thrown).toBeInstanceOf(ObjectiveError);
    expect(thrown).toMatchObject({ cause, soFar: { spent: 6 } });
    expect((thrown as Error).message).toMatch(
      /^Cannot go on minimizing bowl with gradient-descent as evaluation 6 \((smooth|gradient)\) of iteration \d failed: out of paper$/,
    );
  });

  it("a gradient, product or Hessian of another dimension is refused", () => {
    expect(() => minimizeBowl({}, changed({ gradient: () => [1, 2, 3] }))).toThrow(
      "the gradient of bowl as it must have 2 entries: it has 3",
    );
    // one that writes into what it is given, and has shrunk, leaves the end unwritten
    const shrunk: Objective = {
      ...bowl,
      gradient: (at, into) => {
        into[0] = at[0]!;
        return bowl.value(at);
      },
    };
    expect(minimizeBowl({}, shrunk).detail).toContain("gradient[1] is NaN");
  });

  it("a Hessian that is not symmetric is refused, with the entry", () => {
    const asks = steps(
      function* ({ start }) {
        yield* hessianAt(start, new Float64Array(4));
        return { reason: "no descent", detail: "" };
      },
      ["hessian"],
    );
    const crooked = changed({
      hessian: () => [
        [1, 0.5],
        [0, 4],
      ],
    });
    expect(() => minimize(asks, crooked, [3, 1])).toThrow(
      "the Hessian must be symmetric: entry (1, 0) is 0 and entry (0, 1) is 0.5",
    );
    const undefinedHessian = changed({ hessian: () => [1, Number.NaN, Number.NaN, 4] });
    expect(minimize(asks, undefinedHessian, [3, 1])).toMatchObject({
      reason: "value is not finite",
      detail: "hessian[1] is NaN at evaluation 1 (hessian) at the start",
    });
  });

  it.each<[string, () => unknown]>([
    ["the start must have 2 entries, one per dimension: it has 3", () => minimize(asker, bowl, [1, 2, 3])],
    ["the start must be finite: start[1] is NaN", () => minimize(asker, bowl, [1, Number.NaN])],
    [
      "the start must be in the domain of bowl: (3, 1) is not",
      () => minimizeBowl({}, changed({ inside: ([x = 0]) => x < 2 })),
    ],
    [
      "the start must be within its bounds: start[1] is 1, outside [-0.5, 0.5]",
      () =>
        minimize(
          steps(asker.run, ["bounds"]),
          changed({ bounds: { lower: [-5, -0.5], upper: [5, 0.5] } }),
          [3, 1],
        ),
    ],
    [
      "it needs bounds, which bowl does not offer",
      () => minimize(steps(asker.run, ["bounds"]), bowl, [3, 1]),
    ],
    ["budget must be a number >= 0: current value is -1", () => minimizeBowl({ budget: -1 })],
    ["budget must be a number >= 0: current value is NaN", () => minimizeBowl({ budget: Number.NaN })],
    ["seed must be a whole number >= 0: current value is 0.5", () => minimizeBowl({ seed: 0.5 })],
    ["iterations must be a whole number", () => minimizeBowl({ iterations: 1.5 })],
    [
      "bowl is not differentiable: use a proximal method",
      () => minimizeBowl({}, { ...bowl, nonsmooth: { value: () => 0, prox: () => {} } }),
    ],
    ["lower[0] must be less than upper[0]", () => changed({ bounds: { lower: [1, 0], upper: [1, 2] } })],
    ["its dimension must be a whole number >= 1: current value is 0", () => changed({ dimension: 0 })],
    [
      'it has no option "frist": it has search, first, decrease, shrink, curvature; did you mean "first"?',
      () => withOptions(gradientDescent, { frist: 1 }),
    ],
    ["shrink must be in (0, 1): current value is 1", () => withOptions(gradientDescent, { shrink: 1 })],
  ])("%s", (message, act) => {
    expect(act).toThrow(RangeError);
    expect(act).toThrow(message);
  });

  it("an answer that is no number is refused", () => {
    const silent = changed({ value: (() => {}) as unknown as () => number });
    expect(() => minimize(asker, silent, [3, 1])).toThrow("must be a number: it is undefined");
    const short: Objective = { ...bowl, values: () => [] };
    expect(() => minimize(asker, short, [3, 1])).toThrow("an array of 1 values, one per point: it has 0");
  });

  it("outside its domain the function is not called", () => {
    const domain = changed({
      inside: ([x = 0]) => x > 0.5,
      gradient: ([x = 0, y = 0]) => {
        expect(x).toBeGreaterThan(0.5);
        return [x, 4 * y];
      },
    });
    expect(minimizeBowl({ budget: 500 }, domain).value).toBeGreaterThan(0.125); // the infimum, at (½, 0)
  });
});

describe("Minimization", () => {
  it("asks, and goes on with what it is told", () => {
    const search = new Minimization(asker, factsOf(bowl), [3, 1], { budget: 3 });
    const first = search.ask();
    expect(first).toMatchObject({ kind: "values", points: [Float64Array.of(3, 1)] });
    expect(search.ask()).toBe(first);
    search.tell([6.5]);
    expect(search.ask()).toMatchObject({ kind: "values", points: { length: 2 } });
    expect(search.result).toBeUndefined();
    search.tell([7, 8]);
    expect(search.ask()).toBeUndefined();
    expect(search.result).toMatchObject({ reason: "budget spent", value: 6.5, spent: 3 });
    expect(() => search.tell([1])).toThrow("it has asked nothing: call ask() first");
  });

  it("steps from iterate to iterate, whose points are copies", () => {
    const search = new Minimization(gradientDescent, factsOf(bowl), [3, 1], { iterations: 2 });
    const iterates = Array.from({ length: 4 }, () => search.step((request) => evaluate(bowl, request)));
    expect(iterates.map((one) => ("kind" in one ? one.kind : one.reason))).toEqual([
      "iterate",
      "iterate",
      "iterations spent",
      "iterations spent",
    ]);
    expect([...iterates[0]!.point]).toEqual([3, 1]);
  });

  it("gives a method the value +∞ wherever F cannot be used", () => {
    const seen: number[] = [];
    const looks = steps(function* ({ start, dimension }) {
      seen.push(yield* valueAt(start), yield* gradientAt(start, new Float64Array(dimension)));
      return { reason: "no descent", detail: "" };
    });
    minimize(looks, changed({ value: () => Number.NaN }), [3, 1]);
    minimize(looks, changed({ gradient: () => [Infinity, 0] }), [3, 1]);
    expect(seen).toEqual([Infinity, Infinity, 6.5, Infinity]);
  });
});

function catching(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
