import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { withOptions } from "../method.ts";
import { minimize } from "../minimize.ts";
import type { Objective } from "../objective.ts";
import type { OptionValues } from "../options.ts";
import { buildProblem } from "../problems/index.ts";
import { lbfgs } from "./lbfgs.ts";

interface Run {
  problem: string;
  options: OptionValues;
  torch: Record<string, number | string>;
  /** Calls of \`step\`. */
  steps: number;
  start: number[];
  evaluated: number[][];
  end: number[];
}

const { torch, runs } = JSON.parse(
  readFileSync(new URL("./fixtures/lbfgs.json", import.meta.url), "utf8"),
) as { torch: string; runs: Run[] };

/** torch's names and defaults → ours. */
function optionsOf({ torch: given, steps }: Run): OptionValues {
  const maxIter = steps * Number(given.max_iter ?? 20);
  return {
    search: given.line_search_fn === "strong_wolfe" ? "strong-wolfe" : "none",
    lr: given.lr ?? 1,
    maxIter,
    maxEval: given.max_eval ?? Math.floor((maxIter * 5) / 4),
    toleranceGrad: given.tolerance_grad ?? 1e-7,
    toleranceChange: given.tolerance_change ?? 1e-9,
    history: given.history_size ?? 100,
  };
}

/**
 * Evaluations that are held to 1e-12. torch rounds its gradients elsewhere, in the last bit; Rosenbrock's valley, of condition
 * number 2500, makes more of it with each step.
 */
const EXACT = 25;

/** Every point where a gradient is asked. */
function recorded(objective: Objective) {
  const points: number[][] = [];
  const gradient: Objective["gradient"] = (at, into) => {
    points.push([...at]);
    return objective.gradient!(at, into);
  };
  return { points, objective: { ...objective, gradient } };
}

describe(`lbfgs against torch ${torch}`, () => {
  it.each(runs)("evaluates $problem $options where torch does, with $torch", (run) => {
    const { points, objective } = recorded(buildProblem(run.problem, run.options));
    const result = minimize(withOptions(lbfgs, optionsOf(run)), objective, run.start, {
      gradientTolerance: 0,
      trace: "points",
    });
    const searches = run.torch.line_search_fn !== undefined;
    // without a line search torch does not evaluate the last point when its iterations are spent
    const extra = searches || result.reason !== "iterations spent" ? 0 : 1;
    // each call of step begins by evaluating where the last one ended
    const evaluated = run.evaluated.filter((point, k) => `${point}` !== `${run.evaluated[k - 1]}`);
    expect(run.evaluated.length - evaluated.length).toBe(searches ? run.steps - 1 : 0);
    expect(points).toHaveLength(evaluated.length + extra);
    evaluated.forEach((point, k) => {
      const near = k < EXACT ? 1e-12 : 1e-10;
      point.forEach((x, i) => {
        const miss = Math.abs(points[k]![i]! - x);
        expect(miss, `evaluation ${k}, x[${i}]`).toBeLessThan(near * (1 + Math.abs(x)));
      });
    });
    const end = result.trace.at(-1)!.point!;
    run.end.forEach((x, i) => {
      expect(Math.abs(end[i]! - x)).toBeLessThan(1e-10 * (1 + Math.abs(x)));
    });
  });
});
