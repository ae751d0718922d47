import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finished, gradientAt, type Method, method, type Steps } from "../method.ts";
import { minimize } from "../minimize.ts";
import { fromFunctions, type Objective, type Vector } from "../objective.ts";
import { buildProblem } from "../problems/index.ts";
import { dot } from "../vectors.ts";
import { backtrack } from "./backtracking.ts";
import type { Line } from "./line.ts";
import { moreThuente } from "./more-thuente.ts";
import { strongWolfe } from "./strong-wolfe.ts";

const SEED = 20_261_120;

/** What one search down the gradient from a point finds, with the gradient there. */
function searchFrom(
  objective: Objective,
  start: ArrayLike<number>,
  search: (
    line: Line,
    place: { x: Vector; g: Vector },
    g: Vector,
  ) => Steps<{ step: number; f: number } | undefined>,
) {
  let outcome: { line: Line; found: { step: number; f: number } | undefined; g: Vector } | undefined;
  const probe: Method = method({
    name: "probe",
    family: "first-order",
    summary: "Searches once.",
    source: "this test",
    needs: ["gradient"],
    options: {},
    *run({ start: x, dimension: n }) {
      const g = new Float64Array(n);
      const f = yield* gradientAt(x, g);
      yield* finished({ point: x, value: f });
      const d = g.map((gi) => -gi);
      const line = { x, f, d, slope: -dot(g, g) };
      const place = { x: new Float64Array(n), g: new Float64Array(n) };
      const found = yield* search(line, place, g);
      outcome = { line, found, g: place.g };
      return { reason: "no descent", detail: "" };
    },
  });
  const { spent } = minimize(probe, objective, start, { gradientTolerance: 0 });
  return { ...outcome!, evaluations: spent - 1 };
}

const [C1, C2] = [1e-4, 0.1];
const byMoreThuente = (first: number, c2 = C2) =>
  function* (line: Line, place: { x: Vector; g: Vector }) {
    return yield* moreThuente(line, { first, c1: C1, c2 }, place);
  };
const byTorch = (first: number) =>
  function* (line: Line, place: { x: Vector; g: Vector }, g: Vector) {
    const spare = [0, 1, 2].map(() => new Float64Array(line.x.length));
    const accepted = yield* strongWolfe(line, { first, toleranceChange: 1e-9 }, g, spare, place.x);
    place.g.set(accepted.g);
    return { step: accepted.t, f: accepted.f };
  };

/** ½x² */
const parabola = fromFunctions({
  dimension: 1,
  value: ([x = 0]) => (x * x) / 2,
  gradient: ([x = 0]) => [x],
});

describe("backtrack()", () => {
  it("halves until the value falls enough, by hand: ½x² from 1 with the first step 8", () => {
    // along −1·t: f(1 − t) ≤ ½ − c t holds for t ≤ 2(1 − c): 8, 4 and 2 are too long with c = 0.1, 1 is not
    const { found, evaluations } = searchFrom(parabola, [1], function* (line, place) {
      return yield* backtrack(line, { first: 8, decrease: 0.1, shrink: 0.5 }, place.x);
    });
    expect(found).toEqual({ step: 1, f: 0 });
    expect(evaluations).toBe(4);
  });

  it("gives up where the gradient does not point down", () => {
    const wrong = fromFunctions({ dimension: 1, value: ([x = 0]) => x * x, gradient: ([x = 0]) => [-2 * x] });
    const { found } = searchFrom(wrong, [1], function* (line, place) {
      return yield* backtrack(line, { first: 1, decrease: 0.1, shrink: 0.5 }, place.x);
    });
    expect(found).toBeUndefined();
  });
});

describe.each([
  ["moreThuente()", byMoreThuente, C2],
  ["strongWolfe()", byTorch, 0.9],
])("%s", (_, by, c2) => {
  it.each([
    "rosenbrock",
    "beale",
    "himmelblau",
    "branin",
    "styblinski-tang",
    "goldstein-price",
  ])("finds a step on %s that satisfies both of Wolfe's conditions", (name) => {
    const problem = buildProblem(name);
    const within = fc.tuple(...[0, 1].map(() => fc.double({ min: -2, max: 2, noNaN: true })));
    const firsts = fc.double({ min: -6, max: 1, noNaN: true }).map((p) => 10 ** p);
    fc.assert(
      fc.property(within, firsts, (start, first) => {
        const { line, found, g } = searchFrom(problem, start, by(first));
        if (!(line.slope < -1e-6)) return; // flat to rounding
        expect(found).toBeDefined();
        const { step, f } = found!;
        expect(f).toBeLessThanOrEqual(line.f + C1 * step * line.slope + 1e-12 * Math.abs(line.f));
        expect(Math.abs(dot(g, line.d))).toBeLessThanOrEqual(-c2 * line.slope * (1 + 1e-9));
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it("keeps away from where f cannot be used", () => {
    // ½x² − log x is not defined left of 0; from 3 the first step of 10 lands at 3 − 10 · 8/3
    const barrier = fromFunctions({
      dimension: 1,
      value: ([x = 0]) => (x * x) / 2 - Math.log(x),
      gradient: ([x = 0]) => [x - 1 / x],
      inside: ([x = 0]) => x > 0,
    });
    const { line, found } = searchFrom(barrier, [3], by(10));
    expect(found!.f).toBeLessThan(line.f);
    expect(3 + found!.step * line.d[0]!).toBeGreaterThan(0);
  });
});

describe("moreThuente()", () => {
  it("finds a parabola's lowest point at the second trial, by the secant", () => {
    const { found, evaluations } = searchFrom(parabola, [1], byMoreThuente(0.25, 1e-3));
    expect(found!.step).toBeCloseTo(1, 12);
    expect(evaluations).toBe(2);
  });

  it("finds nothing where the gradient points up", () => {
    const wrong = fromFunctions({ dimension: 1, value: ([x = 0]) => x * x, gradient: ([x = 0]) => [-2 * x] });
    expect(searchFrom(wrong, [1], byMoreThuente(1)).found).toBeUndefined();
  });
});

describe("strongWolfe()", () => {
  it("takes the step 0 where no step is lower, as torch does", () => {
    const wrong = fromFunctions({ dimension: 1, value: ([x = 0]) => x * x, gradient: ([x = 0]) => [-2 * x] });
    expect(searchFrom(wrong, [1], byTorch(1)).found).toEqual({ step: 0, f: 1 });
  });
});
