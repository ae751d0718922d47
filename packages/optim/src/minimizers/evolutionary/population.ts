/** What evolutionary methods share: a first population, the order of its members, and what a normal vector's length is. */
import type { Stream } from "@thalweg/random";
import type { Given } from "../method.ts";
import type { Bounds, Vector } from "../objective.ts";

/** Indices from the least value to the largest; equal ones, and those that are all ∞, in the order given. */
export const ranked = (values: readonly number[]): number[] =>
  values.map((_, i) => i).sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0));

/** A vector of independent standard normals. */
export const normals = (n: number, random: Stream): Vector =>
  Float64Array.from({ length: n }, () => random.normal());

/** The start, and others: uniform in the search box where there is one, else normal around the start. */
export function firstPopulation(
  { start, bounds }: Given,
  count: number,
  spread: number,
  random: Stream,
): Vector[] {
  const others = Array.from({ length: count - 1 }, () =>
    bounds === undefined
      ? start.map((one) => one + spread * random.normal())
      : bounds.lower.map((low, i) => low + (bounds.upper[i]! - low) * random.uniform()),
  );
  return [start, ...others];
}

/** Whether a population's values are all the same, to a share of their size; while one cannot be used they are not. */
export function agree(values: readonly number[], tolerance: number): boolean {
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  return (
    Number.isFinite(most) && most - least <= tolerance * (Math.abs(least) + Math.abs(most)) + Number.MIN_VALUE
  );
}

/** Bring what left the box back in: between the bound and where its parent was, anywhere alike. */
export function keepInside(child: Vector, parent: Vector, bounds: Bounds | undefined, random: Stream): void {
  if (bounds === undefined) return;
  for (let i = 0; i < child.length; i++) {
    const [low, high] = [bounds.lower[i]!, bounds.upper[i]!];
    if (child[i]! < low) child[i] = low + (Math.max(parent[i]!, low) - low) * random.uniform();
    else if (child[i]! > high) child[i] = high - (high - Math.min(parent[i]!, high)) * random.uniform();
  }
}

/** E‖N(0, I)‖ = √2 Γ((n + 1)/2)/Γ(n/2), to the second order in 1/n. Source: Hansen, arXiv:1604.00772, table 1. */
export const expectedLength = (n: number): number => Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));

/** Where a deviation to begin with is not given (0): 0.3 of the least side of the search box, as Hansen advises, or ½. */
export function firstDeviation(given: number, { bounds }: Given): number {
  if (given > 0) return given;
  if (bounds === undefined) return 0.5;
  return (
    0.3 *
    bounds.upper.reduce(
      (least, high, i) => Math.min(least, high - bounds.lower[i]!),
      Number.POSITIVE_INFINITY,
    )
  );
}

/** 4 + ⌊3 ln n⌋, as CMA-ES and the natural strategies have it. */
export const usualPopulation = (n: number): number => 4 + Math.floor(3 * Math.log(n));

/** Raises RangeError for a population, 0 being the usual one, that is too small to select from. */
export function checkPopulation(method: string, size: number, least: number): void {
  if (size === 0 || size >= least) return;
  throw new RangeError(
    `Cannot use ${method} as its population must be at least ${least}, or 0 for the usual one: current value is ${size}`,
  );
}

/** Generations in a row of which nothing can be used, before a method says so. */
const PATIENCE = 30;

/**
 * The way back for a distribution that has left the domain of f: when no point of a generation can be used, its mean returns to the best
 * point known and the caller halves the deviation.
 */
export class Retreat {
  private readonly best: Vector;
  private value = Number.POSITIVE_INFINITY;
  private inRow = 0;

  constructor(start: Vector) {
    this.best = start.slice();
  }

  /** Take note of a generation's best. True where it is of no use, with the mean back; false too after thirty of these, so that the run ends. */
  needed(point: Vector, value: number, mean: Vector): boolean {
    if (value < this.value) {
      this.best.set(point);
      this.value = value;
    }
    this.inRow = value === Number.POSITIVE_INFINITY ? this.inRow + 1 : 0;
    if (this.inRow === 0 || this.inRow > PATIENCE) return false;
    mean.set(this.best);
    return true;
  }
}
