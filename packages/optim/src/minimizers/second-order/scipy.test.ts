import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Method, withOptions } from "../method.ts";
import { minimize } from "../minimize.ts";
import type { OptionValues } from "../options.ts";
import { buildProblem } from "../problems/index.ts";
import { lbfgs } from "./lbfgs.ts";
import { bfgs } from "./quasi-newton.ts";

interface Run {
  method: "BFGS" | "L-BFGS-B";
  problem: string;
  options: OptionValues;
  start: number[];
  iterates: number[][];
  evaluations: number;
}

const { scipy, runs } = JSON.parse(
  readFileSync(new URL("./fixtures/scipy.json", import.meta.url), "utf8"),
) as { scipy: string; runs: Run[] };

const COUNTERPARTS: Readonly<Record<Run["method"], Method>> = {
  BFGS: bfgs,
  "L-BFGS-B": withOptions(lbfgs, { search: "more-thuente", history: 10 }),
};

/** SciPy rounds its products elsewhere, and Rosenbrock's valley makes more of that with each step. */
const allowed = (iterate: number) => (iterate < 10 ? 1e-11 : 1e-8);

describe(`against SciPy ${scipy}`, () => {
  it.each(runs)("$method on $problem $options: the same iterates for as many evaluations", (run) => {
    const problem = buildProblem(run.problem, run.options);
    const result = minimize(COUNTERPARTS[run.method], problem, run.start, {
      gradientTolerance: 1e-6,
      trace: "points",
    });
    expect(result.reason).toBe("gradient below tolerance");
    expect(Math.abs(result.spent / run.evaluations - 1)).toBeLessThan(0.02);
    run.iterates.slice(0, 30).forEach((point, k) => {
      point.forEach((x, i) => {
        const miss = Math.abs(result.trace[k]!.point![i]! - x);
        expect(miss, `iterate ${k}, x[${i}]`).toBeLessThan(allowed(k) * (1 + Math.abs(x)));
      });
    });
  });
});
