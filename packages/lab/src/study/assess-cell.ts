/** One rule under one condition: its searches, its final runs, and what tuning it takes. */
import {
  bestOfCurve,
  type CostToTarget,
  learningRateWidth,
  meanOf,
  median,
  type Summary,
  summarize,
  summarizeCosts,
} from "../statistics/index.ts";
import type { CellLines, Ended, PoolEntry } from "./assess-index.ts";
import { cost, finiteOrNull, measureOf } from "./assess-values.ts";
import type { Cell, Point, Search, Sensitivity, StudyCost, TuningCurve } from "./assessment.ts";
import type { TrialResult } from "./result.ts";
import type { Metric } from "./study-data.ts";

/** Budgets at which a tuning curve is computed, at most. */
const CURVE_POINTS = 24;

export function assessCell(lines: CellLines, metric: Metric, seed: number): Cell {
  const { rule, pool, finals } = lines;
  const points = finals.map(
    ({ trial, result }): Point => ({
      replicate: trial.replicate,
      seed: trial.seed,
      value: finiteOrNull(measureOf(result, metric.measure)),
    }),
  );
  const searches = Array.from({ length: lines.replicates }, (_, replicate) =>
    search(replicate, lines, points, metric, seed),
  );
  const lost = (...ends: TrialResult["end"][]) =>
    finals.filter(({ result }) => ends.includes(result.end)).length;
  return {
    rule,
    searches,
    value: summary([...seedValues({ searches, points }).values()], metric, seed),
    points,
    lost: {
      diverged: finals.filter(
        ({ result }) =>
          result.end === "diverged" ||
          (result.end === "finished" && !Number.isFinite(measureOf(result, metric.measure))),
      ).length,
      failed: lost("failed", "pruned"),
      timedOut: lost("timed-out"),
    },
    pool: {
      trials: pool.length,
      diverged: pool.filter(({ validation }) => !Number.isFinite(validation)).length,
    },
    curve: curveOf(lines, metric, seed),
    sensitivity: sensitivityOf(lines),
    gradientsToTarget: toTarget(finals, metric),
    initial: initialOf(finals, metric.measure),
    cost: costOf(lines.ended),
  };
}

/** Per seed, the mean over the winners of all searches; NaN where one of them did not finish. Seeds that not all have run are left out. */
export function seedValues({ searches, points }: Pick<Cell, "searches" | "points">): Map<number, number> {
  const bySeed = new Map<number, number[]>();
  for (const { seed, value } of points) {
    const values = bySeed.get(seed);
    if (values) values.push(value ?? Number.NaN);
    else bySeed.set(seed, [value ?? Number.NaN]);
  }
  return new Map(
    [...bySeed]
      .filter(([, values]) => values.length === searches.length)
      .map(([seed, values]) => [seed, values.reduce((sum, x) => sum + x, 0) / values.length]),
  );
}

function search(
  replicate: number,
  { pool, finals, budget }: CellLines,
  points: readonly Point[],
  metric: Metric,
  seed: number,
): Search {
  const mine = pool.filter((entry) => entry.replicate === replicate);
  const winner = winnerOf(mine);
  const ran = finals.find(({ trial }) => trial.replicate === replicate)?.result.hyper;
  const values = points
    .filter((point) => point.replicate === replicate)
    .map(({ value }) => value ?? Number.NaN);
  return {
    replicate,
    tuned: ran ?? (mine.length === budget ? (winner?.hyper ?? null) : null),
    validationLoss: winner ? finiteOrNull(winner.validation) : null,
    value: summary(values, metric, seed),
  };
}

/** The lowest validation loss; of equal ones the first. */
const winnerOf = (pool: readonly PoolEntry[]): PoolEntry | undefined =>
  [...pool].sort((a, b) =>
    a.validation === b.validation ? a.number - b.number : a.validation - b.validation,
  )[0];

const summary = (values: readonly number[], { better }: Metric, seed: number): Summary | null =>
  values.length === 0 ? null : summarize(values, { better, seed });

function curveOf(lines: CellLines, metric: Metric, seed: number): TuningCurve | null {
  const { pool, budget, learns, prunes } = lines;
  if (pool.length < 2 || prunes) return null; // trials that were ended early have no value at the end
  if (learns) return observedCurve(lines, metric);
  const trials = pool.map(({ validation, value }) => ({ validation, test: cost(value, metric) }));
  const flip = metric.better === "lower" ? 1 : -1;
  const turned = (value: number | null) => (value === null ? null : flip * value);
  const points = bestOfCurve(trials, budgets(Math.min(budget, pool.length)), seed).map(
    ({ k, mean, median: middle, low, high }) => {
      const [first, last] = flip === 1 ? [low, high] : [high, low];
      return { k, mean: turned(mean), median: turned(middle), low: turned(first), high: turned(last) };
    },
  );
  return { kind: "expected", trials: pool.length, points };
}

/** What a sampler that learns had after k trials, over its searches. */
function observedCurve({ pool, budget, replicates }: CellLines, metric: Metric): TuningCurve | null {
  const searches = Array.from({ length: replicates }, (_, replicate) =>
    pool.filter((entry) => entry.replicate === replicate).sort((a, b) => a.number - b.number),
  );
  if (searches.some(({ length }) => length < budget)) return null;
  const points = budgets(budget).map((k) => {
    const values = searches.map((entries) => winnerOf(entries.slice(0, k))?.value ?? Number.NaN);
    const worst = metric.better === "lower" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    const middle = median(values.map((value) => (Number.isFinite(value) ? value : worst)));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { k, mean: finiteOrNull(mean), median: finiteOrNull(middle), low: null, high: null };
  });
  return { kind: "observed", trials: pool.length, points };
}

/** 1 … most, thinned to evenly spaced logarithms where there are many. */
function budgets(most: number): number[] {
  if (most <= CURVE_POINTS) return Array.from({ length: most }, (_, k) => k + 1);
  const spaced = Array.from({ length: CURVE_POINTS }, (_, i) => Math.round(most ** (i / (CURVE_POINTS - 1))));
  return [...new Set(spaced)];
}

function sensitivityOf({ pool, ended }: CellLines): Sensitivity | null {
  const initial = initialOf(ended, "validationLoss");
  if (initial === null) return null;
  const trials = pool.flatMap(({ hyper, validation }) =>
    typeof hyper.lr === "number" ? [{ rate: hyper.lr, loss: validation }] : [],
  );
  return learningRateWidth(trials, initial);
}

function toTarget(finals: readonly Ended[], { target }: Metric): CostToTarget | null {
  const measured = finals.filter(({ result }) => result.gradientsToTarget !== undefined);
  if (target === undefined || measured.length === 0) return null;
  return summarizeCosts(finals.map(({ result }) => result.gradientsToTarget ?? Number.POSITIVE_INFINITY));
}

/** Mean of a measure before training. */
function initialOf(ended: readonly Ended[], measure: string): number | null {
  const values = ended.flatMap(({ result }) => {
    const value = result.initial[measure];
    return typeof value === "number" && Number.isFinite(value) ? [value] : [];
  });
  return values.length === 0 ? null : meanOf(values);
}

/** Runs with equal configurations are one run in one folder, and so are the parts of a trial: each folder counts once. */
export function costOf(ended: readonly Ended[]): StudyCost {
  const folders = new Map<string, { final: boolean; gradients: number; seconds: number }>();
  for (const { trial, result } of ended) {
    const known = folders.get(result.folder);
    folders.set(result.folder, {
      final: trial.phase === "final",
      gradients: Math.max(known?.gradients ?? 0, result.gradients),
      seconds: Math.max(known?.seconds ?? 0, result.seconds),
    });
  }
  const total = { tuningGradients: 0, finalGradients: 0, tuningSeconds: 0, finalSeconds: 0 };
  for (const { final, gradients, seconds } of folders.values()) {
    total[final ? "finalGradients" : "tuningGradients"] += gradients;
    total[final ? "finalSeconds" : "tuningSeconds"] += seconds;
  }
  return total;
}
